/**
 * Is the wire occupied, and who agreed to what?
 *
 * Connections opened, left idle and closed in every way, packet by packet beside the socket states of both
 * kernels. Each case has a pair of hosts of its own; where a state is too short to see, a cable that is a
 * program keeps packets back until it has been seen:
 *
 *      a: the clients                                        b: the servers
 *   connect() end() ...   ==== switch, or cable that holds ====   listen() accept() ...
 *
 * Predict before you run: the server's program is frozen. A client calls it. What does connect() say?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { bothClose } from './cases/both-close.ts'
import { close } from './cases/close.ts'
import { frozen } from './cases/frozen.ts'
import { handshake } from './cases/handshake.ts'
import { idle } from './cases/idle.ts'
import { orderly } from './cases/orderly.ts'
import { port } from './cases/port.ts'
import { reset } from './cases/reset.ts'
import { timeWait } from './cases/time-wait.ts'
import { conditionsOf, type TcpSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'
import { LESSONS, table } from './story.ts'

const cases: readonly CaseOf<TcpSettings>[] = [
  handshake,
  frozen,
  idle,
  orderly,
  close,
  bothClose,
  reset,
  port,
  timeWait,
]

export const tcp: Lab<TcpSettings> = {
  id: 'tcp',
  question: 'Is the wire occupied, and who agreed to what?',
  ...madeOf(cases, LESSONS),
  showFirst: ['close/client-first', 'handshake/open', 'frozen/unasked', 'idle/silent'],
  prepare: conditionsOf,
  questions: questionsOf,
  table,
}
