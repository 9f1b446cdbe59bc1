/** What a router that has forgotten makes of the next packet, for every way it can be set. */
import { expect, test } from 'vitest'
import {
  fateOf,
  portAfterLateAnswer,
  probesIn,
  type RouterInForce,
  routerInForce,
  stillRemembered,
  timeoutFrom,
} from '../../labs/nat/expectations.ts'
import { type RouterSettings, routerRules } from '../../src/hosts/router.ts'

const sysctls = {
  'net/netfilter/nf_conntrack_tcp_loose': '1',
  'net/netfilter/nf_conntrack_tcp_timeout_established': '432000',
  'net/netfilter/nf_conntrack_udp_timeout': '30',
  'net/netfilter/nf_conntrack_udp_timeout_stream': '120',
}
const inForce = (settings: RouterSettings): RouterInForce =>
  routerInForce({
    rules: routerRules(settings),
    sysctls:
      settings.tcpLoose === false ? { ...sysctls, 'net/netfilter/nf_conntrack_tcp_loose': '0' } : sysctls,
  })

test('routerInForce() reads rules and settings as they are', () => {
  expect(inForce({})).toEqual({
    isLoose: true,
    randomPorts: false,
    invalid: 'forward',
    input: 'answer',
    tcpMs: 432_000_000,
    udpMs: 30_000,
    udpStreamMs: 120_000,
  })
  expect(inForce({ tcpLoose: false, invalid: 'drop' })).toMatchObject({
    isLoose: false,
    invalid: 'drop',
    input: 'answer',
  })
  expect(inForce({ invalid: 'drop', input: 'drop' })).toMatchObject({ invalid: 'drop', input: 'drop' })
  expect(inForce({ invalid: 'reset', randomPorts: true })).toMatchObject({
    invalid: 'reset',
    randomPorts: true,
  })
})

// Measured on Linux 6.18, each row with both.
test.each<[RouterSettings, client: string, server: string]>([
  [{}, 'arrives', 'reset by the router'],
  [{ randomPorts: true }, 'reset by the other end', 'reset by the router'],
  [{ tcpLoose: false }, 'reset by the other end', 'reset by the router'],
  [{ tcpLoose: false, invalid: 'reset' }, 'reset by the router', 'reset by the router'],
  [{ tcpLoose: false, invalid: 'drop' }, 'silence', 'reset by the router'],
  [{ tcpLoose: false, invalid: 'drop', input: 'drop' }, 'silence', 'silence'],
  // What is learned anew is never invalid.
  [{ invalid: 'drop', input: 'drop' }, 'arrives', 'silence'],
])('a router with %j: the client first %s, the server first %s', (settings, client, server) => {
  expect(fateOf('client', inForce(settings))).toBe(client)
  expect(fateOf('server', inForce(settings))).toBe(server)
})

test('a late answer that is refused takes the port of the client', () => {
  expect(portAfterLateAnswer({ input: 'answer' })).toBe('another port')
  expect(portAfterLateAnswer({ input: 'drop' })).toBe('the same port')
})

test('a table shows whole seconds, rounded down', () => {
  expect(stillRemembered(4000, 0)).toEqual({ min: 3000, max: 4000 })
  expect(stillRemembered(4000, 1500)).toEqual({ min: 1500, max: 4000 })
  expect(stillRemembered(4000, 9000)).toEqual({ min: 0, max: 4000 })
})

test('probes go out each idle time while they are answered, some of them late', () => {
  expect(probesIn(8500, { idleMs: 1000, intervalMs: 1000, probes: 3 }, 4)).toEqual({ min: 8, max: 9 })
})

test('the retransmission timeout is at most what the shortest pause allows', () => {
  // The first pause was late.
  expect(timeoutFrom([204.2, 420.2, 834.2, 1666.2], 4)).toEqual({ minMs: 200, maxMs: 204 })
  expect(timeoutFrom([204.2], 4)).toBeNull()
})
