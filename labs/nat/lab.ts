/**
 * "I'm still here, don't drop the connection": who remembers a connection, and who finds out that somebody
 * has forgotten it?
 *
 *     silent-a               silent-router              silent-b
 *   the client  10.0.N.1 --- 10.0.N.254 | 10.1.N.254 --- 10.1.N.2  the server
 *                     a table of who is whom: ESTABLISHED, forgotten in 4 s
 *
 * The router translates: the server sees 10.1.N.254. It knows a connection only by what passes, and forgets
 * one on which nothing does. There are three believers then, and nobody tells the other two. Each case has
 * a router of its own; the rows of a case share it. In the last two cases a proxy stands in the middle:
 *
 *   client === front === proxy === back === server          two TCP connections
 *   `-------- proxy-a --------´      `-- proxy-b --´
 *
 * Predict before you run: the router has forgotten an idle connection. What do both ends say? And what does the
 * next byte meet?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { udp, udpSilent } from './cases/datagrams.ts'
import { dead } from './cases/dead.ts'
import { halfSilent, naive, random, reset, silent, strict } from './cases/forgetting.ts'
import { frozen } from './cases/frozen.ts'
import { proxy } from './cases/proxy.ts'
import { proxyOff } from './cases/proxy-off.ts'
import { conditionsOf, type NatSettings } from './conditions.ts'
import { findingsText } from './findings.ts'
import { questions } from './questions.ts'
import { endsOfCell, story } from './router-table.ts'

const LESSONS = {
  'client-first': 'it arrives, is refused or vanishes: the router decides.',
  'server-first': 'nobody outside can make the router learn it again.',
  'keepalive-below': 'refreshes the router and finds dead kernels, not dead programs.',
  'keepalive-above': 'finds out that it is over, and comes too late to prevent it.',
  'udp-client-first': 'half a minute by default, and nobody is told.',
  'udp-server-first': 'a late answer is lost, and may move the client.',
  'udp-answered': 'with answers, after two seconds: a stream, two minutes.',
  'tcp-idle': 'five days by default, in this kernel; others forget sooner.',
  front: 'what it asks is the proxy, not the server.',
  back: 'here the news arrives, if it does, and here it may stay.',
}

const cases: readonly CaseOf<NatSettings>[] = [
  naive,
  random,
  strict,
  reset,
  halfSilent,
  silent,
  frozen,
  dead,
  udp,
  udpSilent,
  proxy,
  proxyOff,
]

export const nat: Lab<NatSettings> = {
  id: 'nat',
  question: "I'm still here, don't drop the connection: who remembers it, and who has forgotten?",
  ...madeOf(cases, LESSONS),
  // First what both ends go on believing, then the two jobs of keepalive apart, then the proxy.
  showFirst: ['silent/client-first', 'frozen/keepalive-below', 'silent/keepalive-above', 'proxy/front'],
  prepare: conditionsOf,
  questions: () => questions,
  story,
  table: findingsText,
  endsOfCell,
}
