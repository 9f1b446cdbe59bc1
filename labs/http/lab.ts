/**
 * What is the session, if it is not the connection?
 *
 * A web bank, its customers and their cookies, on real sockets: connections, sessions of TLS and sessions of HTTP are
 * counted apart. Each case has a pair of hosts of its own:
 *
 *      a: the browsers, a balancer                          b: the bank, once or twice
 *   cookie jars, connections   ==== switch, or cable that holds ====   sessions, in memory or in a store
 *
 * Predict before you run: three customers travel over one TCP connection, one after the other. How does the bank know
 * whose money it shows?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { balancer } from './cases/balancer.ts'
import { cookie } from './cases/cookie.ts'
import { cutAnswer } from './cases/cut-answer.ts'
import { expiry } from './cases/expiry.ts'
import { keepAlive } from './cases/keep-alive.ts'
import { manyConns } from './cases/many-conns.ts'
import { oneConn } from './cases/one-conn.ts'
import { restart } from './cases/restart.ts'
import { shared } from './cases/shared.ts'
import { signOut } from './cases/sign-out.ts'
import { theft } from './cases/theft.ts'
import { tls } from './cases/tls.ts'
import { conditionsOf, type HttpSettings } from './conditions.ts'
import { line, play } from './play.ts'
import { questionsOf } from './questions.ts'
import { LESSONS, table } from './story.ts'

const cases: readonly CaseOf<HttpSettings>[] = [
  manyConns,
  oneConn,
  keepAlive,
  cookie,
  restart,
  expiry,
  signOut,
  theft,
  cutAnswer,
  tls,
  balancer,
  shared,
]

export const http: Lab<HttpSettings> = {
  id: 'http',
  question: 'What is the session, if it is not the connection?',
  ...madeOf(cases, LESSONS),
  showFirst: ['one-conn/proxied', 'keep-alive/probes', 'cut-answer/same-key', 'theft/copied'],
  prepare: conditionsOf,
  playInBrowser: { play, line },
  questions: questionsOf,
  table,
}
