/**
 * SDP, text <-> value (RFC 8866): what somebody wants to send and hear, where, and in which codes. Lines of one letter,
 * `=`, and what it says; what comes before the first `m=` holds for all media.
 */
import { isIPv4, isIPv6 } from '../ip-address.ts'

/** More than any telephone says. */
export const SDP_BYTES_MAX = 16_384
const MEDIA_MAX = 16
const ATTRIBUTES_MAX = 64
const FORMATS_MAX = 64

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies Direction[]

export interface Media {
  kind: string
  /** 0: refused, or not wanted any more. */
  port: number
  protocol: string
  formats: string[]
  /** null: as the description says for all. */
  address: string | null
  direction: Direction | null
  /** Without `a=`, and without the direction. */
  attributes: string[]
}

export interface Description {
  /** Who made it, and a number that grows with each change. */
  origin: { user: string; id: string; version: string; address: string }
  address: string | null
  direction: Direction | null
  media: Media[]
}

/** null: it is none, or larger than anybody needs. Never throws. */
export function readSdp(body: Buffer): Description | null {
  if (body.length > SDP_BYTES_MAX) return null
  const lines = body
    .toString('latin1')
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '')
  if (lines[0] !== 'v=0') return null
  const origin = readOrigin(lines[1] ?? '')
  if (origin === null) return null
  const description: Description = { origin, address: null, direction: null, media: [] }
  let attributes = 0
  for (const line of lines.slice(2)) {
    const [, letter, value = ''] = /^([a-z])=(.*)$/s.exec(line) ?? []
    const media = description.media.at(-1)
    if (letter === undefined) return null
    if (letter === 'c' && !takeAddress(media ?? description, value)) return null
    if (letter === 'm') {
      const next = readMedia(value)
      if (next === null || description.media.length === MEDIA_MAX) return null
      description.media.push(next)
    }
    if (letter !== 'a') continue
    attributes += 1
    if (attributes > ATTRIBUTES_MAX * MEDIA_MAX) return null
    if (DIRECTIONS.includes(value)) (media ?? description).direction = value as Direction
    else media?.attributes.push(value)
  }
  return description
}

function readOrigin(line: string): Description['origin'] | null {
  const [, user = '', id = '', version = '', address = ''] =
    /^o=(\S+) (\d+) (\d+) IN IP[46] (\S+)$/.exec(line) ?? []
  return user === '' ? null : { user, id, version, address }
}

function takeAddress(holder: { address: string | null }, value: string): boolean {
  const [, family, address = ''] = /^IN IP([46]) ([^\s/]+)/.exec(value) ?? []
  const fits = family === '4' ? !isIPv6(address) : family === '6' && !isIPv4(address)
  if (fits) holder.address = address
  return fits
}

function readMedia(value: string): Media | null {
  const [, kind = '', port = '', protocol = '', formats = ''] =
    /^([\w-]+) (\d{1,5})(?:\/\d+)? (\S+) (\S.*)$/.exec(value) ?? []
  const all = formats.split(/ +/).filter(Boolean)
  if (kind === '' || Number(port) > 65_535 || all.length > FORMATS_MAX) return null
  return { kind, port: Number(port), protocol, formats: all, address: null, direction: null, attributes: [] }
}

export function writeSdp({ origin, address, direction, media }: Description): Buffer {
  const place = (at: string) => `IN IP${isIPv6(at) ? 6 : 4} ${at}`
  const lines = [
    'v=0',
    `o=${origin.user} ${origin.id} ${origin.version} ${place(origin.address)}`,
    's=-',
    ...(address === null ? [] : [`c=${place(address)}`]),
    't=0 0',
    ...(direction === null ? [] : [`a=${direction}`]),
    ...media.flatMap((one) => [
      `m=${one.kind} ${one.port} ${one.protocol} ${one.formats.join(' ')}`,
      ...(one.address === null ? [] : [`c=${place(one.address)}`]),
      ...one.attributes.map((attribute) => `a=${attribute}`),
      ...(one.direction === null ? [] : [`a=${one.direction}`]),
    ]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1')
}
