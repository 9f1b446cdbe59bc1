import { expect, test } from 'vitest'
import { twoPathsMap } from '../../src/hosts/two-paths.ts'

const shown = (isSlower: boolean) => {
  const { a, b, p, q, bridges, cableEnds } = twoPathsMap('cut', 6, isSlower)
  return {
    hosts: [a, b, p, q].map(({ name, address, cards }) =>
      [
        name,
        address,
        ...cards.map((card) => `${card.name} ${card.port} ${card.address} ${card.switchName}`),
      ].join(' | '),
    ),
    bridges,
    cableEnds,
  }
}

test('two hosts with two cards each, and a router on either way', () => {
  expect(shown(false)).toEqual({
    hosts: [
      'cut-a | 10.0.6.1 | eth0 cut-a0 10.1.6.1/24 cut-ap | eth1 cut-a1 10.3.6.1/24 cut-aq',
      'cut-b | 10.0.6.2 | eth0 cut-b0 10.2.6.2/24 cut-bp | eth1 cut-b1 10.4.6.2/24 cut-bq',
      'cut-p | 10.1.6.254 | eth0 cut-p0 10.1.6.254/24 cut-ap | eth1 cut-p1 10.2.6.254/24 cut-bp',
      'cut-q | 10.3.6.254 | eth0 cut-q0 10.3.6.254/24 cut-aq | eth1 cut-q1 10.4.6.254/24 cut-bq',
    ],
    bridges: ['cut-ap', 'cut-aq', 'cut-bp', 'cut-bq'],
    cableEnds: null,
  })
})

test('where one way is slower, a cable is in place of the switch between a and q', () => {
  const { bridges, cableEnds } = shown(true)
  expect(bridges).toEqual(['cut-ap', 'cut-bp', 'cut-bq'])
  expect(cableEnds).toEqual({ a: 'cut-a1', b: 'cut-q0' })
})

test('each end has both ways to the other, each router a way to either', () => {
  const { a, b, p, q } = twoPathsMap('cut', 6, false)
  expect(a.routes).toEqual([
    '10.0.6.2 src 10.0.6.1 nexthop via 10.1.6.254 dev eth0 nexthop via 10.3.6.254 dev eth1',
  ])
  expect(b.routes).toEqual([
    '10.0.6.1 src 10.0.6.2 nexthop via 10.2.6.254 dev eth0 nexthop via 10.4.6.254 dev eth1',
  ])
  expect(p.routes).toEqual(['10.0.6.1 via 10.1.6.1 dev eth0', '10.0.6.2 via 10.2.6.2 dev eth1'])
  expect(q.routes).toEqual(['10.0.6.1 via 10.3.6.1 dev eth0', '10.0.6.2 via 10.4.6.2 dev eth1'])
  expect([p.outside, q.outside]).toEqual(['10.2.6.254', '10.4.6.254'])
})

test('its switches are network interfaces too', () => {
  expect(() => twoPathsMap('thirteen-char', 1, false)).toThrow('more than 12 characters')
})
