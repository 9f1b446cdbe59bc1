import { expect, test } from 'vitest'
import {
  framesProcessed,
  parseCard,
  parseNeighbours,
  processedBetween,
  receiveSoftirqs,
  snmp6Counter,
  snmpCounter,
} from '../../src/kernel/card.ts'

/** As iproute2 6.1 printed it, less what nobody reads. */
function printedLink(rx: object): string {
  const tx = { bytes: 90, packets: 1, errors: 0, carrier_changes: 2 }
  const stats64 = { rx: { bytes: 299, packets: 4, errors: 0, ...rx }, tx }
  return JSON.stringify([{ ifname: 'eth0', mtu: 1500, address: '02:00:0a:00:01:01', stats64 }])
}

test('what a card has counted', () => {
  const card = {
    mac: '02:00:0a:00:01:01',
    mtuBytes: 1500,
    receivedFrames: 4,
    receivedBytes: 299,
    sentFrames: 1,
    sentBytes: 90,
  }
  expect(parseCard(printedLink({}))).toEqual(card)
  expect(parseCard(printedLink({ otherhost: 3 }))).toEqual({ ...card, forOthers: 3 })
  expect(() => parseCard('[]')).toThrow()
})

test('a counter by its name, as RFC 4113 and RFC 4293 have them', () => {
  const snmp =
    'Ip: InReceives X\nIp: 5 6\nUdp: NoPorts InDatagrams\nUdp: 3 17\nUdpLite: InDatagrams\nUdpLite: 9\n'
  expect(snmpCounter(snmp, 'Ip', 'InReceives')).toBe(5)
  expect(snmpCounter(snmp, 'Udp', 'InDatagrams')).toBe(17)
  expect(snmpCounter('', 'Udp', 'InDatagrams')).toBe(0)
  expect(snmp6Counter('Udp6InDatagrams                 \t4\nUdp6NoPorts\t9\n', 'Udp6InDatagrams')).toBe(4)
  expect(snmp6Counter('', 'Udp6InDatagrams')).toBe(0)
})

test('interruptions to receive, of all processors', () => {
  expect(receiveSoftirqs('   CPU0  CPU1\n  NET_TX:  7  7\n  NET_RX:  40  2\n')).toBe(42)
  expect(receiveSoftirqs('')).toBe(0)
})

test('frames taken in, of all processors, though the counters begin again at 0', () => {
  const rest = '00000000 00000002 00000000'
  expect(framesProcessed(`Ip: 5\n0000002a ${rest}\n00000001 ${rest}\n`)).toBe(43)
  expect(framesProcessed('')).toBe(0)
  const [before, after] = ['fffffff0', '00000010'].map((count) => framesProcessed(`${count} ${rest}\n`))
  expect(processedBetween(before ?? 0, after ?? 0)).toBe(32)
})

test('neighbours, also those that do not answer', () => {
  const known = { dst: '10.0.1.2', lladdr: '02:00:0a:00:01:02', state: ['REACHABLE'] }
  expect(parseNeighbours(JSON.stringify([known, { dst: '10.0.1.9', state: ['FAILED'] }]))).toEqual([
    { address: '10.0.1.2', mac: '02:00:0a:00:01:02', state: 'REACHABLE' },
    { address: '10.0.1.9', mac: null, state: 'FAILED' },
  ])
})
