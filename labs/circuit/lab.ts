/**
 * Is the wire occupied while a connection is up?
 *
 * In a circuit, yes; among packets, no. Here are both, side by side, with the same capacity:
 *
 *      a: telephones, sockets            an office                  b: the same
 *                          +---- exchange: trunk of some slots ----+
 *   call 3, speak, hang up |        | (shown to c, a meter)        | ring, hear
 *   =======================+                                       +==============
 *   connect, write, close  |                                       | accept, read
 *                          +---- packet line: one queue -----------+
 *
 * Predict before you run: two slots, three callers. What does the third one hear? And three TCP connections?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { boardStory } from './board.ts'
import { busy } from './cases/busy.ts'
import { calls } from './cases/calls.ts'
import { cut } from './cases/cut.ts'
import { idle } from './cases/idle.ts'
import { load } from './cases/load.ts'
import { talk } from './cases/talk.ts'
import { type CircuitSettings, conditionsOf, type ROWS } from './conditions.ts'
import { figuresOf } from './figure.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<(typeof ROWS)[number], string>> = {
  circuit: 'connected, it occupies the wire; refused, you are told at once.',
  packets: 'nobody is refused; who has nothing to say takes nothing; all may wait.',
}

const cases: readonly CaseOf<CircuitSettings>[] = [busy, idle, cut, talk, calls, load]

export const circuit: Lab<CircuitSettings> = {
  id: 'circuit',
  question: 'Is the wire occupied while a connection is up?',
  ...madeOf(cases, LESSONS),
  showFirst: ['idle/packets', 'idle/circuit', 'cut/circuit', 'busy/circuit'],
  prepare: conditionsOf,
  questions: questionsOf,
  story: boardStory,
  figures: figuresOf,
}
