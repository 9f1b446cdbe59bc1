/**
 * The kernel's bridge and our switch side by side: each frame is sent to the bridge and given to the switch, and where
 * it left the one is compared with where it left the other. Started by bridge.test.ts inside namespaces of its own.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { PacketRing } from '../../src/kernel/capture/packet-ring.ts'
import { systemCalls } from '../../src/kernel/capture/system-calls.ts'
import { randomFrom } from '../../src/lab/random.ts'
import { LearningSwitch } from '../../src/wire/learning-switch.ts'
import {
  ALL_HOSTS,
  ALL_ROUTERS,
  asks,
  asksFor,
  type Body,
  experimental,
  GROUPS,
  joins,
  joins3,
  leaves,
  macOfGroup,
  numberIn,
  toGroup,
} from './group-frames.ts'

const PORTS = [0, 1, 2, 3]
const STATIONS = 24
const FRAMES = 3000
const AGEING_MS = 2000
/** A table with room for a third of the stations. */
const FULL = 8
const BROADCAST = 'ffffffffffff'
/** What the address of each station of ours begins with. */
const OURS = '02000000'
const GROUP = macOfGroup(GROUPS[0])
/** More than two of the times that queries allow for an answer. */
const ANSWERED_MS = 400

const system = systemCalls()
const random = randomFrom(20)
const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T

function run(...argv: string[]): string {
  const [program = '', ...args] = argv
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: environmentWithSbin(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1')
// On two processors two frames could overtake each other, and the bridge would learn in another order.
run('taskset', '-cp', '0', String(process.pid))
run('ip', 'link', 'add', 'br0', 'type', 'bridge', 'ageing_time', String(AGEING_MS / 10))
run('ip', 'link', 'set', 'br0', 'up')
for (const port of PORTS) {
  run('ip', 'link', 'add', `e${port}`, 'type', 'veth', 'peer', 'name', `p${port}`)
  run('ip', 'link', 'set', `p${port}`, 'master', 'br0', 'up')
  run('ip', 'link', 'set', `e${port}`, 'up')
}
const rings = PORTS.map((port) => PacketRing.open(system, '/proc/self/ns/net', `e${port}`))

interface Sent {
  words: string
  ours: number[]
  /** Filled when the frame comes out of the bridge. */
  kernels: number[]
}
let sent: Sent[] = []
const reasons: Record<string, number> = {}

/** Takes what has come out of the bridge. */
function collect(): void {
  for (const port of PORTS) {
    const ring = rings[port] as PacketRing
    for (let frame = ring.head(); frame !== null; frame = ring.head()) {
      // The bridge itself has something to say, too.
      if (frame.direction === 'received' && frame.bytes.toString('hex', 6, 10) === OURS) {
        sent[numberIn(frame.bytes)]?.kernels.push(port)
      }
      ring.release()
    }
  }
}

function send(
  device: LearningSwitch<number>,
  port: number,
  source: string,
  destination: string,
  body: Body = experimental,
): void {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(sent.length)
  const frame = Buffer.concat([Buffer.from(destination + source, 'hex'), body(number)])
  const { to, because } = device.enter(frame, port, performance.now())
  reasons[because] = (reasons[because] ?? 0) + 1
  sent.push({ words: `${source} > ${destination} at ${port}: ${because}`, ours: [...to].sort(), kernels: [] })
  if (!system.send((rings[port] as PacketRing).fd, frame)) throw new Error('the card did not take a frame')
  collect()
}

/** What is different, of all frames since the last time it was asked. */
async function differences(): Promise<string[]> {
  await delay(50)
  collect()
  const all = sent
  sent = []
  return all
    .filter(({ ours, kernels }) => ours.join() !== kernels.sort().join())
    .map(({ words, ours, kernels }) => `${words}: [${ours}], the kernel [${kernels}]`)
}

const home: number[] = Array.from({ length: STATIONS }, () => oneOf(PORTS))
const macOf = (station: number) => `${OURS}00${station.toString(16).padStart(2, '0')}`
const stations = home.map((_, station) => station)

function sendRandom(device: LearningSwitch<number>): void {
  const station = oneOf(stations)
  if (random() < 0.03) home[station] = oneOf(PORTS)
  const port = home[station] as number
  const kind = random()
  const to = (destination: string, body?: Body) => send(device, port, macOf(station), destination, body)
  if (kind < 0.6) to(macOf(oneOf(stations)))
  else if (kind < 0.7) to(`0600000000${Math.floor(random() * 200 + 16).toString(16)}`)
  else if (kind < 0.8) to(BROADCAST)
  else if (kind < 0.9) to(GROUP, toGroup(GROUPS[0]))
  else if (kind < 0.91) to(GROUP, joins(GROUPS[0]))
  else if (kind < 0.93) to('01005e000005')
  else if (kind < 0.95) to('0180c200000e')
  else if (kind < 0.97) to('0180c2000000')
  else if (kind < 0.98) to('0180c2000001')
  else if (kind < 0.99) send(device, port, '010000000001', macOf(oneOf(stations)))
  else send(device, port, '000000000000', macOf(oneOf(stations)))
}

const device = new LearningSwitch(PORTS, { ageingMs: AGEING_MS, addressesMax: 8192 })
const began = performance.now()
for (let frame = 0; frame < FRAMES; frame++) sendRandom(device)
const framesMs = performance.now() - began
const mixed = { frames: sent.length, framesMs, differences: await differences(), reasons: { ...reasons } }

// Every other station is heard again in time; the rest are forgotten.
for (const station of stations) send(device, home[station] as number, macOf(station), BROADCAST)
await delay(0.65 * AGEING_MS)
for (const station of stations.filter((one) => one % 2 === 0)) {
  send(device, home[station] as number, macOf(station), BROADCAST)
}
// The kernel looks for what is too old when the oldest entry is, and up to a fifth later.
await delay(0.7 * AGEING_MS)
const beforeAged = { ...reasons }
for (const station of stations) send(device, 0, '020000000099', macOf(station))
const unknown = (reasons.unknown ?? 0) - (beforeAged.unknown ?? 0)
const aged = { unknown, frames: sent.length, differences: await differences() }

run('ip', 'link', 'set', 'br0', 'type', 'bridge', 'ageing_time', '0', 'fdb_flush')
const forgetful = new LearningSwitch(PORTS, { ageingMs: 0, addressesMax: 8192 })
for (let frame = 0; frame < 200; frame++) sendRandom(forgetful)
const ageless = { differences: await differences() }

run('ip', 'link', 'set', 'br0', 'type', 'bridge', 'ageing_time', '30000', 'fdb_flush')
limitLearned('br0', FULL)
const small = new LearningSwitch(PORTS, { ageingMs: 300_000, addressesMax: FULL })
for (const station of stations) send(small, home[station] as number, macOf(station), BROADCAST)
const learned = JSON.parse(run('bridge', '-j', 'fdb', 'show', 'br', 'br0', 'dynamic')).length as number
for (let frame = 0; frame < 1000; frame++) sendRandom(small)
const full = { learned, differences: await differences() }

const queried = await withQuerier()

process.stdout.write(JSON.stringify({ mixed, aged, ageless, full, queried }))
process.exit()

/** A bridge of its own, since the first one has heard many joins; then queries, of which the first has lower priority. */
async function withQuerier() {
  run('ip', 'link', 'add', 'br1', 'type', 'bridge', 'ageing_time', '30000')
  run('ip', 'link', 'set', 'br1', 'up')
  for (const port of PORTS) run('ip', 'link', 'set', `p${port}`, 'master', 'br1')
  const snooping = new LearningSwitch(PORTS, { ageingMs: 300_000, addressesMax: 8192 })
  const before = reasons.joined ?? 0
  const [first, higher, lower] = ['0a000005', '0a000009', '0a000001'] as const
  const ask = (port: number, to: string, body: Body) => send(snooping, port, '0200000000aa', to, body)
  const found: string[] = []
  const talk = async (frames: number) => {
    for (let frame = 0; frame < frames; frame++) sendToGroups(snooping)
    found.push(...(await differences()))
  }
  await talk(200)
  ask(0, macOfGroup(ALL_HOSTS), asks(first))
  await talk(20)
  await delay(ANSWERED_MS)
  await talk(800)
  ask(0, GROUP, asksFor(GROUPS[0], first))
  // Nobody answers: in two of its times they are forgotten.
  await delay(ANSWERED_MS)
  for (const port of PORTS) ask(port, GROUP, toGroup(GROUPS[0]))
  await talk(300)
  ask(2, macOfGroup(ALL_HOSTS), asks(higher))
  await talk(300)
  ask(3, macOfGroup(ALL_HOSTS), asks(lower))
  await talk(300)
  return { joined: (reasons.joined ?? 0) - before, differences: found }
}

function sendToGroups(device: LearningSwitch<number>): void {
  const station = oneOf(stations)
  const group = oneOf(GROUPS)
  const kind = random()
  const to = (destination: string, body?: Body) =>
    send(device, home[station] as number, macOf(station), destination, body)
  if (kind < 0.1) to(macOf(oneOf(stations)))
  else if (kind < 0.6) to(macOfGroup(group), toGroup(group))
  // A group that few join, and one that nobody does.
  else if (kind < 0.64) to(macOfGroup(group), joins(station === 0 ? group : GROUPS[0]))
  else if (kind < 0.66) to('01005e000016', joins3(GROUPS[1]))
  else if (kind < 0.7) to(macOfGroup(ALL_ROUTERS), leaves(group))
  else if (kind < 0.8) to('01005e7f0001', toGroup('ef7f0001'))
  else if (kind < 0.9) to('01005e000005', toGroup('e0000005'))
  else to('01005e010109')
}

/** What iproute2 says as `fdb_max_learned` since 6.8, in the words of netlink (rtnetlink(7), linux/if_link.h). */
function limitLearned(bridge: string, most: number): void {
  const [AF_NETLINK, SOCK_RAW, NETLINK_ROUTE] = [16, 3, 0]
  const [RTM_NEWLINK, NLM_F_REQUEST] = [16, 1]
  const [IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_BR_FDB_MAX_LEARNED] = [18, 1, 2, 49]
  const words = (...values: number[]) => Buffer.from(Uint32Array.of(...values).buffer)
  const halves = (...values: number[]) => Buffer.from(Uint16Array.of(...values).buffer)
  const attribute = (type: number, value: Buffer) => {
    const padding = Buffer.alloc(-value.length & 3)
    return Buffer.concat([halves(4 + value.length, type), value, padding])
  }
  const index = system.ifNameToIndex(bridge)
  const data = attribute(IFLA_INFO_DATA, attribute(IFLA_BR_FDB_MAX_LEARNED, words(most)))
  const kind = attribute(IFLA_INFO_KIND, Buffer.from('bridge\0'))
  const about = Buffer.concat([words(0, index, 0, 0), attribute(IFLA_LINKINFO, Buffer.concat([kind, data]))])
  const header = Buffer.concat([words(16 + about.length), halves(RTM_NEWLINK, NLM_F_REQUEST), words(1, 0)])
  system.send(system.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), Buffer.concat([header, about]))
}
