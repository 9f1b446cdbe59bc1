import { expect, test } from 'vitest'
import { hostName, hostOfRole, pairOf, peerOf, roleOf, sideOf } from '../../src/events/host-names.ts'

test('a name says pair and side, and the other host of the pair', () => {
  expect(hostName('power-off', 'a')).toBe('power-off-a')
  expect(hostOfRole('power-off', 'server')).toBe('power-off-b')
  expect([pairOf('power-off-b'), sideOf('power-off-b'), roleOf('power-off-b')]).toEqual([
    'power-off',
    'b',
    'server',
  ])
  expect(peerOf('power-off-b')).toBe('power-off-a')
  expect(roleOf('client-1-a')).toBe('client')
})

test('a third host is of the pair, and at neither end', () => {
  expect([pairOf('hub-c'), sideOf('hub-c')]).toEqual(['hub', null])
  expect(() => peerOf('hub-c')).toThrow('Host hub-c is at neither end of a pair')
})

test.each(['lab', 'power-off', '-a', 'cut-d', ''])('"%s" belongs to no pair', (host) => {
  expect([pairOf(host), sideOf(host)]).toEqual([null, null])
  expect(() => peerOf(host)).toThrow(`Host ${host} is at neither end of a pair`)
})
