/**
 * Who notices, and when?
 *
 * Nine ways to keep in touch, nine things that go wrong, all on real sockets. Each fault has a pair of
 * hosts of its own and strikes host b (`--strike client`: host a). What each end should notice of it: `cases/`.
 *
 *      a: the clients                                    b: the servers
 *   udp, udp-heartbeat, tcp-idle, ...   ==== switch ====   the same nine, waiting
 *
 * Predict before you run: the cable of an idle connection is cut. What do both ends say 12 s later?
 */
import { faults } from '../../src/faults/registry.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { randomFrom } from '../../src/lab/random.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { mechanisms } from '../../src/programs/scripts/host-messages.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { conditionsOf, type KeepaliveSettings, programsOf } from './conditions.ts'
import { endsOfCellInWords } from './ends.ts'
import { FAULTS, type KeepaliveFault } from './faults.ts'
import { judgeRun } from './judge.ts'
import { play } from './play.ts'
import { questionsOf } from './questions.ts'
import { board, LESSONS, story, table } from './story.ts'
import { OVER, UNDOING, WRITING } from './struck.ts'

/** Time for round trips to be measured and the first keepalive probes and heartbeats to be exchanged. */
const SETTLE_MS = 1500
/** The longest period of any timer here (keepalive idle, HTTP request): faults strike at any phase of it. */
const PHASES_MS = 2000
/** After the cable is mended: long enough to see that nothing happens by itself. */
const SILENCE_AFTER_MENDING_MS = 1000
/** After something is written on what is left of the connections, and for the next HTTP requests. */
const AFTERMATH_MS = 3000

/**
 * Keepalive under a cut cable first: in one picture one end learns by unanswered probes what the other
 * never learns, and a late segment shows that nothing comes back. A frozen program needs no network of its
 * own, so it is there on every machine.
 */
const SHOW_FIRST = ['cut/tcp-keepalive', 'freeze/tcp-heartbeat', 'kill/tcp-idle']

export const keepalive: Lab<KeepaliveSettings> = {
  id: 'keepalive',
  question: 'Who notices, and when?',
  cases: FAULTS.map((id) => ({ id, promise: faults[id].promise, needs: faults[id].needs })),
  mechanisms,
  hasStrike: true,
  showFirst: SHOW_FIRST,
  lessons: LESSONS,
  prepare: conditionsOf,
  experiment,
  play,
  questions: questionsOf,
  judge: judgeRun,
  story,
  table,
  board,
  endsOfCell: endsOfCellInWords,
}

async function experiment(rig: Rig, plan: Plan<KeepaliveSettings>): Promise<void> {
  const possible = rig.possible(keepalive.cases)

  rig.say(`starting ${2 * possible.length} hosts, a pair for each fault`)
  const pairs = await rig.boot(possible)
  await Promise.all(pairs.map((pair) => rig.connect(pair, programsOf(plan))))

  rig.begin(
    `${plan.mechanisms.length * pairs.length} connections are up; in a moment ${possible.length} faults strike`,
  )
  const random = randomFrom(plan.seed)
  const phases = pairs.map(() => SETTLE_MS + random() * PHASES_MS)
  await Promise.all(
    pairs.map(async (pair, index) => {
      await rig.sleep(phases[index] ?? SETTLE_MS)
      await column(rig, pair.name as KeepaliveFault, pair)
    }),
  )
}

/** One column of the matrix: one fault on one pair, watched, and what comes after. */
async function column(rig: Rig, id: KeepaliveFault, pair: Pair): Promise<void> {
  await rig.observe(pair)
  const { fault, sinceMs, undo } = await rig.strike(id, pair)
  const restOf = (durationMs: number) => sinceMs + durationMs - performance.now()
  if (fault.lastsMs !== undefined) {
    await rig.sleep(restOf(fault.lastsMs))
    rig.mark(pair, UNDOING)
    await undo()
  }
  await rig.sleep(restOf(rig.plan.watchMs))
  rig.endWatch(id, pair)
  if (id === 'cut') await mendAndTry(rig, pair, undo)
}

/**
 * The cable is plugged in again. One end of tcp-keepalive has given up, the other knows nothing of it:
 * does a connection come back by itself, and what does a late segment meet?
 */
async function mendAndTry(rig: Rig, pair: Pair, undo: () => Promise<unknown>): Promise<void> {
  rig.mark(pair, UNDOING)
  await undo()
  await rig.sleep(SILENCE_AFTER_MENDING_MS)
  rig.mark(pair, WRITING)
  await rig.write(pair.a, ['tcp-idle'])
  await rig.write(pair.b, ['tcp-keepalive'])
  await rig.sleep(AFTERMATH_MS)
  rig.mark(pair, OVER)
}
