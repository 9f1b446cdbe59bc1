import { expect, test } from 'vitest'
import { pairMap } from '../../src/hosts/pair-map.ts'

const shown = (wish: Parameters<typeof pairMap>[0], canHaveIpv6 = true) => {
  const { a, b, c, bridges } = pairMap(wish, 18, canHaveIpv6)
  const hosts = [a, b, ...(c === null ? [] : [c])]
  return {
    switches: bridges,
    hosts: hosts.map(({ name, address, address6, cards }) =>
      [name, address, address6, cards[0].switchName].map(String).join(' '),
    ),
  }
}

test('two hosts at a switch', () => {
  expect(shown({ name: 'cut' })).toEqual({
    switches: ['sw-cut'],
    hosts: ['cut-a 10.0.18.1 null sw-cut', 'cut-b 10.0.18.2 null sw-cut'],
  })
})

test('a third is beside b, whatever is between a and b', () => {
  const third = { ipv6: true, third: true }
  expect(shown({ name: 'cut', ...third }).hosts).toEqual([
    'cut-a 10.0.18.1 fd00:0:0:12::1 sw-cut',
    'cut-b 10.0.18.2 fd00:0:0:12::2 sw-cut',
    'cut-c 10.0.18.4 fd00:0:0:12::4 sw-cut',
  ])
  expect(shown({ name: 'loss', middle: 'cable', ...third })).toEqual({
    switches: ['sw-loss'],
    hosts: [
      'loss-a 10.0.18.1 fd00:0:0:12::1 null',
      'loss-b 10.0.18.2 fd00:0:0:12::2 sw-loss',
      'loss-c 10.0.18.4 fd00:0:0:12::4 sw-loss',
    ],
  })
  // The router translates IPv4.
  expect(shown({ name: 'nat', middle: 'router', ...third })).toEqual({
    switches: ['nat-sa', 'nat-sb'],
    hosts: ['nat-a 10.0.18.1 null nat-sa', 'nat-b 10.1.18.2 null nat-sb', 'nat-c 10.1.18.4 null nat-sb'],
  })
})

test('a cable that is a program needs no switch, and no kernel has to have IPv6', () => {
  expect(shown({ name: 'loss', middle: 'cable', ipv6: true }, false)).toEqual({
    switches: [],
    hosts: ['loss-a 10.0.18.1 null null', 'loss-b 10.0.18.2 null null'],
  })
})

test('a name is part of those of network interfaces', () => {
  expect(() => pairMap({ name: 'thirteen-char' }, 1, false)).toThrow('more than 12 characters')
})
