/**
 * Our end of a VPN beside wireguard-go, in all that takes a while, at the same time: keys are made anew, keep-alives of
 * both kinds, cookies under load, ends that move, a way that loses and reorders. Started by wireguard-go.test.ts.
 *
 *     host inside, 10.9.n.2 -- our end -- 127.0.0.1, or a way there -- wireguard-go -- this kernel, 10.9.n.1
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../../src/events/emit.ts'
import { readConf } from '../../src/programs/parts/wireguard-conf.ts'
import { startVpnPeer, type VpnPeer } from '../../src/programs/vpn-peer.ts'
import { LABEL_MAC1 } from '../../src/protocols/wireguard/constants.ts'
import { hash, mac } from '../../src/protocols/wireguard/primitives.ts'
import { openWay, type Way, type WaySettings } from './lossy-way.ts'
import {
  coverControlFolder,
  newKeys,
  run,
  startWireguardGo,
  type WireguardGo,
  type WireguardKeys,
} from './wireguard-go-end.ts'

export type Told = [name: string, data: Record<string, unknown>][]
type Counts = { sent: number; received: number }

export interface MatrixReport {
  rekey: { pings: Counts; told: Told; forMs: number }
  passiveOfThem: Told
  passiveOfUs: Told
  persistentOfUs: { told: Told; forMs: number }
  persistentOfThem: { told: Told; forMs: number }
  /** `during`: while it was flooded, after whoever begins had time to come back with its cookie. */
  cookieOfThem: { during: Counts; after: Counts; told: Told; strangersAsked: number }
  cookieOfUs: { during: Counts; after: Counts; strangersAsked: number }
  roaming: { before: string; after: string; pings: Counts; echoes: Counts; told: Told }
  rough: { echoes: Counts; told: Told; way: Way['counts'] }
  /** A TCP connection of the kernels inside, by IPv6: bytes that went there, and came back the same. */
  ipv6Inside: Counts
}

const HOST = '127.0.0.1'
const FIRST_PORT = 52_000
/** Over two rekeyings: REKEY_AFTER_TIME is 120 s (WireGuard paper, section 6.1). */
const REKEY_FOR_MS = 250_000
const PING_EVERY_MS = 1000
/** KEEPALIVE_TIMEOUT is 10 s. */
const PASSIVE_WITHIN_MS = 12_000
const PERSISTENT_SECONDS = 2
const PERSISTENT_FOR_MS = 9000
/**
 * More than is taken without asking for cookies: by wireguard-go while 128 wait in its queue, by ours when 100 came in a
 * second. Less than what a socket holds.
 */
const FLOODS = { them: { messages: 300, everyMs: 150 }, us: { messages: 50, everyMs: 50 } }
/** A handshake is begun again with the cookie after REKEY_TIMEOUT, 5 s. */
const FLOOD_FOR_MS = 14_000
const COOKIE_KNOWN_MS = 8_000
const INITIATION_BYTES = 148
const COOKIE_REPLY_TYPE = 3
const MACS_BYTES = 32
const ROUGH_ECHOES = 1000
const SETTLED_MS = 500
/** 15 s. */
const READY_LOOKS_MAX = 30
const IPV6_PORT = 51_820
const IPV6_BYTES = 300_000
const ECHO_PORT = 9000
/** Sends back what it gets; tells when it listens. */
const ECHO_SERVER = `require('node:net').createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  .listen(9000, process.argv[1], () => console.log('listening'))`

interface Wish {
  begins: 'us' | 'them'
  keepaliveSeconds?: { us?: number; them?: number }
  way?: WaySettings
}

interface Pair {
  peer: VpnPeer
  other: WireguardGo
  way: Way | null
  told: Told
  ports: { us: number; them: number }
  keys: { us: WireguardKeys; them: WireguardKeys }
  inside: { us: string; them: string; nobody: string }
}

const pairs: Pair[] = []

/** @param number of the pair: its ports, its addresses and its device follow from it */
async function open(number: number, { begins, keepaliveSeconds = {}, way: wanted }: Wish): Promise<Pair> {
  const ports = { us: FIRST_PORT + 2 * number, them: FIRST_PORT + 2 * number + 1 }
  const inside = { us: `10.9.${number}.2`, them: `10.9.${number}.1`, nobody: `10.9.${number}.77` }
  const keys = { us: newKeys(), them: newKeys() }
  const way = wanted === undefined ? null : await openWay(ports.us, ports.them, wanted)
  const keepalive = (seconds: number | undefined) =>
    seconds === undefined ? '' : `PersistentKeepalive = ${seconds}`
  const other = await startWireguardGo(
    `wgtest${number}`,
    `[Interface]
PrivateKey = ${keys.them.private}
ListenPort = ${ports.them}
[Peer]
PublicKey = ${keys.us.public}
AllowedIPs = ${inside.us}/32
${begins === 'them' ? `Endpoint = ${HOST}:${ports.us}` : ''}
${keepalive(keepaliveSeconds.them)}
`,
    `${inside.them}/24`,
  )
  const told: Told = []
  const emit = ((name: string, data: Record<string, unknown>) => void told.push([name, data])) as Emitter
  const conf = readConf(`[Interface]
PrivateKey = ${keys.us.private}
ListenPort = ${ports.us}
Address = ${inside.us}/24
[Peer]
PublicKey = ${keys.them.public}
AllowedIPs = ${inside.them}/32, ${inside.nobody}/32
${begins === 'us' ? `Endpoint = ${HOST}:${way?.port ?? ports.them}` : ''}
${keepalive(keepaliveSeconds.us)}
`)
  const peer = await startVpnPeer({ mechanism: 'vpn', conf, host: HOST }, emit)
  const pair = { peer, other, way, told, ports, keys, inside }
  pairs.push(pair)
  return pair
}

/** Counts the answers to its own pings: what waited for the first handshake may be answered while later ones are sent. */
async function ping({ peer, inside, told }: Pair, count: number, everyMs: number): Promise<Counts> {
  const numbers = (name: string) => told.flatMap(([event, { number }]) => (event === name ? [number] : []))
  const earlier = numbers('vpn:ping_sent').length
  for (let number = 0; number < count; number += 1) {
    peer.ping(inside.them)
    await delay(everyMs)
  }
  await delay(SETTLED_MS)
  const own = new Set(numbers('vpn:ping_sent').slice(earlier))
  return { sent: count, received: numbers('vpn:ping_answered').filter((number) => own.has(number)).length }
}

/** Whoever was there first began before the other could hear it, and begins again 5 s later. */
async function established({ told }: Pair): Promise<void> {
  const isDone = () => told.some(([name]) => name === 'vpn:session_made')
  for (let looks = 0; looks < READY_LOOKS_MAX && !isDone(); looks += 1) await delay(SETTLED_MS)
}

/** A first ping, and its answer, if it was not lost. */
async function begin(pair: Pair): Promise<void> {
  pair.peer.ping(pair.inside.them)
  await established(pair)
  await delay(SETTLED_MS)
}

/** From the kernel behind wireguard-go, to the host inside ours. */
async function echo({ inside }: Pair, count: number, everyMs: number): Promise<Counts> {
  const socket = createSocket('udp4')
  socket.connect(7, inside.us)
  await new Promise((resolve) => socket.once('connect', resolve))
  const heard = new Set<string>()
  socket.on('message', (datagram) => heard.add(datagram.toString()))
  for (let number = 0; number < count; number += 1) {
    socket.send(String(number))
    await delay(everyMs)
  }
  await delay(SETTLED_MS)
  socket.close()
  return { sent: count, received: heard.size }
}

/** Initiations that anybody can make who knows a public key: their first MAC is right, and nothing else. */
/** @returns how often a cookie was asked for */
async function flood(
  publicKey: string,
  port: number,
  { messages, everyMs }: { messages: number; everyMs: number },
): Promise<number> {
  const socket = createSocket('udp4')
  let asked = 0
  socket.on('message', ([type]) => {
    if (type === COOKIE_REPLY_TYPE) asked += 1
  })
  const key = hash(Buffer.from(LABEL_MAC1), Buffer.from(publicKey, 'base64'))
  for (let began = performance.now(); performance.now() - began < FLOOD_FOR_MS; ) {
    for (let number = 0; number < messages; number += 1) {
      const junk = randomBytes(INITIATION_BYTES)
      junk.writeUInt32LE(1)
      const signed = INITIATION_BYTES - MACS_BYTES
      mac(key, junk.subarray(0, signed)).copy(junk, signed)
      socket.send(junk, port, HOST)
    }
    await delay(everyMs)
  }
  socket.close()
  return asked
}

async function rekey(pair: Pair): Promise<MatrixReport['rekey']> {
  await begin(pair)
  const pings = await ping(pair, REKEY_FOR_MS / PING_EVERY_MS, PING_EVERY_MS)
  return { pings, told: withoutPackets(pair), forMs: REKEY_FOR_MS }
}

/** It is told something to which nobody behind it answers. */
async function passiveOfThem(pair: Pair): Promise<Told> {
  await begin(pair)
  pair.peer.ping(pair.inside.nobody)
  await delay(PASSIVE_WITHIN_MS)
  return withoutPackets(pair)
}

async function passiveOfUs(pair: Pair): Promise<Told> {
  await begin(pair)
  const unanswered = connect(9, pair.inside.us).on('error', () => {})
  await delay(PASSIVE_WITHIN_MS)
  unanswered.destroy()
  return withoutPackets(pair)
}

/** Of one end alone: whatever passes, either way, starts the time of both anew. */
async function persistent(pair: Pair): Promise<MatrixReport['persistentOfUs']> {
  await established(pair)
  pair.told.length = 0
  await delay(PERSISTENT_FOR_MS)
  return { told: withoutPackets(pair), forMs: PERSISTENT_FOR_MS }
}

async function cookieOfThem(pair: Pair): Promise<MatrixReport['cookieOfThem']> {
  const flooding = flood(pair.keys.them.public, pair.ports.them, FLOODS.them)
  await delay(SETTLED_MS)
  pair.peer.ping(pair.inside.them)
  await delay(COOKIE_KNOWN_MS)
  const during = await ping(pair, 10, 20)
  const strangersAsked = await flooding
  return { during, after: await ping(pair, 10, 20), told: withoutPackets(pair), strangersAsked }
}

async function cookieOfUs(pair: Pair): Promise<MatrixReport['cookieOfUs']> {
  const flooding = flood(pair.keys.us.public, pair.ports.us, FLOODS.us)
  await delay(SETTLED_MS)
  void echo(pair, 1, 0)
  await delay(COOKIE_KNOWN_MS)
  const during = await echo(pair, 10, 20)
  const strangersAsked = await flooding
  return { during, after: await echo(pair, 10, 20), strangersAsked }
}

async function roaming(pair: Pair): Promise<MatrixReport['roaming']> {
  await begin(pair)
  const before = pair.other.show('endpoints')
  await pair.way?.moveNear()
  const pings = await ping(pair, 10, 20)
  const after = pair.other.show('endpoints')
  await pair.way?.moveFar()
  const echoes = await echo(pair, 10, 20)
  return { before, after, pings, echoes, told: withoutPackets(pair) }
}

async function rough(pair: Pair): Promise<MatrixReport['rough']> {
  await begin(pair)
  const way = pair.way as Way
  const before = { ...way.counts }
  const echoes = await echo(pair, ROUGH_ECHOES, 2)
  const { passed, lost, late } = way.counts
  return {
    echoes,
    told: withoutPackets(pair),
    way: { passed: passed - before.passed, lost: lost - before.lost, late: late - before.late },
  }
}

/** The other end in a network of its own: in one and the same the kernel would not ask the tunnel. */
async function ipv6Inside(): Promise<Counts> {
  const keys = { us: newKeys(), them: newKeys() }
  const [here, there] = ['fd00:9::1', 'fd00:9::2']
  const at = ['ip', 'netns', 'exec', 'other']
  run(['mkdir', '-p', '/run/netns'])
  run(['ip', 'netns', 'add', 'other'])
  run(['ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', 'other'])
  run(['ip', 'address', 'add', '10.8.0.1/24', 'dev', 'v0'])
  run(['ip', 'link', 'set', 'v0', 'up'])
  run([...at, 'ip', 'address', 'add', '10.8.0.2/24', 'dev', 'v1'])
  run([...at, 'ip', 'link', 'set', 'v1', 'up'])
  const confOf = (own: WireguardKeys, other: WireguardKeys, inside: string, endpoint: string) => `[Interface]
PrivateKey = ${own.private}
ListenPort = ${IPV6_PORT}
[Peer]
PublicKey = ${other.public}
AllowedIPs = ${inside}/128
Endpoint = ${endpoint}:${IPV6_PORT}
`
  const other = await startWireguardGo(
    'wgsix1',
    confOf(keys.them, keys.us, here, '10.8.0.1'),
    `${there}/64`,
    at,
  )
  const conf = readConf(confOf(keys.us, keys.them, there, '10.8.0.2'))
  const quiet = (() => {}) as Emitter
  const peer = await startVpnPeer({ mechanism: 'vpn', conf, host: '10.8.0.1', tun: 'wgsix0' }, quiet)
  run(['ip', 'address', 'add', `${here}/64`, 'dev', 'wgsix0'])
  run(['ip', 'link', 'set', 'wgsix0', 'mtu', '1420', 'up'])

  const [program = '', ...args] = [...at, process.execPath, '-e', ECHO_SERVER, there]
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  const sent = randomBytes(IPV6_BYTES)
  const socket = connect(ECHO_PORT, there)
  socket.end(sent)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  server.kill()
  await peer.close()
  other.stop()
  const received = Buffer.concat(chunks)
  return { sent: sent.length, received: received.equals(sent) ? received.length : 0 }
}

function withoutPackets({ told }: Pair): Told {
  return told.filter(([name]) => !/packet_|ping_/.test(name))
}

coverControlFolder()
run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0'])
/** What starts a process keeps this one from all else: so that comes first, and then everything at the same time. */
async function all(): Promise<MatrixReport> {
  const six = await ipv6Inside()
  const quiet = await open(1, { begins: 'us' })
  const toThem = await open(2, { begins: 'us' })
  const toUs = await open(3, { begins: 'us' })
  const flooded = await open(4, { begins: 'us' })
  const flooding = await open(5, { begins: 'them' })
  const moving = await open(6, { begins: 'us', way: {} })
  const losing = await open(7, { begins: 'us', way: { loss: 0.01, late: 0.1 } })
  const ofUs = await open(8, { begins: 'us', keepaliveSeconds: { us: PERSISTENT_SECONDS } })
  const ofThem = await open(9, { begins: 'them', keepaliveSeconds: { them: PERSISTENT_SECONDS } })
  const [anew, theirs, ours, persistsHere, persistsThere, askedByThem, askedByUs, moved, lossy] =
    await Promise.all([
      rekey(quiet),
      passiveOfThem(toThem),
      passiveOfUs(toUs),
      persistent(ofUs),
      persistent(ofThem),
      cookieOfThem(flooded),
      cookieOfUs(flooding),
      roaming(moving),
      rough(losing),
    ])
  return {
    rekey: anew,
    passiveOfThem: theirs,
    passiveOfUs: ours,
    persistentOfUs: persistsHere,
    persistentOfThem: persistsThere,
    cookieOfThem: askedByThem,
    cookieOfUs: askedByUs,
    roaming: moved,
    rough: lossy,
    ipv6Inside: six,
  }
}

const report = await all()
for (const { peer, other, way } of pairs) {
  await peer.close()
  other.stop()
  way?.close()
}
process.stdout.write(JSON.stringify(report))
process.exit()
