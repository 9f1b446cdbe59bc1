/** The session is not the connection: what becomes of the same cookie? */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { type Claims, says } from '../../src/lab/claims.ts'
import { type Struck, sequelOf } from './struck.ts'

type Answer = EventOf<'http-session:continued'> | EventOf<'http-session:denied'>

/** The first answer from a moment on. */
export function firstAnswer(seen: Struck, expected: 'accepted' | 'refused', from: number): Claims {
  const { at } = seen.strike
  const cell = sequelOf(seen)
  const { a } = cell
  const before = a.last('http-session:continued', { to: at }) ?? a.last('http-session:started', { to: at })
  const [answer] = [
    ...a.all('http-session:continued', { from }),
    ...a.all('http-session:denied', { from }),
  ].sort((one, other) => one.time - other.time)
  const sameConnection = answer !== undefined && answer.group_id === before?.group_id
  return [
    says(cell, 'cookie', expected, answerWord(cell, before?.data.session, answer), {
      claim: `the same cookie is ${expected} afterwards`,
      formula: 'the first answer afterwards, as both ends tell it',
      because: `answered on ${sameConnection ? 'the same connection' : 'another connection'}`,
      source: 'RFC 6265 section 1',
      evidence: [before, answer],
    }),
  ]
}

function answerWord(cell: Cell, session: string | undefined, answer: Answer | undefined): string {
  if (answer === undefined) return 'no answer'
  const word = answer.name === 'http-session:denied' ? 'refused' : 'accepted'
  if (answer.data.session !== session) return `${word}, for another session`
  const served = cell.b.of(answer.group_id).last(answer.name, { to: answer.time })
  return served?.data.session === session ? word : `${word}, but the server says nothing of it`
}
