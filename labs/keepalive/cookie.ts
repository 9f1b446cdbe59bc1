/** The session is not the connection: what becomes of the same cookie? */
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { type Claims, says } from '../../src/lab/claims.ts'
import { type Struck, sequelOf } from './struck.ts'

/** The first answer from a moment on. */
export function firstAnswer(seen: Struck, expected: 'accepted' | 'refused', from: number): Claims {
  const { at } = seen.strike
  const cell = sequelOf(seen)
  const a = cell.at('a')
  const before = a.last('session:continued', { to: at }) ?? a.last('session:started', { to: at })
  const answers: LabEvent[] = [a.first('session:continued', { from }), a.first('session:refused', { from })]
    .filter((answer) => answer !== undefined)
    .sort((one, other) => one.time - other.time)
  const [answer] = answers
  const sameConnection = answer !== undefined && answer.group_id === before?.group_id
  return [
    says(cell, 'cookie', expected, answerWord(answer), {
      claim: `the same cookie is ${expected} afterwards`,
      formula: 'the first answer afterwards',
      because: `answered on ${sameConnection ? 'the same connection' : 'another connection'}`,
      source: 'RFC 6265 section 1',
      evidence: [before, answer],
    }),
  ]
}

function answerWord(answer: LabEvent | undefined): string {
  if (answer === undefined) return 'no answer'
  return answer.name === 'session:refused' ? 'refused' : 'accepted'
}
