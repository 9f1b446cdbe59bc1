/** What `wg` asks, as text, and what a device makes of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRange, writeRange } from '../../../src/protocols/wireguard/allowed-ips.ts'
import { readControl, writeErrno, writeStatus } from '../../../src/protocols/wireguard/control.ts'
import { Device } from '../../../src/protocols/wireguard/device.ts'
import { keyPair } from '../../../src/protocols/wireguard/primitives.ts'

const PEER = keyPair().public
const OTHER = keyPair().public
const own = keyPair()

/** A device after so many requests. */
function deviceAfter(...requests: string[][]): Device {
  const device = new Device({ own, peers: [], wallMs: () => 0 })
  for (const lines of requests) {
    const request = readControl(['set=1', ...lines].join('\n'))
    if (request?.ask !== 'set') throw new Error('not understood')
    device.change(request.change, 0)
  }
  return device
}

const peerLine = `public_key=${PEER.toString('hex')}`

describe('a request', () => {
  test('tells of the device first, then of each peer', () => {
    const text = `set=1\nlisten_port=51820\nreplace_peers=true\n${peerLine}\nendpoint=[2001:db8::1]:7\nallowed_ip=-10.0.0.0/8`
    expect(readControl(text)).toMatchObject({
      ask: 'set',
      change: {
        listenPort: 51_820,
        replacesPeers: true,
        peers: [
          { public: PEER, endpoint: { address: '2001:db8::1', port: 7 }, allowedIps: [{ isRemoved: true }] },
        ],
      },
    })
  })

  test.each([
    ['put=1'],
    ['get=1\nlisten_port=1'],
    ['set=1\nlisten_port=65536'],
    ['set=1\nendpoint=192.0.2.1:1'],
    ['set=1\nprivate_key=00'],
    [`set=1\nprivate_key=${'00'.repeat(32)}`],
    ['set=1\nfwmark=1'],
    [`set=1\n${peerLine}\nendpoint=example.org:1`],
    [`set=1\n${peerLine}\nendpoint=192.0.2.1:0`],
    [`set=1\n${peerLine}\nallowed_ip=10.0.0.0/33`],
    [`set=1\n${peerLine}\nremove=yes`],
  ])('that is wrong is a mistake: %j', (text) => {
    expect(readControl(text)).toBeNull()
  })

  test('of whatever else is a mistake or understood, and never throws', () => {
    const word = fc.constantFrom(
      'allowed_ip',
      'endpoint',
      'public_key',
      'preshared_key',
      'listen_port',
      '=',
      '-',
    )
    const lines = fc.array(fc.tuple(word, fc.string()).map(([key, value]) => `${key}=${value}`))
    fc.assert(
      fc.property(lines, (all) => {
        readControl(['set=1', peerLine, ...all].join('\n'))
        readControl(['set=1', ...all].join('\n'))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a device', () => {
  test('has what was set, and tells it', () => {
    const device = deviceAfter(
      [peerLine, 'endpoint=192.0.2.1:9', 'persistent_keepalive_interval=25', 'allowed_ip=10.0.0.0/8'],
      [peerLine, 'allowed_ip=fd00::/64'],
    )
    const written = writeStatus(device.status(51_820))
    expect(written).toContain(`private_key=${own.private.toString('hex')}\nlisten_port=51820\n${peerLine}\n`)
    expect(written).toContain('\nendpoint=192.0.2.1:9\nlast_handshake_time_sec=0\n')
    expect(written).toContain('\ntx_bytes=148\nrx_bytes=0\npersistent_keepalive_interval=25\n')
    expect(written).toContain('\nallowed_ip=fd00::/64\nallowed_ip=10.0.0.0/8\nerrno=0\n\n')
  })

  test('replaces and removes ranges, a peer, all peers', () => {
    const ranges = (device: Device) =>
      device.status(0).peers.map(({ allowedIps }) => allowedIps.map(writeRange).join(' '))
    const two = [peerLine, 'allowed_ip=10.0.0.0/8', 'allowed_ip=10.1.0.0/16']
    expect(ranges(deviceAfter(two, [peerLine, 'allowed_ip=-10.0.0.0/8']))).toEqual(['10.1.0.0/16'])
    expect(ranges(deviceAfter(two, [peerLine, 'replace_allowed_ips=true', 'allowed_ip=::/0']))).toEqual([
      '::/0',
    ])
    expect(ranges(deviceAfter(two, [peerLine, 'remove=true']))).toEqual([])
    const device = deviceAfter(two, ['replace_peers=true', `public_key=${OTHER.toString('hex')}`])
    expect(device.status(0).peers.map((peer) => peer.public)).toEqual([OTHER])
  })

  test('makes no peer of an update of none, nor of itself', () => {
    expect(deviceAfter([peerLine, 'update_only=true']).status(0).peers).toEqual([])
    expect(deviceAfter([`public_key=${own.public.toString('hex')}`]).status(0).peers).toEqual([])
  })

  test('with another key begins anew, by itself where a keepalive is persistent', () => {
    const device = deviceAfter([peerLine, 'endpoint=192.0.2.1:9', 'persistent_keepalive_interval=25'])
    const key = keyPair()
    const request = readControl(`set=1\nprivate_key=${key.private.toString('hex')}`)
    const actions = request?.ask === 'set' ? device.change(request.change, 1000) : []
    expect(actions.filter((action) => action.do === 'send')).toHaveLength(1)
    expect(device.dueAtMs).toBeGreaterThan(1000)
    expect(device.status(0).private).toEqual(key.private)
  })
})

test.each(['10.0.0.0/8', '192.0.2.1/32', 'fd00::/64', '2001:db8::1/128', '::/0'])(
  '%s is written as it is read',
  (text) => {
    expect(writeRange(readRange(text))).toBe(text)
  },
)

test('an error is below zero, as others have it', () => {
  expect(writeErrno(22)).toBe('errno=-22\n\n')
})
