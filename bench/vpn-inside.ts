/**
 * Inside namespaces of its own, started by vpn.ts: three ways between two hosts, which take turns.
 *
 *      x                                                              y
 *      veth  10.8.1.1  =============================================  10.8.1.2
 *      ours  10.9.2.1  [our vpn-peer]     === 10.8.2.0/24 ===  [wireguard-go]  10.9.2.2
 *      go    10.9.3.1  [wireguard-go]     === 10.8.3.0/24 ===  [wireguard-go]  10.9.3.2
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { keyPair } from '../src/protocols/wireguard/primitives.ts'
import { ENV, median, processorMs, run } from './parts/inside.ts'

type Way = 'veth' | 'ours' | 'go'
type Directions = { up: number; down: number }

/** Bytes a second; milliseconds. `up`: from x to y. */
export interface VpnFigures {
  stream: Record<Way, Directions>
  roundTripMs: Record<Way, number>
  /** Of the process at x that encrypts and decrypts, for a million bytes of TCP, both directions together. */
  processorMsPerMb: { ours: number; go: number }
  /** From SIGINT until ours was gone. */
  exitMs: number
}

const WAYS: readonly Way[] = ['veth', 'ours', 'go']
const TURNS = 3
const TURN_MS = 1500
const ROUND_TRIPS = 300
const MTU = '1420'
const OUTER_PORT = 51_820
const STARTS_WITHIN_MS = 5000
const LOOK_EVERY_MS = 50
const started: ChildProcess[] = []

run('mount', '-t', 'tmpfs', 'none', '/run')
mkdirSync('/run/wireguard')

interface Host {
  name: string
  outer: string
  /** What TCP speaks to. */
  inner: string
}
const hosts = Object.fromEntries(
  WAYS.map((way, index) => [way, hostsOf(way, index + 1)]),
) as unknown as Record<Way, { x: Host; y: Host }>
for (const way of WAYS) connectHosts(hosts[way])
const encrypting = { ours: await tunnel('ours'), go: await tunnel('go') }

const asked = {} as Record<Way, { up: Peer; down: Peer }>
for (const way of WAYS) {
  const { x, y } = hosts[way]
  asked[way] = { up: await peer(x, y), down: await peer(y, x) }
}

const streams = Object.fromEntries(WAYS.map((way) => [way, { up: [], down: [] }])) as unknown as Record<
  Way,
  Record<keyof Directions, number[]>
>
const roundTrips = { veth: [], ours: [], go: [] } as Record<Way, number[]>
const spent = { ours: { ms: 0, bytes: 0 }, go: { ms: 0, bytes: 0 } }
for (let turn = 0; turn < TURNS; turn++) {
  for (const way of WAYS) {
    for (const direction of ['up', 'down'] as const) {
      const before = encryptingMs(way)
      const rate = (await asked[way][direction].ask('stream', TURN_MS))[0] ?? 0
      streams[way][direction].push(rate)
      if (way === 'veth') continue
      spent[way].ms += encryptingMs(way) - before
      spent[way].bytes += (rate * TURN_MS) / 1000
    }
    roundTrips[way].push(...(await asked[way].up.ask('ping', ROUND_TRIPS / TURNS)))
  }
}

const ended = once(encrypting.ours, 'exit')
const began = performance.now()
encrypting.ours.kill('SIGINT')
await ended
const exitMs = performance.now() - began
for (const child of started) child.kill('SIGKILL')

const both = (way: Way) => ({ up: median(streams[way].up), down: median(streams[way].down) })
const perMb = ({ ms, bytes }: { ms: number; bytes: number }) => (1e6 * ms) / bytes
const figures: VpnFigures = {
  stream: { veth: both('veth'), ours: both('ours'), go: both('go') },
  roundTripMs: {
    veth: median(roundTrips.veth),
    ours: median(roundTrips.ours),
    go: median(roundTrips.go),
  },
  processorMsPerMb: { ours: perMb(spent.ours), go: perMb(spent.go) },
  exitMs,
}
process.stdout.write(JSON.stringify(figures))
process.exit()

function hostsOf(way: Way, number: number): { x: Host; y: Host } {
  const [x, y] = [1, 2].map((last) => {
    const outer = `10.8.${number}.${last}`
    return { name: `${way}${last}`, outer, inner: way === 'veth' ? outer : `10.9.${number}.${last}` }
  }) as [Host, Host]
  return { x, y }
}

function connectHosts({ x, y }: { x: Host; y: Host }): void {
  for (const { name } of [x, y]) run('ip', 'netns', 'add', name)
  const end = ({ name }: Host) => ['name', 'eth0', 'netns', name]
  run('ip', 'link', 'add', ...end(x), 'type', 'veth', 'peer', ...end(y))
  for (const { name, outer } of [x, y]) {
    run('ip', '-n', name, 'address', 'add', `${outer}/24`, 'dev', 'eth0')
    run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
    run('ip', '-n', name, 'link', 'set', 'lo', 'up')
  }
}

/** @returns the process at x */
async function tunnel(way: 'ours' | 'go'): Promise<ChildProcess> {
  const { x, y } = hosts[way]
  const keys = { x: keyPair(), y: keyPair() }
  const conf = (own: 'x' | 'y') => {
    const [mine, other, far] = own === 'x' ? [keys.x, keys.y, y] : [keys.y, keys.x, x]
    return `[Interface]
PrivateKey = ${mine.private.toString('base64')}
ListenPort = ${OUTER_PORT}
[Peer]
PublicKey = ${other.public.toString('base64')}
AllowedIPs = ${far.inner}/32
Endpoint = ${far.outer}:${OUTER_PORT}
`
  }
  await wireguardGo(y, conf('y'))
  return way === 'go' ? wireguardGo(x, conf('x')) : ourPeer(x, conf('x'))
}

async function wireguardGo({ name, inner }: Host, conf: string): Promise<ChildProcess> {
  const device = `wg${name}`
  const child = inHost(name, 'wireguard-go', '-f', device)
  for (let waitedMs = 0; spawnSync('wg', ['show', device], { env: ENV }).status !== 0; ) {
    waitedMs += LOOK_EVERY_MS
    if (waitedMs > STARTS_WITHIN_MS) throw new Error(`wireguard-go did not start in ${STARTS_WITHIN_MS} ms`)
    await delay(LOOK_EVERY_MS)
  }
  run('wg', 'setconf', device, writtenConf(device, conf))
  raise(name, device, inner)
  return child
}

async function ourPeer({ name, inner }: Host, conf: string): Promise<ChildProcess> {
  const device = `wg${name}`
  const script = fileURLToPath(new URL('../src/programs/vpn-peer.ts', import.meta.url))
  const file = writtenConf(device, conf)
  const child = inHost(name, process.execPath, '--import', 'tsx', script, '--conf', file, '--tun', device)
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => line.includes('program:ready') && resolve())
    child.once('exit', (status) => reject(new Error(`vpn-peer ended with ${status}`)))
  })
  raise(name, device, inner)
  return child
}

function writtenConf(device: string, conf: string): string {
  const file = `/run/${device}.conf`
  writeFileSync(file, conf, { mode: 0o600 })
  return file
}

function raise(name: string, device: string, inner: string): void {
  run('ip', '-n', name, 'address', 'add', `${inner}/24`, 'dev', device)
  run('ip', '-n', name, 'link', 'set', device, 'mtu', MTU, 'up')
}

interface Peer {
  ask(what: 'stream' | 'ping', amount: number): Promise<number[]>
}

/** A server at `to`, and at `from` who speaks to it and answers on a line what it has measured. */
async function peer(from: Host, to: Host): Promise<Peer> {
  const script = fileURLToPath(new URL('wire-peer.ts', import.meta.url))
  const server = inHost(to.name, process.execPath, '--import', 'tsx', script, 'serve', to.inner)
  await once(server.stdout, 'data')
  const client = inHost(from.name, process.execPath, '--import', 'tsx', script, 'ask', to.inner)
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]()
  return {
    async ask(what, amount) {
      client.stdin.write(`${what} ${amount}\n`)
      return JSON.parse((await lines.next()).value ?? '[]')
    },
  }
}

function inHost(name: string, ...argv: string[]) {
  const child = spawn('ip', ['netns', 'exec', name, ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: ENV,
  })
  started.push(child)
  return child
}

/** Of the process that encrypts at x; `ip netns exec` becomes what it starts. */
function encryptingMs(way: Way): number {
  return way === 'veth' ? 0 : processorMs(encrypting[way].pid)
}
