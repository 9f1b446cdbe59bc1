/**
 * Inside namespaces of its own, started by wire.ts: two hosts for each way, which is a veth and nothing else, the cable
 * that is a program, the kernel's bridge, or the switch that is a program. Ways that are compared take turns, so that
 * whatever else goes on meets them alike.
 *
 *      x: 10.9.n.1                                                       y: 10.9.n.2
 *        eth0  ====  nothing, cable, bridge, switch, by a port each  ====  eth0
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { plainLink } from '../src/hosts/host.ts'
import { CableProcess } from '../src/kernel/cable/cable-process.ts'
import { OUTBOX_FRAMES, Outbox } from '../src/kernel/capture/outbox.ts'
import { PacketRing } from '../src/kernel/capture/packet-ring.ts'
import { systemCalls } from '../src/kernel/capture/system-calls.ts'
import { parseCard } from '../src/kernel/card.ts'
import { SwitchProcess } from '../src/kernel/switch/switch-process.ts'
import { ENV, median, processorMs, run } from './parts/inside.ts'

/** In one second, bytes or frames; in milliseconds; shares of a processor. */
export interface Figures {
  stream: { veth: number; cable: number }
  frames: { bridge: number; program: number }
  roundTripMs: { veth: number; cable: number }
  /**
   * How far the 99th of 100 frames was above what was asked for, the middle one too, and the shortest one below; and the
   * 99th of 100 waits as long, of a process that did nothing else meanwhile: what this machine adds by itself.
   */
  delay: { askedMs: number; medianOverMs: number; overMs: number; underMs: number; waitOverMs: number }
  idle: { cable: number; switch: number }
}

const TURNS = 5
const TURN_MS = 1500
const ROUND_TRIPS = 1000
const DELAY_MS = 10
const DELAYED = 1000
const IDLE_MS = 5000
/** Waits so long, 300 times, about as long as the frames take, and says how late the 99th of 100 was. */
const WAITING = `const word = new Int32Array(new SharedArrayBuffer(4))
const late = Array.from({ length: 300 }, () => {
  const began = performance.now()
  Atomics.wait(word, 0, 0, Number(process.argv[1]))
  return performance.now() - began - Number(process.argv[1])
}).sort((one, other) => one - other)
console.log(late[296])`
/** As the labs have them: a segment is a frame, and not forty in one. */
const ONE_SEGMENT = ['gso_max_segs', '1']
/** The type that IEEE 802 has for experiments: no kernel has anything to do with it. */
const EXPERIMENTAL = 0x88b5
const NUMBER_AT = 14
/** 64 with its check sequence. */
const FRAME_BYTES = 60

const { folder, cable: cableBundle, switch: switchBundle } = JSON.parse(process.argv[2] ?? '{}')
const about = { run: 'bench', lab: 'bench', folder }
const system = systemCalls()
const started: ChildProcess[] = []

run('mount', '-t', 'tmpfs', 'none', '/run')
run('mount', '-t', 'sysfs', 'none', '/sys')

const ways = { veth: way(1), cable: way(2), bridge: way(3), program: way(4) }
type Way = ReturnType<typeof way>

connectDirectly(ways.veth)
for (const each of [ways.cable, ways.bridge, ways.program]) connectByPorts(each)
run('ip', 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
run('ip', 'link', 'set', 'br0', 'up')
for (const port of ways.bridge.ports) run('ip', 'link', 'set', port, 'master', 'br0')
const cables = await CableProcess.start(cableBundle, about)
const [cableA, cableB] = ways.cable.ports
await cables.connect('cable', { a: cableA, b: cableB, link: plainLink })
const switches = await SwitchProcess.start(switchBundle, about)
await switches.connect('program', ways.program.ports, { kind: 'learning-switch' })

const streams = { veth: [] as number[], cable: [] as number[] }
const roundTrips = { veth: [] as number[], cable: [] as number[] }
const peers = { veth: await peer(ways.veth), cable: await peer(ways.cable) }
for (let turn = 0; turn < TURNS; turn++) {
  for (const name of ['veth', 'cable'] as const) {
    streams[name].push((await peers[name].ask('stream', TURN_MS))[0] ?? 0)
    roundTrips[name].push(...(await peers[name].ask('ping', ROUND_TRIPS / TURNS)))
  }
}

await cables.of('cable').set('aToB', { delayMs: DELAY_MS })
const waits = once(spawn(process.execPath, ['-e', WAITING, String(DELAY_MS)]).stdout, 'data')
const delayed = sorted(await underWayMs(ways.cable))
const waitOverMs = Number(String((await waits)[0]))
await cables.of('cable').set('aToB', { delayMs: 0 })
const over = (share: number) => (delayed[Math.ceil(share * delayed.length) - 1] ?? 0) - DELAY_MS

const frames = { bridge: [] as number[], program: [] as number[] }
for (const name of ['bridge', 'program'] as const) greet(ways[name])
for (let turn = 0; turn < TURNS; turn++) {
  for (const name of ['bridge', 'program'] as const) frames[name].push(await framesThrough(ways[name]))
}

for (const child of started) child.kill()
// What is still in queues passes, and the once-a-second questions come to rest.
await delay(2000)
const before = [cpuMs(cableBundle), cpuMs(switchBundle)]
await delay(IDLE_MS)
const [cable = 0, switchShare = 0] = [cpuMs(cableBundle), cpuMs(switchBundle)].map(
  (spent, index) => (spent - (before[index] ?? 0)) / IDLE_MS,
)
const figures: Figures = {
  stream: { veth: median(streams.veth), cable: median(streams.cable) },
  frames: { bridge: median(frames.bridge), program: median(frames.program) },
  roundTripMs: { veth: median(roundTrips.veth), cable: median(roundTrips.cable) },
  delay: {
    askedMs: DELAY_MS,
    medianOverMs: over(0.5),
    overMs: over(0.99),
    underMs: DELAY_MS - (delayed[0] ?? 0),
    waitOverMs,
  },
  idle: { cable, switch: switchShare },
}
await cables.stop()
await switches.stop()
process.stdout.write(JSON.stringify(figures))
process.exit()

/** Two hosts, and the names of their ports here, where something is between them. */
function way(number: number) {
  const [x, y] = [1, 2].map((last) => {
    const name = `h${number}${last}`
    run('ip', 'netns', 'add', name)
    return { name, address: `10.9.${number}.${last}`, mac: `02:00:0a:09:0${number}:0${last}` }
  }) as [Hosted, Hosted]
  return { x, y, ports: [`p${number}1`, `p${number}2`] as [string, string] }
}

interface Hosted {
  name: string
  address: string
  mac: string
}

function connectDirectly({ x, y }: Way): void {
  const end = ({ name, mac }: Hosted) => ['name', 'eth0', ...ONE_SEGMENT, 'address', mac, 'netns', name]
  run('ip', 'link', 'add', ...end(x), 'type', 'veth', 'peer', ...end(y))
  for (const host of [x, y]) up(host)
}

function connectByPorts({ x, y, ports }: Way): void {
  for (const [index, host] of [x, y].entries()) {
    const { name, mac } = host
    const far = ['name', 'eth0', ...ONE_SEGMENT, 'address', mac, 'netns', name]
    const port = ports[index] ?? ''
    run('ip', 'link', 'add', 'name', port, ...ONE_SEGMENT, 'type', 'veth', 'peer', ...far)
    run('ip', 'link', 'set', port, 'up')
    up(host)
  }
}

function up({ name, address }: Hosted): void {
  run('ip', 'netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
  run('ip', '-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0')
  run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
}

/** A server at y and a client at x, which answers on a line what it has measured. */
async function peer({ x, y }: Way) {
  const script = fileURLToPath(new URL('wire-peer.ts', import.meta.url))
  const at = (host: Hosted, ...args: string[]) => {
    const command = ['netns', 'exec', host.name, process.execPath, '--import', 'tsx', script, ...args]
    const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'], env: ENV })
    started.push(child)
    return child
  }
  const server = at(y, 'serve', y.address)
  await once(server.stdout, 'data')
  const client = at(x, 'ask', y.address)
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]()
  return {
    async ask(what: 'stream' | 'ping', amount: number): Promise<number[]> {
      client.stdin.write(`${what} ${amount}\n`)
      return JSON.parse((await lines.next()).value ?? '[]')
    },
  }
}

/** y says something, so that whatever is between knows where it is. */
function greet({ x, y }: Way): void {
  const socket = cardOf(y)
  system.send(socket, frame(y, x))
  closeSync(socket)
}

/** How long each of some frames took from x to y, by the kernel's stamps at either card. */
async function underWayMs({ x, y }: Way): Promise<number[]> {
  const [atX, atY] = [x, y].map(({ name }) => PacketRing.open(system, `/run/netns/${name}`, 'eth0')) as [
    PacketRing,
    PacketRing,
  ]
  const sentNs = new Map<number, bigint>()
  const times: number[] = []
  const look = (ring: PacketRing, take: (number: number, atNs: bigint) => void) => {
    for (let seen = ring.head(); seen !== null; seen = ring.head()) {
      if (seen.bytes.readUInt16BE(12) === EXPERIMENTAL) take(seen.bytes.readUInt32BE(NUMBER_AT), seen.wallNs)
      ring.release()
    }
  }
  // A packet socket does not hear what it has sent itself.
  const socket = cardOf(x)
  const one = frame(x, y)
  for (let number = 0; number < DELAYED; number++) {
    one.writeUInt32BE(number, NUMBER_AT)
    system.send(socket, one)
    await delay(2 + 2 * Math.random())
  }
  await delay(10 * DELAY_MS)
  look(atX, (number, atNs) => sentNs.set(number, atNs))
  look(atY, (number, atNs) => times.push(Number(atNs - (sentNs.get(number) ?? 0n)) / 1e6))
  atX.close()
  atY.close()
  closeSync(socket)
  if (times.length !== DELAYED) throw new Error(`${times.length} of ${DELAYED} frames arrived`)
  return times
}

/** From x to y for a while, as fast as they are taken; those that arrived, a second. */
async function framesThrough({ x, y }: Way): Promise<number> {
  const socket = cardOf(x)
  const outbox = new Outbox(system, socket)
  const one = frame(x, y)
  const received = () =>
    parseCard(run('ip', '-n', y.name, '-j', '-s', '-s', 'link', 'show', 'dev', 'eth0')).receivedFrames
  const before = received()
  const began = performance.now()
  while (performance.now() - began < TURN_MS) {
    for (let count = 0; count < OUTBOX_FRAMES; count++) outbox.add(one)
    outbox.flush()
  }
  const ended = performance.now()
  const count = received() - before
  // What is still in the ring of the switch is not of this turn, nor of the next one.
  await delay(100)
  outbox.close()
  closeSync(socket)
  return (1000 * count) / (ended - began)
}

function frame(from: Hosted, to: Hosted): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES)
  bytes.write(`${to.mac}${from.mac}`.replaceAll(':', ''), 'hex')
  bytes.writeUInt16BE(EXPERIMENTAL, 12)
  return bytes
}

/** A packet socket of a host's card that sends and hears nothing. */
function cardOf({ name }: Hosted): number {
  const [AF_PACKET, SOCK_RAW, CLONE_NEWNET] = [17, 3, 0x4000_0000]
  const [there, here] = [`/run/netns/${name}`, '/proc/self/ns/net'].map((path) => openSync(path, 'r')) as [
    number,
    number,
  ]
  system.setns(there, CLONE_NEWNET)
  try {
    const socket = system.socket(AF_PACKET, SOCK_RAW, 0)
    const address = Buffer.alloc(20) // struct sockaddr_ll: family, protocol 0, index
    address.set(new Uint8Array(Uint16Array.of(AF_PACKET).buffer), 0)
    address.set(new Uint8Array(Uint32Array.of(system.ifNameToIndex('eth0')).buffer), 4)
    system.bind(socket, address)
    return socket
  } finally {
    system.setns(here, CLONE_NEWNET)
    closeSync(there)
    closeSync(here)
  }
}

/** Of the process that was started from a bundle, all of its threads. */
function cpuMs(bundle: string): number {
  const isOurs = (pid: string) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === bundle
    } catch {
      return false
    }
  }
  const pid = readdirSync('/proc').find(isOurs)
  return pid === undefined ? 0 : processorMs(Number(pid))
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other)
}
