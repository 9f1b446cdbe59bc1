/**
 * When does it give up?
 *
 * Each state of a TCP connection has its own patience, and each has a pair of hosts of its own here. Between
 * them is a cable that can lose whatever it is told to:
 *
 *      a: clients                                        b: servers
 *   plain, keepalive, user-timeout, ...   === cable ===   plain, keepalive, ...
 *   node:http, undici                                     node:http
 *
 * Predict before you run: nobody has sent anything for a quarter of an hour, and nothing was configured. Is
 * there still a connection? And after a quarter of an hour without an acknowledgement?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { ackLost } from './cases/ack-lost.ts'
import { busy } from './cases/busy.ts'
import { finWait1 } from './cases/fin-wait-1.ts'
import { finWait2 } from './cases/fin-wait-2.ts'
import { http } from './cases/http.ts'
import { httpRace } from './cases/http-race.ts'
import { idle } from './cases/idle.ts'
import { synReceived } from './cases/syn-received.ts'
import { synSent } from './cases/syn-sent.ts'
import { timeWait } from './cases/time-wait.ts'
import { zeroAlive } from './cases/zero-alive.ts'
import { zeroDead } from './cases/zero-dead.ts'
import { conditionsOf, type TimeoutsSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'
import { board, table } from './table.ts'

/** How the sockets are set, and what HTTP has of its own. */
const LESSONS = {
  plain: 'a connection at rest has no limit; each wait has its own.',
  keepalive: 'asks while nothing else is under way, and only then.',
  'user-timeout': 'a limit for what is unanswered; it does not ask by itself.',
  'keepalive-ut': 'the time counts instead of the number, at the next probe.',
  'set-keepalive': 'sets the idle time; the rest is what this Node has.',
  'set-keepalive-0': "below a second it means the system's two hours.",
  'set-timeout': 'tells of silence only, not of death, and ends nothing.',
  'half-closed': 'shutdown() keeps the socket, so this may wait for ever.',
  'keep-alive-timeout': 'the server closes first, and does not ask the client.',
  'headers-timeout': 'is checked now and then, so it may come later.',
  'request-timeout': 'likewise, and answered with 408.',
  'node-http': 'waits for an answer for ever, unless told otherwise.',
  undici: 'gives up by a coarse clock of its own, as fetch() does.',
  pooled: 'a request that meets a FIN on its way has to be sent again.',
}

const cases: readonly CaseOf<TimeoutsSettings>[] = [
  synSent,
  synReceived,
  ackLost,
  idle,
  busy,
  zeroAlive,
  zeroDead,
  finWait1,
  finWait2,
  timeWait,
  http,
  httpRace,
]

export const timeouts: Lab<TimeoutsSettings> = {
  id: 'timeouts',
  question: 'When does it give up?',
  ...madeOf(cases, LESSONS),
  showFirst: ['idle/plain', 'busy/keepalive', 'http-race/pooled', 'zero-alive/user-timeout'],
  prepare: conditionsOf,
  questions: questionsOf,
  table,
  board,
}
