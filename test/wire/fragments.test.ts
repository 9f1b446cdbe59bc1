import { expect, test } from 'vitest'
import { FragmentMemory } from '../../src/wire/fragments.ts'
import type { FragmentPacket, UdpPacket } from '../../src/wire/packet.ts'

const first: UdpPacket = {
  protocol: 'udp',
  source: '10.0.1.1:41000',
  destination: '10.0.1.2:7000',
  identification: 7,
  moreFragments: true,
  bytes: 1472,
  payload: Buffer.alloc(0),
}
const { moreFragments: _, ...common } = first
const later: FragmentPacket = {
  ...common,
  protocol: 'fragment',
  source: '10.0.1.1',
  destination: '10.0.1.2',
  offsetBytes: 1480,
}

test('a later fragment belongs to the conversation of its first', () => {
  const memory = new FragmentMemory()
  expect(memory.groupOf(first, 'udp:41000')).toBe('udp:41000')
  expect(memory.groupOf(later, undefined)).toBe('udp:41000')
  expect(memory.groupOf({ ...later, identification: 8 }, undefined)).toBeUndefined()
  expect(memory.groupOf({ ...later, source: '10.0.1.3' }, undefined)).toBeUndefined()
})

test('a whole datagram is not remembered, and the oldest of very many is forgotten', () => {
  const memory = new FragmentMemory()
  memory.groupOf({ ...first, moreFragments: false }, 'udp:41000')
  expect(memory.groupOf(later, undefined)).toBeUndefined()
  for (let identification = 0; identification < 300; identification++) {
    memory.groupOf({ ...first, identification }, 'udp:41000')
  }
  expect(memory.groupOf(later, undefined)).toBeUndefined()
  expect(memory.groupOf({ ...later, identification: 299 }, undefined)).toBe('udp:41000')
})
