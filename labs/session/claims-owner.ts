/** Whose session is it? A stolen token, a guessed one, two who have the same. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { WRONG_TOKENS_PER_CONNECTION_MAX } from '../../src/protocols/session/constants.ts'
import { rowsOf, type SessionSettings } from './conditions.ts'
import { SeenSession } from './seen.ts'

type Claims = (TimedClaim | null)[]

const ROTATION = 'RFC 9700 section 4.14.2: a token that was used before shows that somebody has a copy'
const GUESSERS = 2
const THIEF_SAYS = 3

export function ownerClaims(log: LabLog, plan: Plan<SessionSettings>): Claims {
  const of = (caseId: string, claims: (seen: SeenSession) => Claims): Claims =>
    rowsOf(plan, caseId).flatMap((row) => {
      const seen = SeenSession.of(log, caseId, row)
      return seen === null ? [] : claims(seen)
    })
  return [
    ...of('stolen', (seen) => [owner(seen), thief(seen), alarm(seen)]),
    ...of('guessed', (seen) => [guesses(seen), closed(seen)]),
    ...of('rivals', (seen) => [oneLeft(seen), told(seen)]),
  ]
}

/** The token is all that the server knows of its client. */
function owner(seen: SeenSession): TimedClaim {
  const [over] = seen.overs('a', 'session-client')
  return seen.cell.claim('owner', {
    claim: 'the thief comes in, and the owner is told that somebody else has the session',
    formula: 'BYE replaced, to the older connection',
    expected: { oneOf: ['replaced'] },
    observed: { value: over?.data.because ?? null },
    because: 'who has the token is the client, as far as a server can know',
    source: 'src/protocols/session/README.md',
    evidence: [over],
  })
}

function thief(seen: SeenSession): TimedClaim {
  const said = seen.cell.all('a', 'session:message_said').filter(({ program }) => program === 'thief')
  const texts = new Set(said.map(({ data }) => data.text))
  const arrived = seen.cell.all('b', 'session:message_delivered').filter(({ data }) => texts.has(data.text))
  return seen.cell.claim('thief', {
    claim: 'until then the server takes the thief’s messages for the owner’s',
    formula: `said by the thief = ${THIEF_SAYS}`,
    expected: { min: THIEF_SAYS, max: THIEF_SAYS, unit: 'messages' },
    observed: { value: arrived.length, unit: 'messages' },
    because: 'they come in the owner’s session, numbered on from the owner’s last',
    source: 'src/protocols/session/README.md',
    evidence: arrived,
  })
}

function alarm(seen: SeenSession): TimedClaim {
  const [back, out, server] = [
    seen.overs('a', 'owner-again')[0],
    seen.overs('a', 'thief')[0],
    seen.overs('b')[0],
  ]
  const value = `owner ${back?.data.because}, thief ${out?.data.because}, server ${server?.data.because}`
  return seen.cell.claim('ended', {
    claim:
      'the owner comes back with the token that the thief has used up, and the session ends for everybody',
    formula: 'REFUSED token-reused to one, BYE token-reused to the other',
    expected: { oneOf: ['owner token-reused, thief token-reused, server token-reused'] },
    observed: { value },
    because: 'one of the two is a thief, and nothing tells which',
    source: ROTATION,
    evidence: [back, out, server],
  })
}

function guesses(seen: SeenSession): TimedClaim {
  const refused = seen.cell
    .all('b', 'session:claim_refused')
    .filter(({ data }) => data.reason === 'unknown-session')
  const all = GUESSERS * WRONG_TOKENS_PER_CONNECTION_MAX
  return seen.cell.claim('refused', {
    claim: 'a wrong token is refused in the same words as a session that does not exist',
    formula: `guessers x guesses = ${GUESSERS} x ${WRONG_TOKENS_PER_CONNECTION_MAX}`,
    expected: { min: all, max: all, unit: 'refusals' },
    observed: { value: refused.length, unit: 'refusals' },
    because: 'the guesser knows the session’s name, which is public, and learns nothing',
    source: 'OWASP ASVS 5.0, 7.2.3: 128 bits of entropy',
    evidence: refused,
  })
}

function closed(seen: SeenSession): TimedClaim {
  const ended = seen.cell.all('a', 'tcp:end_received')
  return seen.cell.claim('closed', {
    claim: 'after three wrong tokens the server closes the guesser’s connection, and nobody else’s',
    formula: `one FIN for each guesser = ${GUESSERS}`,
    expected: { min: GUESSERS, max: GUESSERS, unit: 'connections' },
    observed: { value: ended.length, unit: 'connections' },
    because: ended.map(({ group_id: group }) => group).join(', '),
    source: 'src/protocols/session/constants.ts',
    evidence: ended,
  })
}

const CLAIMANTS = ['session-client', 'copy']

function lastStates(seen: SeenSession) {
  return CLAIMANTS.map((program) =>
    seen.cell.all('a', 'session:state_updated').findLast((event) => event.program === program),
  )
}

function oneLeft(seen: SeenSession): TimedClaim {
  const states = lastStates(seen)
  const attached = states.filter((state) => state?.data.new === 'attached')
  return seen.cell.claim('one-left', {
    claim: 'of two who come with the same token at the same moment, at most one has the session afterwards',
    formula: 'the newest, or nobody if the older had used the token up',
    expected: { min: 0, max: 1, unit: 'claimants' },
    observed: { value: attached.length, unit: 'claimants' },
    because: states.map((state, at) => `${CLAIMANTS[at]} is ${state?.data.new}`).join(', '),
    source: ROTATION,
    evidence: states,
  })
}

function told(seen: SeenSession): TimedClaim {
  const losers = lastStates(seen).filter((state) => state?.data.new !== 'attached').length
  const overs = CLAIMANTS.flatMap((program) => seen.overs('a', program))
  const knowing = overs.filter(({ data }) => data.certainty === 'definite')
  return seen.cell.claim('told', {
    claim: 'everybody who does not have it was told so',
    formula: `claimants without the session = ${losers}`,
    expected: { min: Math.max(1, losers), max: Math.max(1, losers), unit: 'claimants' },
    observed: { value: knowing.length, unit: 'claimants' },
    because: overs.map(({ program, data }) => `${program}: ${data.because}`).join(', '),
    source: 'src/protocols/session/README.md',
    evidence: overs,
  })
}
