/**
 * The persistent connection of browsers: what does a page know about it?
 *
 *       upgrade-a                  switch                 upgrade-b
 *   ws (a client in Node)  ------------------------   one WebSocket server, and
 *   Chromium with a page   ------------------------   what it serves the page from
 *     10.0.N.1                                          10.0.N.2
 *
 * Both clients are on the same host and speak to the same server, each at a port of its own. The page says what it
 * believes to its console, which no fault of the network can touch, and gets its orders ahead of time: "close
 * this one in 2.5 s", when the line will be dead. In `storm` fifty small clients of two kinds take their place.
 *
 * Predict before you run: the cable is cut. What does `readyState` say, and for how long?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { cut } from './cases/cut.ts'
import { laptop } from './cases/laptop.ts'
import { off } from './cases/off.ts'
import { resume } from './cases/resume.ts'
import { storm } from './cases/storm.ts'
import { upgrade } from './cases/upgrade.ts'
import { conditionsOf, type WebSocketSettings } from './conditions.ts'
import { questions } from './questions.ts'
import { matrix } from './table.ts'

const LESSONS = {
  ws: 'the library answers pings in your thread; terminate() asks nobody.',
  page: 'no ping, no terminate(): it learns what its kernel or its own messages tell it.',
  lockstep: 'doubling without chance: all of them knock together, each time.',
  jitter: 'waits drawn from the same bounds: they come one by one.',
  session: 'connections come and go; the session loses and doubles nothing.',
}

const cases: readonly CaseOf<WebSocketSettings>[] = [upgrade, cut, laptop, off, storm, resume]

export const websocket: Lab<WebSocketSettings> = {
  id: 'websocket',
  question: 'The persistent connection of browsers: what does a page know about it?',
  ...madeOf(cases, LESSONS),
  showFirst: ['cut/page', 'laptop/page', 'storm/lockstep', 'upgrade/page'],
  prepare: conditionsOf,
  questions: () => questions,
  table: matrix,
}
