import { expect, test } from 'vitest'
import {
  parseRoutes4,
  parseRoutes6,
  parseSilentNeighbours4,
  parseSilentNeighbours6,
  problemOnTheWay,
} from '../../src/kernel/own-network.ts'

// As Linux 6.18 prints them on a machine whose numbers are little-endian.
const ROUTES4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	FE00000A	0003	0	0	0	00000000	0	0	0
eth0	0000000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
`
const ROUTES6 = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`
const ARP = `IP address       HW type     Flags       HW address            Mask     Device
10.0.0.2         0x1         0x2         02:00:0a:00:00:02     *        eth0
10.0.0.9         0x1         0x0         00:00:00:00:00:00     *        eth0
`
const network = {
  routes: [...parseRoutes4(ROUTES4), ...parseRoutes6(ROUTES6)],
  silentNeighbours: new Set([
    ...parseSilentNeighbours4(ARP),
    ...parseSilentNeighbours6('fd00::9 dev eth0 INCOMPLETE\n'),
  ]),
}

test.each([
  ['10.0.0.2', null],
  ['10.0.0.9', 'no-neighbour'],
  // By the gateway, 10.0.0.254, which nobody has asked in vain.
  ['192.0.2.1', null],
  ['127.0.0.1', null],
  ['fd00::2', null],
  ['fd00::9', 'no-neighbour'],
  ['2001:db8::1', 'no-route'],
  ['::1', null],
] as const)('%s: %s', (remote, expected) => {
  expect(problemOnTheWay(network, remote)).toBe(expected)
})

test('a gateway that does not answer, and no way at all', () => {
  const silent = { ...network, silentNeighbours: new Set(['10.0.0.254']) }
  expect(problemOnTheWay(silent, '192.0.2.1')).toBe('no-neighbour')
  expect(problemOnTheWay({ ...network, routes: [] }, '10.0.0.2')).toBe('no-route')
})
