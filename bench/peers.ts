/**
 * `node --import tsx bench/peers.ts`: the same bug, looked for in three ways: a subscriber behind a cut. It waits for
 * messages with keepalive set, and nothing else. What is between it and the server is a TCP fault proxy that stops
 * forwarding, a rule of iptables, or this kit. The rule needs root, and is left out without. The proxy is our own relay,
 * in the place of toxiproxy with its "timeout", which neither Debian nor npm has.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { relayDirections } from '../src/events/vocabulary.ts'
import { open } from '../src/kit/index.ts'
import { programOf } from '../src/kit/program-function.ts'
import { startTcpRelay } from '../src/programs/relay/tcp.ts'
import { ENV } from './parts/inside.ts'

/** Node sets ten probes, a second apart, behind so long a silence. */
const IDLE_MS = 1000
const PATIENCE_MS = IDLE_MS + 10 * 1000
/** Whoever has not noticed by then does not: a retransmission more, and a busy machine. */
const WATCH_MS = PATIENCE_MS + 3000
const PORT = 7000
const PROXY_PORT = 7001

interface Row {
  way: string
  /** From the fault until the client said that its connection is lost; null: it did not. */
  noticedMs: number | null
  /** From the command until the fault was in force, and until it was known whether the client notices. */
  struckMs: number
  verdictMs: number
  needsRoot: boolean
  canFreeze: boolean
  canReboot: boolean
}

/** It publishes something five times a second. */
const publisher = async () => {
  const { createServer } = await import('node:net')
  const server = createServer((one) => {
    const timer = setInterval(() => one.write('news\n'), 200)
    one.on('error', () => {}).on('close', () => clearInterval(timer))
  })
  server.listen(7000, () => console.log('there'))
}
const subscriber = async ({ server }: { server: string }) => {
  const { connect } = await import('node:net')
  const socket = connect(Number(process.env.PORT ?? 7000), server, () => socket.setKeepAlive(true, 1000))
  socket.once('data', () => console.log('up'))
  socket.on('data', () => {})
  socket.on('error', ({ message }) => console.log(`lost: ${message}`))
}

const rows = [await byProxy(), await byKit()]
if (process.getuid?.() === 0) rows.splice(1, 0, await byIptables())
tell(rows)

async function byProxy(): Promise<Row> {
  const began = performance.now()
  const publishing = start([], publisher)
  const relay = await startTcpRelay(
    {
      mechanism: 'peer',
      protocol: 'tcp',
      listen: { host: '127.0.0.1', port: PROXY_PORT },
      to: { host: '127.0.0.1', port: PORT },
    },
    () => null as never,
  )
  await publishing.says(/there/)
  const subscribing = start([], subscriber, { PORT: String(PROXY_PORT) })
  await subscribing.says(/up/)
  for (const direction of relayDirections) relay.setMode(direction, { mode: 'hold' })
  const row = await watched(began, subscribing)
  for (const { child } of [subscribing, publishing]) child.kill('SIGKILL')
  await relay.close()
  return { way: 'a TCP proxy (our relay)', ...row, needsRoot: false, canFreeze: false, canReboot: false }
}

async function byIptables(): Promise<Row> {
  const began = performance.now()
  const holder = run(['unshare', '--net', 'sh', '-c', 'ip link set lo up && echo there && exec sleep 120'])
  await holder.says(/there/)
  const inside = ['nsenter', '--net', '--target', String(holder.child.pid)]
  const publishing = start(inside, publisher)
  await publishing.says(/there/)
  const subscribing = start(inside, subscriber)
  await subscribing.says(/up/)
  const [command = '', ...args] = [...inside, ...'iptables -A INPUT -p tcp -j DROP'.split(' ')]
  const { status, stderr } = spawnSync(command, args, { env: ENV, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const row = await watched(began, subscribing)
  for (const { child } of [subscribing, publishing, holder]) child.kill('SIGKILL')
  return { way: 'iptables -j DROP', ...row, needsRoot: true, canFreeze: false, canReboot: false }
}

/** Freeze and reboot are tried, and proven. */
async function byKit(): Promise<Row> {
  const began = performance.now()
  await using lab = await open()
  await lab.server.start(publisher)
  const client = await lab.client.start(subscriber)
  await client.says(/up/)
  const cut = await lab.strike('cut')
  const struckMs = performance.now() - began
  const said = await client.says(/lost/, { within: `${WATCH_MS}ms` }).catch(() => null)
  const verdictMs = performance.now() - began
  await cut.undo()
  const isProven = async (fault: 'freeze' | 'reboot') =>
    (await lab.during(fault, ({ proof }) => proof)) !== ''
  return {
    way: 'stillhere',
    noticedMs: said?.afterMs ?? null,
    struckMs,
    verdictMs,
    needsRoot: false,
    canFreeze: await isProven('freeze'),
    canReboot: await isProven('reboot'),
  }
}

/** From the moment at which the fault is in force. */
async function watched(
  began: number,
  client: Running,
): Promise<Pick<Row, 'noticedMs' | 'struckMs' | 'verdictMs'>> {
  const struck = performance.now()
  const noticed = await Promise.race([client.says(/lost/), delay(WATCH_MS, null)])
  const now = performance.now()
  return {
    noticedMs: noticed === null ? null : now - struck,
    struckMs: struck - began,
    verdictMs: now - began,
  }
}

// ---- processes ----------------------------------------------------------------------------------

interface Running {
  child: ChildProcess
  says(pattern: RegExp): Promise<string>
}

function start(prefix: string[], body: typeof subscriber, more: Record<string, string> = {}): Running {
  return run([...prefix, ...programOf(body)], { STILLHERE_SERVER: '127.0.0.1', ...more })
}

function run([command = '', ...args]: string[], more: Record<string, string> = {}): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...ENV, ...more } })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return {
    child,
    async says(pattern) {
      while (!pattern.test(text)) await once(child.stdout, 'data')
      return text
    },
  }
}

function tell(all: readonly Row[]): void {
  const proxyMs = all[0]?.verdictMs ?? Number.NaN
  const yes = (is: boolean) => (is ? 'yes' : 'no')
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const lines = [
    [
      'a subscriber behind a cut',
      `its kernel notices (${PATIENCE_MS / 1000} s)`,
      'needs root',
      'can freeze',
      'can reboot',
      'cut after',
      'verdict after',
      'to the proxy',
    ],
    Array(8).fill('---'),
    ...all.map(({ way, noticedMs, needsRoot, canFreeze, canReboot, struckMs, verdictMs }) => [
      way,
      noticedMs === null ? `no, in ${WATCH_MS / 1000} s` : `yes, after ${seconds(noticedMs)}`,
      yes(needsRoot),
      yes(canFreeze),
      yes(canReboot),
      seconds(struckMs),
      seconds(verdictMs),
      (verdictMs / proxyMs).toFixed(2),
    ]),
  ]
  process.stdout.write(`${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`)
}
