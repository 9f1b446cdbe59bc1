/**
 * What is on the wire, and who hears it?
 *
 * Below every connection there are frames: from one card to another, one at a time, each with three headers before
 * the first byte that anybody wanted to say. Here they are counted, on hosts of their own:
 *
 *      a: 10.0.n.1                                          b: 10.0.n.2
 *   udp, http, heartbeat ...  == a switch, hub, access point ==   the same, answering
 *                                         |
 *                                  c: 10.0.n.3, whom nobody addresses
 *
 * Predict before you run: a sends to b, by a switch. Does c hear it?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { arp } from './cases/arp.ts'
import { counted } from './cases/counted.ts'
import { headers, smallMtu, tinyMtu } from './cases/headers.ts'
import { hub } from './cases/hub.ts'
import { pathMtu } from './cases/path-mtu.ts'
import { learning } from './cases/switch.ts'
import { wifi } from './cases/wifi.ts'
import { conditionsOf, type FramesSettings, type ROWS } from './conditions.ts'
import { figuresOf } from './figure.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<(typeof ROWS)[number], string>> = {
  udp: 'a frame goes to a card; who else hears it depends on the box between.',
  http: 'three headers before the first byte, and frames that carry nothing.',
  heartbeat: 'one byte, and 66 of headers; then the same again to acknowledge it.',
  bulk: 'full frames leave most for the user, and the cable for everybody.',
}

const cases: readonly CaseOf<FramesSettings>[] = [
  arp,
  headers,
  smallMtu,
  tinyMtu,
  counted,
  pathMtu,
  learning,
  hub,
  wifi,
]

export const frames: Lab<FramesSettings> = {
  id: 'frames',
  question: 'What is on the wire, and who hears it?',
  ...madeOf(cases, LESSONS),
  showFirst: ['switch/udp', 'hub/udp', 'wifi/udp', 'headers/heartbeat', 'arp/udp'],
  prepare: conditionsOf,
  questions: questionsOf,
  figures: figuresOf,
}
