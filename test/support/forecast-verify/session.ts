/**
 * Runs inside namespaces of its own: pairs of hosts, sockets as they were drawn between them, looked at from outside
 * while their peers fall silent. Prints what was held and what did not come true.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readOne } from '../../../src/forecast/read.ts'
import { execute } from '../../../src/hosts/commands.ts'
import { type Draw, draw, type Group } from './draws.ts'
import { type Fate, type Look, misses, type Watch } from './judge.ts'

export interface Request {
  seed: number
  sockets: number
  watchMs: number
  /** Only this one of them. */
  only: number | null
}

export interface Result {
  sockets: number
  looks: number
  misses: { draw: Draw; group: Group; said: string[] }[]
  /** By how much the own timer was late at most: what came true later than that says little. */
  latestMs: number
}

const BETWEEN_LOOK_AND_SILENCE_MS = 30
const TICK_MS = 20

const request = JSON.parse(process.argv[2] ?? '{}') as Request
const { groups, sockets, looksAtMs } = draw(request.seed, request.sockets, request.watchMs)
const chosen = sockets.filter(({ id }) => request.only === null || id === request.only)
const used = [...new Set(chosen.map(({ group }) => group))]

const nowMs = () => Number(process.hrtime.bigint()) / 1e6
const sleepUntil = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms - nowMs())))

async function must(argv: readonly string[], input = ''): Promise<void> {
  const { status, stderr } = await execute(argv, input)
  if (status !== 0) throw new Error(`${argv.join(' ')} ${input}: ${stderr}`)
}

/** One host on each side of a switch. */
async function boot(index: number): Promise<void> {
  const { sysctls, routeRtoMinMs } = groups[index] as Group
  await must(['ip', 'link', 'add', `sw${index}`, 'up', 'type', 'bridge'])
  for (const [side, last] of [
    ['c', 1],
    ['s', 2],
  ] as const) {
    const name = `${side}${index}`
    const mac = (end: number) => `02:00:00:00:${index.toString(16).padStart(2, '0')}:0${end}`
    const commands = [
      `netns add ${name}`,
      `link add ${name} up master sw${index} type veth peer name eth0 address ${mac(last)} netns ${name}`,
    ]
    await must(['ip', '-batch', '-'], `${commands.join('\n')}\n`)
    const inside = [
      'link set lo up',
      `addr add 10.${index}.0.${last}/24 dev eth0`,
      'link set eth0 up',
      ...(routeRtoMinMs > 0
        ? [`route change 10.${index}.0.0/24 dev eth0 src 10.${index}.0.${last} rto_min ${routeRtoMinMs}ms`]
        : []),
      ...(groups[index]?.fault === 'drop'
        ? [`neigh replace 10.${index}.0.${3 - last} lladdr ${mac(3 - last)} dev eth0 nud permanent`]
        : []),
    ]
    await must(['ip', '-n', name, '-batch', '-'], `${inside.join('\n')}\n`)
    // A kernel that lacks one of them does as it always did, and the forecast reads that it does.
    const settings = Object.entries(sysctls).map(
      ([path, value]) => `[ ! -e /proc/sys/${path} ] || echo ${value} >/proc/sys/${path}`,
    )
    await must(['ip', 'netns', 'exec', name, 'sh', '-c', settings.join(' && ')])
  }
}

const children: ChildProcess[] = []
function start(host: string, file: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn('ip', ['netns', 'exec', host, process.execPath, '--import', 'tsx', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

const fates = new Map<number, Fate>(chosen.map(({ id }) => [id, { endedMs: null, code: null, sentMs: null }]))
/** By group and local address; by group and descriptor of one that is connecting. */
const idOf = new Map<string, number>()

/** Resolves when its sockets are open. */
function follow(group: number, child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`a client ended with status ${code}`)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text)
      const fate = fates.get(line.id)
      if (line.ready) resolve()
      if (line.local) idOf.set(`${group} ${line.fd === undefined ? line.local : `fd ${line.fd}`}`, line.id)
      if (fate && line.sent) fate.sentMs = line.atMs
      if (fate && line.ended && fate.endedMs === null)
        Object.assign(fate, { endedMs: line.atMs, code: line.ended })
    })
  })
}

const looks = new Map<number, Look[]>()
async function lookAt(group: number, client: ChildProcess): Promise<void> {
  const beganMs = nowMs()
  const [process] = (await readOne(client.pid ?? 0)).processes
  const endedMs = nowMs()
  for (const report of process?.connections ?? []) {
    const key = report.facts.state === 'SYN-SENT' ? `fd ${report.descriptor}` : report.local
    const id = idOf.get(`${group} ${key}`)
    if (id !== undefined) looks.set(id, [...(looks.get(id) ?? []), { beganMs, endedMs, report }])
  }
}

await must(['mount', '-t', 'tmpfs', 'none', '/run'])
await must(['mount', '-t', 'sysfs', 'none', '/sys'])
for (const group of used) await boot(group)
const peers = used.map((group) => start(`s${group}`, 'peer.ts', []))
await Promise.all(peers.map((peer) => new Promise((resolve) => peer.stdout?.once('data', resolve))))
const clients = used.map((group) =>
  start(`c${group}`, 'client.ts', [
    `10.${group}.0.2`,
    JSON.stringify(chosen.filter((one) => one.group === group)),
  ]),
)
await Promise.all(clients.map((client, index) => follow(used[index] as number, client)))

let latestMs = 0
let dueMs = nowMs() + TICK_MS
setInterval(() => {
  latestMs = Math.max(latestMs, nowMs() - dueMs)
  dueMs = nowMs() + TICK_MS
}, TICK_MS)

const silences = new Map<number, Watch['silence']>()
for (const [index, group] of used.entries()) {
  await lookAt(group, clients[index] as ChildProcess)
  await sleepUntil(nowMs() + BETWEEN_LOOK_AND_SILENCE_MS)
  const minMs = nowMs()
  if (groups[group]?.fault === 'freeze') peers[index]?.kill('SIGSTOP')
  else if (groups[group]?.fault === 'no-route') {
    await must(['ip', '-n', `c${group}`, 'route', 'del', `10.${group}.0.0/24`])
  } else await must(['ip', 'link', 'set', `s${group}`, 'nomaster'])
  silences.set(group, { minMs, maxMs: nowMs() })
  clients[index]?.stdin?.write('silent\n')
}
const beganMs = nowMs()
for (const atMs of looksAtMs) {
  await sleepUntil(beganMs + atMs)
  for (const [index, group] of used.entries()) await lookAt(group, clients[index] as ChildProcess)
}
await sleepUntil(beganMs + request.watchMs)
const endMs = nowMs()

const found = chosen.flatMap((one): Result['misses'] => {
  const group = groups[one.group] as Group
  const silence = silences.get(one.group) as Watch['silence']
  const watch: Watch = {
    silence,
    endMs,
    frozen: group.fault === 'freeze',
    ownFails: group.fault === 'no-route',
  }
  const fate = fates.get(one.id) as Fate
  // A frozen peer's kernel accepts for it; and who has no route is told so at once.
  if (one.scenario === 'connecting' && (watch.frozen || watch.ownFails)) return []
  const said = (looks.get(one.id) ?? []).flatMap((look, at) =>
    misses(one, fate, look, watch).map((miss) => {
      const { state, timer, timerLeftMs, reading, retransmits, unansweredProbes, ownNetwork } =
        look.report.facts
      const facts = {
        timerLeftMs,
        retransmits,
        unansweredProbes,
        ownNetwork,
        heardAgoMs: reading?.heardAgoMs,
        recoveringMs: reading?.recoveringMs,
        dataSentAgoMs: reading?.dataSentAgoMs,
        ...reading?.info,
      }
      return `look ${at} at ${((look.beganMs - watch.silence.maxMs) / 1000).toFixed(2)} s, ${state} ${timer}: ${miss} ${JSON.stringify(facts)}`
    }),
  )
  return said.length === 0 ? [] : [{ draw: one, group, said }]
})
const result: Result = {
  sockets: chosen.length,
  looks: [...looks.values()].reduce((sum, each) => sum + each.length, 0),
  misses: found,
  latestMs,
}
process.stdout.write(JSON.stringify(result), () => {
  for (const child of children) child.kill('SIGKILL')
  process.exit()
})
