/**
 * What is a telephone call, if there is no connection underneath?
 *
 *   a: alice             c: registrar, proxy           b: bob
 *   INVITE  ----------------> finds bob ---------------> it rings
 *           <------------------ 200 ------------------- he answers
 *   ACK, BYE -----------------------------------------> not by the proxy
 *   voice   <=========================================> RTP, other ports
 *
 * All of it is datagrams, each to an address that somebody has said. The call is what both ends remember: a number, two
 * tags, two counters. So: who notices what, and when?
 *
 * Predict before you run: bob's telephone is killed in the middle of the call. When does alice's SIP notice?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { call } from './cases/call.ts'
import { cutOff } from './cases/cut-off.ts'
import { frozen } from './cases/frozen.ts'
import { killed } from './cases/killed.ts'
import { lossy } from './cases/lossy.ts'
import { nat } from './cases/nat.ts'
import { proxy } from './cases/proxy.ts'
import { stranger } from './cases/stranger.ts'
import { tcpReset } from './cases/tcp-reset.ts'
import { conditionsOf, type Row, type SipSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<Row, string>> = {
  udp: 'messages begin it and end it; between them there is nothing to miss.',
  timer: 'who promises to say something in time can be missed.',
  'kept-alive': 'who wants to be called says so to the router, all the time.',
  tcp: 'a connection carries messages, and is no part of the call.',
}

const cases: readonly CaseOf<SipSettings>[] = [
  call,
  killed,
  cutOff,
  frozen,
  lossy,
  nat,
  proxy,
  stranger,
  tcpReset,
]

export const sip: Lab<SipSettings> = {
  id: 'sip',
  question: 'A telephone call: what holds it, if there is no connection underneath?',
  ...madeOf(cases, LESSONS),
  showFirst: ['call/udp', 'killed/timer', 'killed/udp', 'lossy/udp'],
  prepare: conditionsOf,
  questions: questionsOf,
}
