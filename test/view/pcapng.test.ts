import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import {
  enhancedPacket,
  interfaceDescription,
  linkType,
  sectionHeader,
} from '../../src/view/pcapng/blocks.ts'
import { finishCaptures } from '../../src/view/pcapng/finish.ts'
import { type ReadBlock, readBlocks } from '../../src/view/pcapng/read.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillhere-pcapng-'))
afterAll(() => rmSync(folder, { recursive: true }))

const wallNs = 1_764_000_000_123_456_789n
const ethernet = { linkType: linkType.ethernet, name: 'cut-a', description: 'eth0 of cut-a', bytesKept: 446 }

function written(...blocks: Buffer[]): string {
  const file = join(folder, 'written.pcapng')
  writeFileSync(file, Buffer.concat(blocks))
  return file
}

describe('blocks', () => {
  test('a packet, byte for byte', () => {
    const block = enhancedPacket({
      interfaceId: 2,
      wallNs,
      bytes: Buffer.from('abcde'),
      wireBytes: 9,
      comment: 'lost',
    })
    expect(block.toString('hex').match(/.{8}/g)).toEqual([
      '06000000', // enhanced packet block
      '34000000', // of 52 bytes
      '02000000', // interface
      'a7fc7a18', // time, upper half first, each half little endian
      '15cd256f',
      '05000000', // kept
      '09000000', // on the wire
      '61626364', // abcd
      '65000000', // e, filled
      '01000400', // comment of 4 bytes
      '6c6f7374', // lost
      '00000000', // no more options
      '34000000',
    ])
  })

  test('what is written is read again', () => {
    const packets = [1, 2, 3, 4, 5].map((length) => ({
      interfaceId: 0,
      wallNs: wallNs + BigInt(length),
      bytes: Buffer.alloc(length, length),
      wireBytes: 1500,
    }))
    const file = written(
      sectionHeader('read me'),
      interfaceDescription(ethernet),
      ...packets.map(enhancedPacket),
      enhancedPacket({ interfaceId: 0, wallNs, bytes: Buffer.alloc(3), wireBytes: 3, comment: 'ünd' }),
    )
    expect([...readBlocks(file)]).toEqual([
      { type: 'section', comment: 'read me' },
      { type: 'interface', ...ethernet },
      ...packets.map((packet) => ({ type: 'packet', ...packet })),
      { type: 'packet', interfaceId: 0, wallNs, bytes: Buffer.alloc(3), wireBytes: 3, comment: 'ünd' },
    ])
  })

  test('a file larger than what is read at once', () => {
    const packet = enhancedPacket({ interfaceId: 0, wallNs, bytes: Buffer.alloc(401), wireBytes: 401 })
    const file = written(sectionHeader(), ...Array<Buffer>(1000).fill(packet))
    expect([...readBlocks(file)].filter(({ type }) => type === 'packet')).toHaveLength(1000)
  })

  test('whoever wrote was killed inside a block: what is whole counts', () => {
    const packet = enhancedPacket({ interfaceId: 0, wallNs, bytes: Buffer.alloc(20), wireBytes: 20 })
    for (let missing = 1; missing < packet.length; missing++) {
      const file = written(sectionHeader(), packet, packet.subarray(0, -missing))
      expect([...readBlocks(file)]).toHaveLength(2)
    }
  })

  test('another file is refused', () => {
    const file = written(Buffer.from('GIF89a, or whatever else'))
    expect(() => [...readBlocks(file)]).toThrow(/a block of \d+ bytes is none of ours/)
  })
})

describe('finishCaptures()', () => {
  const run = join(folder, 'run')
  mkdirSync(join(run, 'packets'), { recursive: true })
  let seq = 0

  function event<N extends EventName>(host: string, mono: number, name: N, data: EventData<N>): LabEvent {
    const about = { run: 'r', lab: 'l', incarnation: 1, program: 'p', pid: 1, seq: seq++ }
    return { ...about, host, mono: String(mono), time: 0, name, data } as unknown as LabEvent
  }

  function started(host: string, address: string): LabEvent[] {
    const capture = {
      packetsBuffered: 1,
      bytesKept: 446,
      wallClockAheadNs: String(wallNs),
      wallClockWithinNs: 1,
    }
    return [
      event(host, 0, 'host:started', { address, pair: 'cut' }),
      event(host, 1, 'wire:capture_started', capture),
    ]
  }

  function captured(
    host: string,
    direction: 'sent' | 'received',
    packet: number,
    mono: number,
    frame: number,
  ) {
    return event(host, mono, 'packet:captured', {
      direction,
      packet: String(packet),
      frame,
      protocol: 'other',
      source: '',
      destination: '',
      kind: 'other',
      bytes: 0,
    })
  }

  function capture(host: string, ...monos: number[]): void {
    const packets = monos.map((mono) =>
      enhancedPacket({
        interfaceId: 0,
        wallNs: wallNs + BigInt(mono),
        bytes: Buffer.alloc(14),
        wireBytes: 14,
      }),
    )
    writeFileSync(
      join(run, 'packets', `${host}.pcapng`),
      Buffer.concat([sectionHeader(), interfaceDescription(ethernet), ...packets]),
    )
  }

  const belief = event('cut-a', 250, 'belief:updated', {
    old: 'up',
    new: 'suspect',
    trigger: 'heartbeat_missed',
    certainty: 'unknown',
  })
  const events = [
    ...started('cut-a', '10.0.1.1'),
    ...started('cut-b', '10.0.1.2'),
    captured('cut-a', 'sent', 1, 100, 1),
    captured('cut-b', 'received', 1, 110, 1),
    captured('cut-a', 'sent', 2, 200, 2),
    belief,
    event('lab', 150, 'fault:striking', { fault: 'cut', pair: 'cut', struck: 'cut-b', promise: 'silence' }),
    event('cut-b', 160, 'kernel:sysctls_read', { values: {} }),
  ]

  /** Packets as [interface, nanoseconds since the log's clock began, comment or what is written in it]. */
  function shown(file: string) {
    return [...readBlocks(file)]
      .filter((block): block is Extract<ReadBlock, { type: 'packet' }> => block.type === 'packet')
      .map(({ interfaceId, wallNs: at, comment, bytes }) => [
        interfaceId,
        Number(at - wallNs),
        comment ?? /[\w:]+ (BELIEVES|fault:)[^[]*/.exec(bytes.toString())?.[0].trim() ?? '',
      ])
  }

  test('a file for each host, and one of all, in order of time, with what never arrived marked', () => {
    capture('cut-a', 100, 200)
    capture('cut-b', 110)
    const [a, b, merged, ...more] = finishCaptures(run, events)
    if (a === undefined || b === undefined || merged === undefined) throw new Error('files are missing')
    expect(more).toEqual([])
    const suspected = 'p BELIEVES up -> suspect (heartbeat_missed, unknown)'
    const struck = 'p fault:striking fault=cut pair=cut struck=cut-b promise=silence'
    const lost = 'Never arrived: no host saw it come in.'
    expect(shown(a)).toEqual([
      [0, 100, ''],
      [0, 200, lost],
      [1, 250, suspected],
    ])
    expect(shown(b)).toEqual([
      [0, 110, ''],
      [1, 150, struck],
    ])
    expect(shown(merged)).toEqual([
      [0, 100, ''],
      [2, 110, ''],
      [3, 150, struck],
      [0, 200, lost],
      [1, 250, suspected],
    ])
    expect(readFileSync(merged).includes('tcp.analyze_sequence_numbers:FALSE')).toBe(true)
  })

  test('where captures have holes, nothing is said for certain', () => {
    const dropped = event('cut-b', 300, 'wire:packets_dropped', { packets: 7, withinMs: 1000 })
    const [a = ''] = finishCaptures(run, [...events, dropped])
    expect(shown(a)[1]?.[2]).toBe('No host saw it come in; but captures of this run have holes.')
  })

  test('a run without captures has no files', () => {
    expect(finishCaptures(run, [belief])).toEqual([])
  })
})
