/** The stock `wg`, of wireguard-tools, asks one end of ours and sets it. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import type { ControlReport } from '../support/wireguard-control-session.ts'

const file = new URL('../support/wireguard-control-session.ts', import.meta.url)
const { isolation } = await findCapabilities()
const hasWg = spawnSync('wg', ['--version'], { env: environmentWithSbin() }).error === undefined

describeNeeding('network namespaces and wg', isolation !== null && hasWg)('wg', () => {
  test('shows what there is, sets it, and removes a peer', async () => {
    if (isolation === null) throw new Error('no network namespaces')
    const { report } = await runSession<ControlReport>(file, isolation)
    const [first, set, removed] = report.dumps.map((dump) =>
      dump
        .trim()
        .split('\n')
        .map((line) => line.split('\t')),
    )
    // A line of the end itself: private key, public key, port, mark. Then one of each peer: public key, preshared
    // key, endpoint, allowed ips, latest handshake, received, sent, keepalive.
    expect(report.mode).toBe('600')
    expect(first?.[1]?.slice(1)).toEqual(['(none)', '(none)', '10.9.0.1/32', '0', '0', '0', 'off'])
    expect(set?.[0]?.[2]).toBe('51999')
    expect(set?.[1]?.slice(2)).toEqual(['[::1]:7', 'fd00::/64', '0', '0', '148', '25'])
    expect(removed).toHaveLength(1)
    expect(removed?.[0]?.[0]).not.toBe(first?.[0]?.[0])
    expect(report.toldKeys).toBe(0)
  })
})
