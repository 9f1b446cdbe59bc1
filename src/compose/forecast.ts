/** What the learner is told to expect of an act before they type it: the lab's own formulas, with what is in force now. */
import { type Expectation, expectationOf, type Fault, type Role } from '../../labs/keepalive/expectations.ts'
import { situationOf } from '../../labs/keepalive/situation.ts'
import { hostName } from '../events/host-names.ts'
import { SLACK_MS } from '../lab/checks.ts'
import type { Plan } from '../lab/lab.ts'
import type { LabLog, Strike } from '../lab/log.ts'
import type { Mechanism } from '../programs/host-messages.ts'

/** Of the timers that matter here none has a longer period: whatever the phase, the answer lies in the range. */
const PHASE_MS = 2000

/**
 * @param struck which end would be struck; the words are about the other one
 * @returns by mechanism; nothing while too little is known
 */
export function forecast(
  log: LabLog,
  plan: Plan,
  pair: string,
  fault: Fault,
  struck: 'a' | 'b',
): Record<string, string> {
  const now = log.events.at(-1)?.time
  if (now === undefined) return {}
  const other = struck === 'a' ? 'b' : 'a'
  const strike: Strike = {
    fault,
    pair,
    struck: hostName(pair, struck),
    other: hostName(pair, other),
    began: now,
    at: now,
    until: now,
    complete: false,
    problem: null,
  }
  const role: Role = other === 'a' ? 'client' : 'server'
  return Object.fromEntries(
    plan.mechanisms.map((mechanism) => {
      const place = { fault, mechanism: mechanism as Mechanism, role, struck: false }
      const measured = situationOf(log, plan, strike, mechanism as Mechanism, role)
      return [mechanism, wordsOf(expectationOf(place, { ...measured, uncertainMs: PHASE_MS }))]
    }),
  )
}

function wordsOf(expectation: Expectation): string {
  switch (expectation.kind) {
    case 'noticed': {
      const { belief, triggers, minMs, maxMs, why } = expectation
      const range = `${seconds(Math.max(0, minMs))} .. ${seconds(maxMs + SLACK_MS)} s`
      return `${belief} after ${range} (${triggers.join(' or ').replaceAll('_', ' ')}): ${why}`
    }
    case 'recovers':
      return `may doubt, and is up again after ${seconds(expectation.maxMs + SLACK_MS)} s: ${expectation.why}`
    case 'quiet':
      return `nothing: ${expectation.why}`
    default:
      return expectation.why
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
