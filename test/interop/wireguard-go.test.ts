/**
 * Beside wireguard-go, in all that takes a while, four minutes of it at the same time; what is quickly seen is in
 * test/programs/vpn-peer.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { tunProblem } from '../../src/kernel/tun.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import type { MatrixReport, Told } from '../support/wireguard-go-matrix-session.ts'

const SESSION_LIMIT_MS = 300_000
const { isolation } = await findCapabilities()
const hasProgram =
  spawnSync('wireguard-go', ['--version'], { env: environmentWithSbin() }).error === undefined
const hasAll = isolation !== null && hasProgram && tunProblem() === null

const count = (told: Told, name: string) => told.filter(([each]) => each === name).length
const all = ({ sent }: { sent: number }) => ({ sent, received: sent })

describeNeeding('network namespaces, a TUN device and wireguard-go', hasAll)('beside wireguard-go', () => {
  let seen: MatrixReport
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/wireguard-go-matrix-session.ts', import.meta.url)
    seen = (await runSession<MatrixReport>(file, isolation, {}, SESSION_LIMIT_MS)).report
  }, SESSION_LIMIT_MS)

  test('keys are made anew every two minutes, and no ping is lost by it', () => {
    const { pings, told, forMs } = seen.rekey
    expect(pings).toEqual(all(pings))
    expect(count(told, 'vpn:session_made')).toBe(1 + Math.floor(forMs / 120_000))
    expect(count(told, 'vpn:refused')).toBe(0)
  })

  test('who was told something and has nothing to say says after ten seconds that it was heard', () => {
    expect(count(seen.passiveOfThem, 'vpn:keepalive_received')).toBe(1)
    expect(count(seen.passiveOfUs, 'vpn:keepalive_sent')).toBe(1)
  })

  test.each([
    ['persistentOfUs', 'vpn:keepalive_sent', 'vpn:keepalive_received'],
    ['persistentOfThem', 'vpn:keepalive_received', 'vpn:keepalive_sent'],
  ] as const)('%s: a keep-alive every two seconds, which nobody answers', (which, asked, answered) => {
    const { told, forMs } = seen[which]
    // One more or less: when the first is due depends on when the handshake was.
    expect(Math.abs(count(told, asked) - forMs / 2000)).toBeLessThan(2)
    expect(count(told, answered)).toBe(0)
  })

  test('while it is flooded it asks for cookies, and ours gets through with one', () => {
    const { during, after, told, strangersAsked } = seen.cookieOfThem
    expect(strangersAsked).toBeGreaterThan(0)
    expect(count(told, 'vpn:cookie_received')).toBeGreaterThan(0)
    expect(during.received).toBeGreaterThan(0)
    expect(after).toEqual(all(after))
  })

  test('while ours is flooded it asks for cookies, and wireguard-go gets through with one', () => {
    const { during, after, strangersAsked } = seen.cookieOfUs
    expect(strangersAsked).toBeGreaterThan(0)
    expect(during.received).toBeGreaterThan(0)
    expect(after).toEqual(all(after))
  })

  test('either end is found where it has moved to', () => {
    const { before, after, pings, echoes, told } = seen.roaming
    expect(after).not.toBe(before)
    expect(pings).toEqual(all(pings))
    expect(echoes).toEqual(all(echoes))
    expect(count(told, 'vpn:roamed')).toBeGreaterThan(0)
  })

  test('what is inside may be IPv6: a TCP connection of the kernels crosses it whole, both ways', () => {
    expect(seen.ipv6Inside).toEqual(all(seen.ipv6Inside))
  })

  test('of what is lost one in a hundred nothing more is missing, and what comes late is taken', () => {
    const { echoes, told, way } = seen.rough
    expect(way.lost).toBeGreaterThan(0)
    expect(way.late).toBeGreaterThan(0)
    expect(echoes.received).toBeGreaterThanOrEqual(echoes.sent - way.lost)
    expect(count(told, 'vpn:refused')).toBe(0)
  })
})
