import { expect, test } from 'vitest'
import type { PacketKind } from '../../src/events/vocabulary.ts'
import { tcpFlag } from '../../src/wire/constants.ts'
import { FlowMemory } from '../../src/wire/flow-memory.ts'
import type { TcpPacket } from '../../src/wire/packet.ts'

/** Direction, flags, sequence, acknowledgment, bytes, and what it is; window 0 where it says so. */
type Row = [string, string, number, number, number, PacketKind, 'closed'?]

function segment([direction, flags, sequence, acknowledgment, bytes, , window]: Row): TcpPacket {
  const [a, b] = ['10.0.1.1:40000', '10.0.1.2:7000']
  return {
    protocol: 'tcp',
    source: direction === '>' ? a : b,
    destination: direction === '>' ? b : a,
    identification: 0,
    flags: flags.split(' ').reduce((bits, flag) => bits | tcpFlag[flag as keyof typeof tcpFlag], 0),
    sequence: sequence >>> 0,
    acknowledgment: acknowledgment >>> 0,
    window: window === 'closed' ? 0 : 500,
    timestamp: null,
    bytes,
    payload: Buffer.alloc(0),
  }
}

const handshake: Row[] = [
  ['>', 'syn', 100, 0, 0, 'syn'],
  ['<', 'syn ack', 900, 101, 0, 'syn-ack'],
  ['>', 'ack', 101, 901, 0, 'ack'],
]

const stories: Record<string, Row[]> = {
  'a connection from beginning to end': [
    ...handshake,
    ['>', 'psh ack', 101, 901, 7, 'data'],
    ['<', 'ack', 901, 108, 0, 'ack'],
    ['>', 'fin ack', 108, 901, 0, 'fin'],
    ['<', 'fin ack', 901, 109, 0, 'fin'],
    ['>', 'ack', 109, 902, 0, 'ack'],
  ],
  'SYN, SYN-ACK, data and FIN sent again': [
    ['>', 'syn', 100, 0, 0, 'syn'],
    ['>', 'syn', 100, 0, 0, 'retransmission'],
    ['<', 'syn ack', 900, 101, 0, 'syn-ack'],
    ['<', 'syn ack', 900, 101, 0, 'retransmission'],
    ['>', 'ack', 101, 901, 0, 'ack'],
    ['>', 'psh ack', 101, 901, 7, 'data'],
    ['>', 'psh ack', 101, 901, 7, 'retransmission'],
    ['>', 'fin ack', 108, 901, 0, 'fin'],
    ['>', 'fin ack', 108, 901, 0, 'retransmission'],
  ],
  'a keepalive probe and its answer': [
    ...handshake,
    ['>', 'ack', 100, 901, 0, 'keepalive-probe'],
    ['<', 'ack', 901, 101, 0, 'keepalive-answer'],
    ['<', 'ack', 901, 101, 0, 'ack'],
  ],
  'probes with a byte of garbage, not answered, and then answered by a reset': [
    ...handshake,
    ['<', 'ack', 900, 101, 1, 'keepalive-probe'],
    ['<', 'ack', 900, 101, 1, 'keepalive-probe'],
    ['>', 'rst', 101, 0, 0, 'rst'],
  ],
  'data that crosses a probe answers it too': [
    ...handshake,
    ['>', 'ack', 100, 901, 0, 'keepalive-probe'],
    ['<', 'psh ack', 901, 101, 5, 'data'],
    ['<', 'ack', 906, 101, 0, 'ack'],
  ],
  'one byte sent again while it is not acknowledged is no probe': [
    ...handshake,
    ['>', 'psh ack', 101, 901, 1, 'data'],
    ['>', 'psh ack', 101, 901, 1, 'retransmission'],
    ['<', 'ack', 901, 102, 0, 'ack'],
    ['>', 'psh ack', 101, 901, 1, 'keepalive-probe'],
  ],
  'a probe of a closed window asks for room, not for life': [
    ...handshake,
    ['<', 'ack', 901, 101, 0, 'ack', 'closed'],
    ['>', 'ack', 100, 901, 0, 'other'],
    ['<', 'ack', 901, 101, 0, 'ack'],
    ['>', 'ack', 100, 901, 0, 'keepalive-probe'],
  ],
  'a new connection between the same ports': [
    ...handshake,
    ['>', 'psh ack', 101, 901, 7, 'data'],
    ['>', 'syn', 50, 0, 0, 'syn'],
    ['<', 'syn ack', 20, 51, 0, 'syn-ack'],
    ['>', 'psh ack', 51, 21, 7, 'data'],
  ],
  'sequence numbers that pass 2^32': [
    ['>', 'syn', -3, 0, 0, 'syn'],
    ['<', 'syn ack', 900, -2, 0, 'syn-ack'],
    ['>', 'psh ack', -2, 901, 7, 'data'],
    ['>', 'psh ack', 5, 901, 7, 'data'],
    ['>', 'psh ack', -2, 901, 7, 'retransmission'],
    ['<', 'ack', 901, 12, 0, 'ack'],
    ['>', 'ack', 11, 901, 0, 'keepalive-probe'],
  ],
  'a connection older than the capture': [
    ['>', 'ack', 500, 800, 0, 'ack'],
    ['<', 'psh ack', 800, 500, 4, 'data'],
    ['>', 'psh ack', 500, 804, 4, 'data'],
    ['>', 'psh ack', 500, 804, 4, 'retransmission'],
  ],
}

test.each(Object.entries(stories))('%s', (_, rows) => {
  const memory = new FlowMemory()
  expect(rows.map((row) => memory.classify(segment(row)))).toEqual(rows.map(([, , , , , kind]) => kind))
})
