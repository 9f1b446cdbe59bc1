/**
 * `levels.svg`: the levels that would stand on a cable of 10BASE-T for one frame of the run, bit by bit, with what the
 * card adds to it. The frame was captured; the levels are computed, and the picture says so.
 */
import { escapedXml } from '../../src/foreign/printable.ts'
import type { Figure } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { GUIDE, INK, OUTLINE, PAPER, QUIET_INK } from '../../src/view/svg-style.ts'
import { headerBytes } from '../../src/wire/headers.ts'
import { BIT_NS, bitsOf, GAP_BITS, levelsOf, onTheLine } from '../../src/wire/line-code.ts'

const ROW_OCTETS = 8
const BIT = 13
const OCTET = 8 * BIT
const LEFT = 28
const WIDTH = 2 * LEFT + ROW_OCTETS * OCTET
const TOP = 96
const ROW = 84
/** Within a row, from its top. */
const AT = { name: 10, octet: 26, high: 34, low: 56, bits: 70 } as const
const FOOT = 66
/** The level stays high for so many bits, then nobody drives the line (TP_IDL, IEEE 802.3 section 14.3.1.2.1). */
const START_OF_IDLE_BITS = 3

interface Field {
  name: string
  octets: Buffer
  /** Behind its levels; its name tells it apart as well. */
  fill: string
}

const MESSAGE = 'message'
const OWN = '#eeeeee'
const LAYERS = ['#d3e8f5', '#fbe5c8', '#e3f1da', '#f6dcea'] as const

export function figuresOf(log: LabLog): Figure[] {
  const [kept] = log.all('packet:octets_read')
  if (kept === undefined) return []
  return [{ file: 'levels.svg', svg: levelsSvg(Buffer.from(kept.data.octets, 'hex'), kept.host) }]
}

/** @param host whose card sent the frame */
export function levelsSvg(frame: Buffer, host: string): string {
  const fields = fieldsOf(frame)
  const octets = Buffer.concat(fields.map((field) => field.octets))
  const rows = Math.ceil(octets.length / ROW_OCTETS)
  const height = TOP + (rows + 1) * ROW + FOOT
  const title = 'One frame as levels on a cable of 10BASE-T: computed, not observed'
  const bits = 8 * octets.length + GAP_BITS
  const headline = `The first datagram that ${host} sent, as captured: ${frame.length} bytes. With all that its card would add they are ${bits} bits, ${((bits * BIT_NS) / 1000).toFixed(1)} \u00b5s at 10 Mbit/s.`
  const body = [
    text(LEFT, 28, title, 17, INK, true),
    text(LEFT, 50, headline),
    text(LEFT, 68, 'Each bit changes the level in its middle: upwards is 1, downwards is 0.', 12, QUIET_INK),
    ...bands(fields),
    ...Array.from({ length: rows }, (_, row) => rowOf(octets, row)).flat(),
    ...gap(octets.length),
    ...foot(height - FOOT + 20),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ' role="img" aria-labelledby="levels-title levels-desc"',
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" fill="${INK}">`,
    `\n<title id="levels-title">${title}</title>`,
    `\n<desc id="levels-desc">${escapedXml(described(fields, headline))}</desc>`,
    `\n<rect width="${WIDTH}" height="${height}" fill="${PAPER}"/>`,
    ...body.map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

/** What is sent, in order: what the card adds, and the frame, header by header. */
function fieldsOf(frame: Buffer): Field[] {
  const { preamble, startDelimiter, pad, checkSequence } = onTheLine(frame)
  const [, ip = 0, transport = 0] = headerBytes(frame)
  const layers: [string, number, string][] = [
    ['to', 6, LAYERS[0]],
    ['from', 6, LAYERS[0]],
    ['type', 2, LAYERS[0]],
    ['IP header', ip, LAYERS[1]],
    ['UDP header', transport, LAYERS[2]],
    [MESSAGE, frame.length, LAYERS[3]],
  ]
  let at = 0
  const inside = layers.map(([name, bytes, fill]) => {
    const octets = frame.subarray(at, at + bytes)
    at += octets.length
    return { name, octets, fill }
  })
  return [
    { name: 'preamble', octets: preamble, fill: OWN },
    { name: 'start', octets: startDelimiter, fill: '#dddddd' },
    ...inside,
    { name: 'pad', octets: pad, fill: OWN },
    { name: 'check sequence', octets: checkSequence, fill: '#dddddd' },
  ].filter(({ octets }) => octets.length > 0)
}

/** Behind the levels of each field, on each row that it is on, with its name. */
function bands(fields: readonly Field[]): string[] {
  let at = 0
  return fields.flatMap(({ name, octets, fill }) => {
    const parts: string[] = []
    for (const end = at + octets.length; at < end; ) {
      const row = Math.floor(at / ROW_OCTETS)
      const width = Math.min(end, (row + 1) * ROW_OCTETS) - at
      const [x, y] = [xOf(at), yOf(row)]
      parts.push(
        `<rect x="${x}" y="${y}" width="${width * OCTET}" height="${AT.bits + 4}" fill="${fill}" stroke="${OUTLINE}" stroke-width="0.6"/>`,
        text(x + 4, y + AT.name + 2, name, 11, INK, true),
        ...(name === MESSAGE ? letters(octets, at - (end - octets.length), width, x, y) : []),
      )
      at += width
    }
    return parts
  })
}

function rowOf(octets: Buffer, row: number): string[] {
  const own = octets.subarray(row * ROW_OCTETS, (row + 1) * ROW_OCTETS)
  const y = yOf(row)
  const bits = bitsOf(own)
  return [
    ...[...own].map((octet, index) =>
      text(LEFT + index * OCTET + 4, y + AT.octet, octet.toString(16).padStart(2, '0'), 11, QUIET_INK),
    ),
    ...bits.map((bit, index) => text(LEFT + index * BIT + 3, y + AT.bits, String(bit), 9, QUIET_INK)),
    `<path d="${wave(bits, LEFT, y)}" fill="none" stroke="${INK}" stroke-width="1.4"/>`,
  ]
}

function wave(bits: readonly (0 | 1)[], x: number, y: number): string {
  const levels = bits.flatMap(levelsOf)
  const first = levels[0] ?? 'high'
  return levels.reduce(
    (path, level, half) => `${path}V${y + AT[level]}H${x + (half + 1) * (BIT / 2)}`,
    `M${x} ${y + AT[first]}`,
  )
}

/** Nobody drives the line: neither level. */
function gap(octets: number): string[] {
  const row = Math.ceil(octets / ROW_OCTETS)
  const y = yOf(row)
  const middle = y + (AT.high + AT.low) / 2
  const idle = LEFT + START_OF_IDLE_BITS * BIT
  return [
    text(LEFT + 4, y + AT.name + 2, 'gap', 11, INK, true),
    `<path d="M${LEFT} ${y + AT.high}H${idle}V${middle}H${WIDTH - LEFT}" fill="none" stroke="${INK}" stroke-width="1.4"/>`,
    text(
      idle + 8,
      y + AT.bits,
      `nobody sends for ${GAP_BITS} bit times, ${((GAP_BITS * BIT_NS) / 1000).toFixed(1)} \u00b5s (not all of it is drawn); then anybody may`,
      11,
      QUIET_INK,
    ),
  ]
}

function foot(y: number): string[] {
  return [
    `<path d="M${LEFT} ${y - 18}H${WIDTH - LEFT}" stroke="${GUIDE}"/>`,
    text(
      LEFT,
      y,
      'In each row: the field; its octets in hexadecimal; the levels; the bits, of each octet the lowest first.',
      11,
      QUIET_INK,
    ),
    text(
      LEFT,
      y + 16,
      'Level high: some 2.5 V from one wire of the pair to the other; low: as much the other way round.',
      11,
      QUIET_INK,
    ),
    text(
      LEFT,
      y + 32,
      'IEEE 802.3 sections 3.2, 3.3, 7.3.1.1, 14.3.1.2.1. Between network namespaces there is no cable.',
      11,
      QUIET_INK,
    ),
  ]
}

/** For readers who hear the picture. */
function described(fields: readonly Field[], headline: string): string {
  const list = fields.map(({ name, octets }) => `${name} ${octets.toString('hex')}`)
  return [headline, ...list, `gap ${GAP_BITS} bits`].join(' | ')
}

/** Beside the octets of the message: what they say. */
function letters(message: Buffer, from: number, count: number, x: number, y: number): string[] {
  return [...message.subarray(from, from + count)].map((octet, index) => {
    const letter = octet > 0x20 && octet < 0x7f ? String.fromCharCode(octet) : ''
    return text(x + index * OCTET + 24, y + AT.octet, letter, 11, INK, true)
  })
}

function xOf(octet: number): number {
  return LEFT + (octet % ROW_OCTETS) * OCTET
}

function yOf(row: number): number {
  return TOP + row * ROW
}

function text(x: number, y: number, words: string, size = 12, colour: string = INK, isBold = false): string {
  return `<text x="${x}" y="${y}" font-size="${size}"${isBold ? ' font-weight="bold"' : ''} fill="${colour}">${escapedXml(words)}</text>`
}
