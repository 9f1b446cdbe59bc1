/**
 * Is anybody there?
 *
 * UDP does not ask. A datagram is sent without any arrangement, to whoever has the address, or to nobody. Ten
 * situations, each on a pair of hosts of its own; in each, host a sends and host b should receive:
 *
 *      a: 10.0.n.1                                              b: 10.0.n.2
 *   udp, udp-connected, tcp ...  ==== switch, or a cable ====   the same, receiving, or nobody
 *                                     that does what it is told
 *
 * TCP does the same beside it, wherever the difference is the point.
 *
 * Predict before you run: you send a datagram to an address that no computer has. What does send() say?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { blackHole } from './cases/black-hole.ts'
import { firstByte } from './cases/first-byte.ts'
import { goodbye } from './cases/goodbye.ts'
import { messages } from './cases/messages.ts'
import { noHost } from './cases/no-host.ts'
import { nobody } from './cases/nobody.ts'
import { sizes } from './cases/sizes.ts'
import { duplicate, loss, reorder } from './cases/unreliable.ts'
import { conditionsOf, type ROWS, type UdpSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<(typeof ROWS)[number], string>> = {
  udp: 'send() says ok, whether anybody is there or not.',
  'udp-connected': 'connect() sends nothing; it only lets errors be heard.',
  'udp-df': 'without fragments you are told, but only of your own MTU.',
  fragmented: 'one lost piece loses the whole datagram.',
  'stop-and-wait': 'numbers, acknowledgements, a timer: the price of order.',
  tcp: 'asks first, numbers bytes and not messages, notices a FIN.',
}

const cases: readonly CaseOf<UdpSettings>[] = [
  nobody,
  noHost,
  firstByte,
  messages,
  goodbye,
  loss,
  duplicate,
  reorder,
  sizes,
  blackHole,
]

export const udp: Lab<UdpSettings> = {
  id: 'udp',
  question: 'Is anybody there? UDP does not ask',
  ...madeOf(cases, LESSONS),
  showFirst: ['nobody/udp-connected', 'nobody/udp', 'first-byte/tcp', 'loss/stop-and-wait', 'sizes/udp'],
  prepare: conditionsOf,
  questions: questionsOf,
}
