/**
 * Do packets of one conversation take different routes, and does anything on the way know of the connection?
 *
 * Two ways lead from a to b, on hosts of their own, and p and q are routers that do nothing but forward:
 *
 *                       p
 *                  .----+----.
 *             eth0 |         | eth0
 *   a: 10.0.n.1 ---+         +--- b: 10.0.n.2
 *             eth1 |         | eth1
 *                  '----+----'
 *                       q
 *
 * Predict before you run: a TCP connection goes by p, and p dies. Who has to be told?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { box } from './cases/box.ts'
import { dead } from './cases/dead.ts'
import { farEnd } from './cases/far-end.ts'
import { byFlow, byHost } from './cases/flows.ts'
import { moved } from './cases/moved.ts'
import { sprayed } from './cases/sprayed.ts'
import { wayBack } from './cases/way-back.ts'
import { conditionsOf, type PathsSettings, type ROWS } from './conditions.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<(typeof ROWS)[number], string>> = {
  udp: 'a flow keeps to one way, since its ports are hashed; nobody remembers it.',
  tcp: 'lives at its two ends: routers may come and go, or mix up its segments.',
  heartbeat: 'says that the peer is there, and never by which way.',
  traceroute: 'each router on the way of one flow says who it is, when asked to die.',
}

const cases: readonly CaseOf<PathsSettings>[] = [byHost, byFlow, sprayed, moved, farEnd, dead, box, wayBack]

export const paths: Lab<PathsSettings> = {
  id: 'paths',
  question: 'Do packets of one conversation take different routes, and does anything on the way know of it?',
  ...madeOf(cases, LESSONS),
  showFirst: ['moved/tcp', 'sprayed/tcp', 'box/tcp', 'dead/udp', 'by-flow/udp'],
  prepare: conditionsOf,
  questions: questionsOf,
}
