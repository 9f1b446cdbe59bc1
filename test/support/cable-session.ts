/** Hosts with a cable that is a program between them: what it adds, and what it can hold in place. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { summarise } from '../../src/faults/measure.ts'
import { execute } from '../../src/hosts/commands.ts'
import type { Pair } from '../../src/hosts/host.ts'
import { SocketTableReader } from '../../src/kernel/socket-table.ts'
import type { CableDirection } from '../../src/wire/cable.ts'
import { idleConnection, openSession } from './session.ts'

const { rig, report } = await openSession()
const [plain, cabled, simultaneous, orderly, lossy] = (await rig.boot([
  'plain',
  ...['cabled', 'simultaneous', 'orderly', 'lossy'].map((name) => ({ name, middle: 'cable' as const })),
])) as [Pair, Pair, Pair, Pair, Pair]

async function roundTripMs({ a, b }: Pair): Promise<number> {
  const series = { count: 300, everyMs: 2, bytes: 20, withinMs: 100 }
  return summarise(await rig.measure(a, b, series), series.count).medianMs
}
const roundTrip = { switchMs: await roundTripMs(plain), cableMs: await roundTripMs(cabled) }

/** The states of the connections at both ends. An open table still shows them when the process has ended. */
function statesOf({ a, b }: Pair): () => { a: string[]; b: string[] } {
  const tables = [a, b].map((host) => new SocketTableReader(host.process?.pid ?? 0))
  return () => {
    const [ofA = [], ofB = []] = tables.map((table) =>
      [...table.read().values()].map(({ socket }) => socket.state),
    )
    return { a: ofA, b: ofB }
  }
}
/** The test ends with the session, should that never be. */
async function untilHeld(pair: Pair, direction: CableDirection): Promise<void> {
  while ((await rig.cable(pair).counts(direction)).held === 0) await delay(5)
  // What the frame before it did to the other end's kernel is done.
  await delay(50)
}
function endPrograms(host: Pair['a']): void {
  // The answer is the end of the process.
  host.process?.ask('exit', null).catch(() => {})
}

// A handshake.
const handshake = rig.cable(simultaneous)
const states = statesOf(simultaneous)
await handshake.hold('bToA', ['syn-ack'])
const connecting = rig.connect(simultaneous, idleConnection)
await untilHeld(simultaneous, 'bToA')
const synAckHeld = states()
await handshake.release('bToA', ['fin'])
await connecting
const released = states()

// Both ends close at once: their FINs are kept back, then the acknowledgements of the FINs.
await handshake.hold('aToB', ['fin'])
endPrograms(simultaneous.a)
endPrograms(simultaneous.b)
await untilHeld(simultaneous, 'aToB')
await untilHeld(simultaneous, 'bToA')
const finsHeld = states()
// Both must be under way before the first has an effect.
await Promise.all([handshake.set('aToB', { delayMs: 300 }), handshake.set('bToA', { delayMs: 300 })])
await Promise.all([handshake.release('aToB', ['ack', 'fin']), handshake.release('bToA', ['ack', 'fin'])])
for (const host of [simultaneous.a, simultaneous.b]) {
  await rig.untilKernel(host, 'tcp-idle', 'CLOSING', { withinMs: 5000 })
}
const acksHeld = states()

// One end closes, and the other answers.
const ordered = statesOf(orderly)
await rig.connect(orderly, idleConnection)
// Its FIN carries the acknowledgement of ours, unless the program is slow to close: then that goes before.
await rig.cable(orderly).hold('bToA', ['ack', 'fin'])
endPrograms(orderly.a)
await untilHeld(orderly, 'bToA')
await rig.untilKernel(orderly.b, 'tcp-idle', 'LAST-ACK', { withinMs: 5000 })
const lastFinHeld = ordered()

// The first SYN is lost; the second goes out a second later.
await rig.cable(lossy).drop('aToB', ['syn'], 1)
const began = performance.now()
await rig.connect(lossy, idleConnection)
const secondSynMs = performance.now() - began
const counts = await rig.cable(lossy).counts('aToB')

const isPlugged = [rig.network?.isPlugged(cabled.b)]
await rig.network?.unplug(cabled.b)
isPlugged.push(rig.network?.isPlugged(cabled.b))

// A card goes down, and for a second nothing passes.
await execute(['ip', 'link', 'set', 'cabled-a', 'down'])
const cablePid = pidOf('/cable.mjs')
const before = processorMs(cablePid)
await delay(1000)
const downMs = processorMs(cablePid) - before

await report({
  roundTrip,
  ...{ synAckHeld, released, finsHeld, acksHeld, lastFinHeld },
  ...{ secondSynMs, counts, isPlugged, downMs },
})

function pidOf(bundle: string): number {
  const isIt = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[1]?.endsWith(bundle) === true
    } catch {
      return false
    }
  }
  return Number(readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isIt(pid)))
}

/** User and system time of a process: proc_pid_stat(5), in ticks of 10 ms. */
function processorMs(pid: number): number {
  const [, , , ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return 10 * (Number(fields[8]) + Number(fields[9]))
}
