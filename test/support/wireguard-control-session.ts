/**
 * The stock `wg` drives one end of ours, in namespaces where its folder is nobody else's. Started by wireguard-wg.test.ts;
 * reports what `wg` printed.
 */
import { execFile, spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Emitter } from '../../src/events/emit.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { readConf } from '../../src/programs/parts/wireguard-conf.ts'
import { openControl } from '../../src/programs/parts/wireguard-control.ts'
import { startVpnPeer } from '../../src/programs/vpn-peer.ts'
import { keyPair } from '../../src/protocols/wireguard/primitives.ts'

export interface ControlReport {
  /** Of the socket, in octal. */
  mode: string
  /** What `wg show NAME dump` printed: at first, after a `wg set`, after the peer was removed. */
  dumps: string[]
  /** Both private keys and the preshared one that stood in an event. */
  toldKeys: number
}

const NAME = 'wgcontrol0'
const { status } = spawnSync('mount', ['-t', 'tmpfs', 'none', '/run'], { env: environmentWithSbin() })
if (status !== 0) throw new Error('/run cannot be covered')
spawnSync('ip', ['link', 'set', 'lo', 'up'], { env: environmentWithSbin() })

const [own, other, later] = [keyPair(), keyPair(), keyPair()]
const preshared = Buffer.alloc(32, 7).toString('base64')
const base64 = (key: Buffer) => key.toString('base64')
writeFileSync('/run/psk', preshared, { mode: 0o600 })
writeFileSync('/run/key', base64(later.private), { mode: 0o600 })

const events: unknown[] = []
const conf = readConf(`[Interface]
PrivateKey = ${base64(own.private)}
[Peer]
PublicKey = ${base64(other.public)}
AllowedIPs = 10.9.0.1/32`)
const emit = ((name: string, data: unknown) => void events.push({ name, data })) as Emitter
const peer = await startVpnPeer({ mechanism: 'vpn', conf, host: '127.0.0.1' }, emit)
const control = await openControl(NAME, (request) => peer.answer(request))
const mode = (statSync(`/run/wireguard/${NAME}.sock`).mode & 0o777).toString(8)

const wg = async (...args: string[]) =>
  (await promisify(execFile)('wg', args, { env: environmentWithSbin() })).stdout
const dumps = [await wg('show', NAME, 'dump')]
const about = ['peer', base64(other.public)]
const settings = ['preshared-key', '/run/psk', 'endpoint', '[::1]:7', 'persistent-keepalive', '25']
await wg('set', NAME, 'listen-port', '51999', ...about, ...settings, 'allowed-ips', 'fd00::/64')
dumps.push(await wg('show', NAME, 'dump'))
await wg('set', NAME, 'private-key', '/run/key', ...about, 'remove')
dumps.push(await wg('show', NAME, 'dump'))

await control.close()
await peer.close()
const told = JSON.stringify(events)
const keys = [base64(own.private), base64(later.private), preshared]
const report: ControlReport = { mode, dumps, toldKeys: keys.filter((key) => told.includes(key)).length }
process.stdout.write(JSON.stringify(report))
process.exit()
