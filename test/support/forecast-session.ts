/**
 * Connections that are forecast from outside, by the pid of the process that holds them, and then lose their
 * peer. What happened is in the log. Started by test/forecast/real-hosts.test.ts.
 */

import { type ConnectionReport, readOne } from '../../src/forecast/read.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { TcpConduct } from '../../src/programs/scripts/tcp/requests.ts'
import type { TcpSocket } from '../../src/rig/sockets.ts'
import { openSession } from './session.ts'

/** What one look at a connection said, and between which moments (CLOCK_MONOTONIC, ms) it was taken. */
export interface Look {
  about: string
  report: ConnectionReport
  beganMs: number
  endedMs: number
}

const PROBES = { idleMs: 2000, intervalMs: 1000, probes: 3 }
const SETTINGS: Record<string, Partial<TcpConduct>> = {
  idle: {},
  keepalive: { keepalive: PROBES },
  // It ends the connection at the second probe.
  'keepalive-ut': { keepalive: PROBES, userTimeoutMs: 3500 },
  busy: {},
  // It must not help.
  'busy-keepalive': { keepalive: { idleMs: 1000, intervalMs: 1000, probes: 1 } },
  'user-timeout': { userTimeoutMs: 3000 },
}
const WRITERS = ['busy', 'busy-keepalive', 'user-timeout']
/** A probe of an idle connection goes out 2 s after it was heard; before that the fault must have struck. */
const HEARD_AT_MOST_MS = 500
const LOOKS_MAX = 200
/** More than the window a receiver offers that does not read. */
const MORE_THAN_A_WINDOW = 8_000_000
/** The longest forecast here is 5 s from the silence, or 4.4 s from the send after it. */
const WATCH_MS = 8000

const sysctls = { tcp_retries2: '2', tcp_syn_retries: '1', tcp_syn_linear_timeouts: '1' }
const { rig, report } = await openSession({
  sysctls: Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [`net/ipv4/${name}`, value])),
})
const looks: Look[] = []

/** Every connection of the clients' process that `sockets` names, seen from outside. */
async function look({ a, name }: Pair, sockets: Record<string, TcpSocket>, moment: string): Promise<Look[]> {
  const beganMs = nowMs()
  const [process] = (await readOne(a.process?.pid ?? 0)).processes
  const endedMs = nowMs()
  if (process === undefined || process.problems.length > 0) throw new Error(process?.problems.join())
  return Object.entries(sockets).flatMap(([mechanism, { port }]) =>
    process.connections
      .filter(({ local }) => local === `${a.address}:${port}`)
      .map((found) => ({ about: `${name}/${mechanism}/${moment}`, report: found, beganMs, endedMs })),
  )
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

async function open({ a, b }: Pair): Promise<Record<string, TcpSocket>> {
  const sockets: Record<string, TcpSocket> = {}
  for (const [mechanism, conduct] of Object.entries(SETTINGS)) {
    const listener = await rig.sockets(b).tcp.listen(mechanism)
    const client = await rig.sockets(a).tcp.connect(mechanism, listener.at, conduct)
    await client.connected()
    // A round trip, as a connection in use has many.
    await client.write('hello')
    await rig.untilEvent(b, 'tcp:received', { groupId: client.groupId, withinMs: 3000 })
    sockets[mechanism] = client
  }
  return sockets
}

/** A look at a moment when no probe is about to go out. */
async function forecastNow(pair: Pair, sockets: Record<string, TcpSocket>): Promise<void> {
  for (let tries = 0; tries < LOOKS_MAX; tries++) {
    const seen = await look(pair, sockets, 'before')
    const probed = seen.filter(({ about }) => about.includes('/keepalive'))
    if (probed.every(({ report: { facts } }) => (facts.reading?.heardAgoMs ?? 0) < HEARD_AT_MOST_MS)) {
      looks.push(...seen)
      return
    }
    await rig.sleep(20)
  }
  throw new Error('no moment at which both connections were heard')
}

/** The doubling of timeouts ends at a second, where the kernel can be told so (Linux 6.15). */
async function limitDoubling({ a }: Pair): Promise<void> {
  const script =
    'cd /proc/sys/net/ipv4 && [ ! -e tcp_rto_max_ms ] || { echo 4 >tcp_retries2 && echo 1000 >tcp_rto_max_ms; }'
  const { exited } = await rig.start(a, ['sh', '-c', script], { name: 'sysctl' })
  const { code } = await exited
  if (code !== 0) throw new Error('cannot set tcp_rto_max_ms')
}

async function write(sockets: Record<string, TcpSocket>): Promise<void> {
  for (const name of WRITERS) await sockets[name]?.write('lost')
}

const [cut, off, frozen] = (await rig.boot(['cut', 'power-off', 'freeze'])) as [Pair, Pair, Pair]

async function silence(pair: Pair, fault: 'cut' | 'power-off'): Promise<void> {
  if (fault === 'power-off') await limitDoubling(pair)
  const sockets = await open(pair)
  await forecastNow(pair, sockets)
  await rig.strike(fault, pair)
  await write(sockets)
  if (fault === 'cut') {
    const at = { address: pair.b.address, port: 9 }
    sockets.connecting = await rig.sockets(pair.a).tcp.connect('connecting', at)
    await rig.sleep(1200)
    // By now retransmissions and a SYN are unanswered; probes are a little later.
    looks.push(...(await look(pair, sockets, 'waiting')))
    await rig.sleep(1500)
    looks.push(...(await look(pair, { keepalive: sockets.keepalive as TcpSocket }, 'probing')))
  }
  await rig.sleep(WATCH_MS)
}

async function freeze(pair: Pair): Promise<void> {
  const sockets = await open(pair)
  looks.push(...(await look(pair, sockets, 'before')))
  await rig.strike('freeze', pair)
  const filled = sockets['user-timeout'] as TcpSocket
  await filled.writeBytes(MORE_THAN_A_WINDOW)
  await sockets.busy?.write('taken by the kernel')
  await rig.untilKernel(pair.a, filled.groupId, { timer: 'zero-window-probe' }, { withinMs: 3000 })
  looks.push(...(await look(pair, { 'user-timeout': filled }, 'full')))
  await rig.sleep(WATCH_MS)
}

await Promise.all([silence(cut, 'cut'), silence(off, 'power-off'), freeze(frozen)])
await report({ looks })
