/**
 * `--play`: one pair of hosts stays up, and the learner does the killing from another terminal. The lab
 * only looks, and says what is true: a process that is gone or stopped, a cable that is out.
 */
import { readFileSync } from 'node:fs'
import type { Truth } from '../../src/events/vocabulary.ts'
import type { FaultId } from '../../src/faults/registry.ts'
import type { Host } from '../../src/hosts/host.ts'
import { parseProcessState } from '../../src/kernel/socket-table.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { PLAY_PAIR } from '../../src/lab/play-command.ts'
import type { Rig } from '../../src/lab/rig.ts'
import { type KeepaliveSettings, programsOf } from './conditions.ts'

/** So late the lab may know what the learner did. */
const LOOK_EVERY_MS = 100
/** Round-trip times and timeouts for the predictions are read so often, in looks. */
const OBSERVE_EVERY = 20

interface Seen {
  host: Host
  other: Host
  truth: Truth
  /** null: nothing is wrong with the host itself. */
  fault: FaultId | null
  because: string
}

export async function play(rig: Rig, plan: Plan<KeepaliveSettings>): Promise<void> {
  rig.say('starting two hosts, a (the clients) and b (the servers)')
  const [pair] = await rig.boot([PLAY_PAIR])
  if (pair === undefined) return
  await rig.connect(pair, programsOf(plan))
  rig.handOver(pair)
  rig.say(`${plan.mechanisms.length} connections are up: it is your turn`)

  let watching: { fault: FaultId; struck: Host } | null = null
  for (let looks = 0; ; looks++) {
    if (looks % OBSERVE_EVERY === 0 && watching === null) await rig.observe(pair)
    const changed = [look(rig, pair.a, pair.b), look(rig, pair.b, pair.a)].filter(
      ({ other, truth }) => truth !== rig.truthOf(other),
    )
    if (changed.length > 0 && watching !== null) {
      rig.endWatch(watching.fault, pair, watching.struck)
      watching = null
    }
    const cause = changed.find(({ fault }) => fault !== null)
    if (cause !== undefined && cause.fault !== null) {
      watching = { fault: cause.fault, struck: cause.host }
      rig.foundStruck(watching.fault, pair, watching.struck, LOOK_EVERY_MS, cause.because)
    }
    for (const { other, truth, because } of changed) rig.truth(other, truth, because)
    await rig.sleep(LOOK_EVERY_MS)
  }
}

/** What is true of `host` for `other`, and by which fault of this host. */
function look(rig: Rig, host: Host, other: Host): Seen {
  const exit = host.process?.exit
  const unplugged = rig.network?.isPlugged(host) === false
  if (host.process === null || exit) {
    const how = exit?.signal ?? `status ${exit?.code}`
    const fault = unplugged ? 'power-off' : exit?.code === 0 ? 'exit' : 'kill'
    return { host, other, truth: 'gone', fault, because: `its process ended (${how})` }
  }
  if (unplugged) {
    return { host, other, truth: 'unreachable', fault: 'cut', because: 'its switch port is detached' }
  }
  if (rig.network?.isPlugged(other) === false) {
    return {
      host,
      other,
      truth: 'unreachable',
      fault: null,
      because: `the port of ${other.name} is detached`,
    }
  }
  if (isStopped(host.process.pid)) {
    return { host, other, truth: 'frozen', fault: 'freeze', because: 'its process is stopped' }
  }
  return { host, other, truth: 'answering', fault: null, because: 'its process runs and the cable is in' }
}

function isStopped(pid: number): boolean {
  try {
    return parseProcessState(readFileSync(`/proc/${pid}/stat`, 'utf8')) === 'T'
  } catch {
    // No /proc on this system: only ends are seen there, not pauses.
    return false
  }
}
