/**
 * Is a session a connection?
 *
 *        a: the client                                    b: the server
 *   says message 1, 2, ... 20      ==== network ====     answers with its count: 1 message 1
 *
 * Both ends speak the session protocol of this project (`src/protocols/session/README.md`), text lines over TCP or
 * over UDP. Each message has a number and is kept until it is acknowledged; a secret token lets a new connection go
 * on where the old one ended. Then its connections die, one way or another, and so do the programs at both ends.
 * `plain` is the same conversation over TCP alone: a client that loses its connection connects again and goes
 * on talking.
 *
 * The claim: however many connections die, no message is lost, doubled or overtaken while the session lives; and
 * when it cannot live, both ends learn of it.
 *
 * Predict before you run: the server is killed and started again. What does its client hear, and when?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { clientAnew, clientKept } from './cases/client-killed.ts'
import { guessed } from './cases/guessed.ts'
import { mended } from './cases/mended.ts'
import { move } from './cases/move.ts'
import { one } from './cases/one.ts'
import { rivals } from './cases/rivals.ts'
import { serverAnew, serverKept } from './cases/server-killed.ts'
import { several } from './cases/several.ts'
import { stolen } from './cases/stolen.ts'
import { tooLate } from './cases/too-late.ts'
import { conditionsOf, type SessionSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'
import { table } from './table.ts'

const LESSONS = {
  tcp: 'connections come and go; the session is what both ends remember.',
  udp: 'no connection at all, and the same session.',
  plain: 'without a session, a new connection knows nothing of the old one.',
}

const cases: readonly CaseOf<SessionSettings>[] = [
  one,
  several,
  move,
  mended,
  tooLate,
  clientKept,
  clientAnew,
  serverKept,
  serverAnew,
  stolen,
  guessed,
  rivals,
]

export const session: Lab<SessionSettings> = {
  id: 'session',
  question: 'Is a session a connection? Break one after the other, and count',
  ...madeOf(cases, LESSONS),
  showFirst: ['mended/tcp', 'server-kept/tcp', 'server-anew/tcp', 'stolen/tcp', 'move/udp'],
  prepare: conditionsOf,
  questions: questionsOf,
  table,
}
