/** A VPN's end: two of ours on real sockets, and ours beside one that somebody else wrote. */
import { spawnSync } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { readConf } from '../../src/programs/parts/wireguard-conf.ts'
import { startVpnPeer, type VpnPeer } from '../../src/programs/vpn-peer.ts'
import { keyPair } from '../../src/protocols/wireguard/primitives.ts'
import { collectEvents } from '../support/events.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import type { TunReport } from '../support/vpn-tun-session.ts'
import type { WireguardGoReport } from '../support/wireguard-go-session.ts'

const HOST = '127.0.0.1'
const keys = { a: keyPair(), b: keyPair() }
const base64 = (bytes: Buffer) => bytes.toString('base64')

function confOf(own: 'a' | 'b', more: string): string {
  const [mine, other] = own === 'a' ? [keys.a, keys.b] : [keys.b, keys.a]
  const [inside, theirs] = own === 'a' ? ['10.9.0.1', '10.9.0.2'] : ['10.9.0.2', '10.9.0.1']
  return `[Interface]
PrivateKey = ${base64(mine.private)}
Address = ${inside}/24
DNS = 192.0.2.53 # not done here

[Peer]
PublicKey = ${base64(other.public)}
AllowedIPs = ${theirs}/32
${more}`
}

async function startPeer(own: 'a' | 'b', more = ''): Promise<VpnPeer & ReturnType<typeof collectEvents>> {
  const collected = collectEvents()
  const peer = await startVpnPeer(
    { mechanism: 'vpn', conf: readConf(confOf(own, more)), host: HOST },
    collected.emit,
  )
  onTestFinished(() => peer.close())
  return { ...peer, ...collected }
}

test('a ping through the tunnel is answered by the host inside; each end has keys, and says with whom', async () => {
  const b = await startPeer('b')
  const a = await startPeer('a', `Endpoint = ${HOST}:${b.port}`)
  a.ping('10.9.0.2')
  await a.until('vpn:ping_answered')
  await a.until('vpn:session_made', ({ role }) => role === 'initiator')
  await b.until('vpn:session_made', ({ role }) => role === 'responder')
  for (const end of [a, b]) await end.until('belief:updated', (belief) => belief.new === 'up')
  // Nothing that is written down helps who reads it to read the rest.
  const written = JSON.stringify([a.events, b.events])
  for (const { private: secret } of [keys.a, keys.b]) {
    expect(written).not.toContain(base64(secret))
    expect(written).not.toContain(secret.toString('hex'))
  }
})

describe('a configuration', () => {
  test('is read as wg-quick reads it', () => {
    const conf = readConf(confOf('a', 'endpoint = [2001:db8::1]:51820\nPersistentKeepalive = 25\n'))
    expect(conf).toMatchObject({ addresses: ['10.9.0.1'], listenPort: 0, mtu: 1420, ignored: ['DNS'] })
    expect(conf.peers[0]).toMatchObject({
      endpoint: { address: '2001:db8::1', port: 51_820 },
      persistentKeepaliveMs: 25_000,
    })
  })

  test.each([
    ['PrivateKey = x', 'expected [Interface], [Peer] or KEY = VALUE below one'],
    ['[Interface]\nPrivatKey = x', 'line 2: did you mean "PrivateKey"?'],
    [
      '[Interface]\nPrivateKey = c2hvcnQ=\n[Peer]\n',
      '[Interface] of line 1: PrivateKey must be 32 bytes in base64',
    ],
    ['[Peer]\n', 'there must be one [Interface]'],
    ['[Interface]\n', 'there must be one [Peer]'],
    [confOf('a', 'Endpoint = example.org:51820'), 'Endpoint must be like 192.0.2.1:51820'],
    [confOf('a', 'PersistentKeepalive = soon'), 'PersistentKeepalive must be from 0 to 65535'],
    [confOf('a', 'AllowedIPs = 10.0.0.0/33'), '"10.0.0.0/33" is no range of addresses'],
  ])('that is wrong is told in one line: %j', (text, message) => {
    expect(() => readConf(text)).toThrow(message)
  })
})

const file = new URL('../support/wireguard-go-session.ts', import.meta.url)
const tunFile = new URL('../support/vpn-tun-session.ts', import.meta.url)
const { isolation } = await findCapabilities()
const hasProgram =
  spawnSync('wireguard-go', ['--version'], { env: environmentWithSbin() }).error === undefined
const LIMIT_MS = 30_000

async function talk(wireguard: object): Promise<WireguardGoReport> {
  if (isolation === null) throw new Error('no network namespaces')
  return (await runSession<WireguardGoReport>(file, isolation, { wireguard } as object)).report
}

const withWireguardGo = () => {
  test.each([
    { begins: 'us', preshared: false, family: 4 },
    { begins: 'them', preshared: false, family: 4 },
    { begins: 'us', preshared: true, family: 4 },
    { begins: 'them', preshared: true, family: 6 },
  ])('$begins first, preshared key: $preshared, IPv$family outside', { timeout: LIMIT_MS }, async (how) => {
    const { echoes, pings, latestHandshake, events } = await talk(how)
    expect(echoes).toEqual({ sent: echoes.sent, received: echoes.sent })
    expect(pings).toEqual({ sent: pings.sent, answered: pings.sent })
    expect(latestHandshake).toBeGreaterThan(0)
    const role = how.begins === 'us' ? 'initiator' : 'responder'
    expect(events.filter(({ name }) => name === 'vpn:session_made')).toEqual([
      { name: 'vpn:session_made', data: { role } },
    ])
    expect(events.filter(({ name }) => name === 'vpn:refused')).toEqual([])
  })

  test('with another preshared key nothing gets through, and nobody is told', {
    timeout: LIMIT_MS,
  }, async () => {
    const how = { begins: 'us', preshared: true, wrongPreshared: true, family: 4 }
    const { echoes, pings, events } = await talk(how)
    expect([echoes.received, pings.answered]).toEqual([0, 0])
    const refused = { because: 'not-authentic', remote: expect.any(String) }
    expect(events).toContainEqual({ name: 'vpn:refused', data: refused })
    expect(events.map(({ name }) => name)).not.toContain('vpn:session_made')
  })
}

const withTun = () => {
  test('a TCP connection of the kernels inside crosses it whole; Ctrl-C ends it at once', {
    timeout: LIMIT_MS,
  }, async () => {
    if (isolation === null) throw new Error('no network namespaces')
    const { report } = await runSession<TunReport>(tunFile, isolation)
    expect(report.receivedHash).toBe(report.sentHash)
    expect(report.status).toBe(0)
    expect(report.endedMs).toBeLessThan(5000)
  })
}

// A TUN device is had by root alone on most machines: an ordinary user has the tests above.
if (process.getuid?.() === 0) {
  describeNeeding('network namespaces and wireguard-go', isolation !== null && hasProgram)(
    'beside wireguard-go, as root',
    withWireguardGo,
  )
  describeNeeding('network namespaces', isolation !== null)('with a TUN device, as root', withTun)
}
