/**
 * Routers that forget an idle connection, for real: who finds out, and how, depends on the router and on who
 * speaks first.
 */
import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LabEvent, RouterMapping } from '../../src/events/vocabulary.ts'
import { findCapabilities, missingFirewall } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { routerRules, routerSysctls } from '../../src/hosts/router.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { named, runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()
const CONNTRACK = 'conntrack'
const hasConntrack = spawnSync(CONNTRACK, ['--version'], { env: environmentWithSbin() }).status === 0

interface Report {
  before: RouterMapping[]
  short: RouterMapping[]
  again: RouterMapping[]
  forgottenByCard: number
  after: RouterMapping[]
}

describe('routerRules()', () => {
  test.each([
    [{}, 'masquerade; }'],
    [{ randomPorts: true }, 'masquerade random; }'],
    [{ invalid: 'drop' }, 'priority filter; ct state invalid drop; }'],
    [{ invalid: 'reset' }, 'ct state invalid meta l4proto tcp reject with tcp reset;'],
    [{ input: 'drop' }, 'hook input priority filter; iifname "eth1" drop; }'],
  ] as const)('%j has %s', (settings, expected) => {
    expect(routerRules(settings)).toContain(expected)
    expect(routerRules(settings)).not.toMatch(/ {2}| ;/)
  })
})

test('routerSysctls() sets what it is given and nothing else', () => {
  const always = { 'net/ipv6/conf/all/disable_ipv6': '1', 'net/ipv4/ip_forward': '1' }
  expect(routerSysctls({})).toEqual(always)
  expect(
    routerSysctls({ tcpEstablishedSeconds: 5, udpSeconds: 3, udpStreamSeconds: 4, tcpLoose: false }),
  ).toEqual({
    ...always,
    'net/netfilter/nf_conntrack_tcp_timeout_established': '5',
    'net/netfilter/nf_conntrack_udp_timeout': '3',
    'net/netfilter/nf_conntrack_udp_timeout_stream': '4',
    'net/netfilter/nf_conntrack_tcp_loose': '0',
  })
})

const needs = 'network namespaces and nftables'
describeNeeding(needs, isolation !== null && missingFirewall() === null)('a router between two hosts', () => {
  let report: Report
  let events: LabEvent[] = []
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/router-session.ts', import.meta.url)
    const session = await runSession<Report>(file, isolation)
    report = session.report
    events = session.events
    expect(session.left).toEqual([])
  }, 120_000)

  test('translates: the server sees the address of the router', () => {
    const [mapping, ...others] = report.before
    expect(others).toEqual([])
    const outside = named(events, 'router:started').find(({ data }) => data.router === 'keeps-router')?.data
      .outside
    expect(mapping).toMatchObject({ protocol: 'tcp', state: 'ESTABLISHED', answered: true })
    const port = mapping?.source.split(':')[1]
    expect(mapping?.seenAs).toBe(`${outside}:${port}`)
    const accepted = named(events, 'tcp:accepted').find(({ host }) => host === 'keeps-b')
    expect(accepted?.data.remote).toBe(`${outside}:${port}`)
  })

  test('says what is in force: what it was given, and what its kernel has by default', () => {
    const settingsOf = (router: string) =>
      named(events, 'router:started').find(({ data }) => data.router === router)?.data.sysctls
    const days = { 'net/netfilter/nf_conntrack_tcp_timeout_established': '432000' }
    expect(settingsOf('keeps-router')).toMatchObject({ ...days, 'net/ipv4/ip_forward': '1' })
    expect(settingsOf('strict-a-router')).toMatchObject({
      'net/netfilter/nf_conntrack_tcp_timeout_established': '2',
      'net/netfilter/nf_conntrack_tcp_loose': '0',
    })
  })

  test('forgets after the times it was given', () => {
    const limits: Record<string, number> = { tcp: 2000, udp: 3000 }
    expect(report.short.map(({ protocol }) => protocol).sort()).toEqual(['tcp', 'udp'])
    for (const { protocol, forgetsInMs } of report.short) {
      expect(forgetsInMs).toBeLessThanOrEqual(limits[protocol] ?? 0)
    }
  })

  testNeeding('conntrack', hasConntrack)('nat-forgets is seen in the table of the router', () => {
    const [struck] = named(events, 'fault:struck')
    expect(struck?.data).toMatchObject({ fault: 'nat-forgets', pair: 'keeps' })
    expect(named(events, 'router:forgot').map(({ data }) => data.by)).toEqual([
      'conntrack -F',
      'eth1 down and up',
    ])
  })

  test('it forgets without conntrack, too, and a packet from inside makes it learn anew', () => {
    expect(report.again).toHaveLength(1)
    expect(report.forgottenByCard).toBe(1)
    expect(report.after).toEqual([])
    // Written once after either time; nobody noticed anything.
    expect(named(events, 'tcp:received').filter(({ host }) => host === 'keeps-b')).toHaveLength(2)
  })

  test.each([
    ['loose', 'a', 'nobody'],
    ['loose', 'b', 'econnreset'],
    ['random', 'a', 'econnreset'],
    ['random', 'b', 'econnreset'],
    ['strict', 'a', 'econnreset'],
    ['strict', 'b', 'econnreset'],
    ['silent', 'a', 'etimedout'],
    ['silent', 'b', 'econnreset'],
    ['deaf', 'a', 'etimedout'],
    ['deaf', 'b', 'etimedout'],
    ['resets', 'a', 'econnreset'],
    ['resets', 'b', 'econnreset'],
  ])('a router that is %s, %s speaks first: %s', (mode, first, expected) => {
    const pair = `${mode}-${first}`
    const down = named(events, 'belief:updated').filter(
      ({ host, data }) => host.startsWith(`${pair}-`) && data.new === 'down',
    )
    expect(down.map(({ host, data }) => [host, data.trigger])).toEqual(
      expected === 'nobody' ? [] : [[`${pair}-${first}`, expected]],
    )
  })

  test('a packet has the same number on both sides of the router', () => {
    const packets = named(events, 'packet:captured').filter(({ data }) => data.protocol === 'tcp')
    const sent = packets.filter(({ host, data }) => host === 'loose-a-a' && data.direction === 'sent')
    const arrived = packets.filter(({ host, data }) => host === 'loose-a-b' && data.direction === 'received')
    expect(sent.length).toBeGreaterThan(2)
    // The router speaks for itself, too: a RST that a never sent.
    const numbers = sent.map(({ data }) => data.packet)
    expect(arrived.map(({ data }) => data.packet).filter((number) => numbers.includes(number))).toEqual(
      numbers,
    )
    expect(arrived[0]?.data.source).not.toBe(sent[0]?.data.source)
  })
})
