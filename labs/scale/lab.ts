/**
 * What do N persistent connections cost?
 *
 * Each case has a pair of hosts of its own, and on each host one process with all ends of one side:
 *
 *      a: N clients                                             b: their server
 *   open, and silent ...............  idle       ...........  a descriptor, memory, a kernel's socket
 *   PING, PONG, each at its time ...  speaking   ...........  the same, and processor time
 *   a cookie each, no connection ...  sessions   ...........  a line in a map
 *   lose it, and want it back ......  restart    ...........  killed, started again, in no hurry
 *   PING ...........................  pauses     ...........  stands still, and judges them
 *   a word by UDP, all at once .....  burst      ...........  a receive buffer of some size
 *
 * Thousands of connections are not logged one by one: their ends say in numbers what happened to them, and their
 * kernels what they have counted. How many there are, you say: `--connections N`.
 *
 * Predict before you run: the server comes back, and a thousand clients ask for it in one moment. How many get in?
 */
import { type CaseOf, madeOf, runCases } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { burst } from './cases/burst.ts'
import { idle } from './cases/idle.ts'
import { pauses } from './cases/pauses.ts'
import { restart } from './cases/restart.ts'
import { sessions } from './cases/sessions.ts'
import { speaking } from './cases/speaking.ts'
import { CONNECTIONS, conditionsOf, type ScaleSettings } from './conditions.ts'
import { figuresOf } from './figure.ts'
import { limitsHere, problemOf } from './limits.ts'
import { questionsOf } from './questions.ts'

const LESSONS = {
  tcp: 'a descriptor and some kilobytes each, at either end, for nothing said.',
  heartbeat: 'costs processor time by the beat: the interval is the price.',
  http: 'a session is no connection: nothing is open between two requests.',
  lockstep: 'all wait alike: the queue overflows, and some wait a second more.',
  jitter: 'each waits by chance: the same queue has room for all.',
  guarded: 'knows when it did not run itself, and blames nobody for it.',
  watchdog: 'a timer each and no more: after a pause it suspects everybody.',
  'at-once': 'what does not fit the receive buffer is gone, and nobody is told.',
  'large-buffer': 'a larger buffer holds more, as far as the system allows.',
  spread: 'the same words, not at one moment: nothing is lost.',
}

const cases: readonly CaseOf<ScaleSettings>[] = [idle, speaking, sessions, restart, pauses, burst]

export const scale: Lab<ScaleSettings> = {
  id: 'scale',
  question: 'What do thousands of persistent connections cost?',
  connections: CONNECTIONS,
  ...madeOf(cases, LESSONS),
  showFirst: ['restart/lockstep', 'restart/jitter', 'idle/tcp', 'sessions/http', 'speaking/heartbeat'],
  prepare: conditionsOf,
  async experiment(rig, plan) {
    const problem = problemOf(plan.settings.connections, limitsHere())
    if (problem !== null) throw new Error(problem)
    await runCases(rig, plan, cases)
  },
  questions: questionsOf,
  figures: figuresOf,
}
