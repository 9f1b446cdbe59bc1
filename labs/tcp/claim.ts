/** How the claims of this lab are made. */
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import { type Claim, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { foundInOrder, type Step, steps, type Transition } from './expectations.ts'
import { type Place, packetsAt, packetWords, type Side, seenInState } from './observations.ts'

/** Every event of a long list would be no evidence anybody reads. */
const EVIDENCE_MAX = 12

/** A claim about a row, observed in the time of its case. */
export function claimOf(
  { case: caseId, mechanism, watch }: Place,
  what: string,
  claim: Omit<Claim, 'id' | 'evidence'> & { evidence: readonly (LabEvent | undefined)[] },
): TimedClaim {
  const evidence = claim.evidence.filter((event) => event !== undefined).slice(0, EVIDENCE_MAX)
  return {
    claim: { ...claim, id: `${caseId}/${mechanism}/${what}`, evidence: evidence.map(addressOf) },
    from: watch.from,
    to: watch.to,
  }
}

/** null: this run has no source for it. */
export type Claims = (TimedClaim | null)[]

/** Exactly so many. */
export function exactly(count: number, unit: string) {
  return { min: count, max: count, unit }
}

/** One tick of the kernel's clock; NaN, which fits nothing, where this system does not tell. */
export function jiffyOf(environment: Plan['environment']): number {
  return Number(environment.jiffyMs ?? Number.NaN)
}

/** What follows at once from its cause: 0 .. slack. */
export const AT_ONCE = { min: 0, max: SLACK_MS, unit: 'ms' }

/**
 * Milliseconds from one event to another; nothing where the second one never came. What seems to come before
 * its cause only because that was written down a moment late is 0.
 */
export function afterMs(cause: LabEvent | undefined, effect: LabEvent | undefined) {
  if (cause === undefined || effect === undefined) return { value: null }
  const after = Math.round(effect.time - cause.time)
  return { value: after < 0 && after >= -STAMP_MS ? 0 : after, unit: 'ms' }
}

/**
 * A socket reached a state, and the packets of the arrow that leads there are among those that passed since
 * it was seen in the state before.
 */
export function stateClaim(
  place: Place,
  side: Side,
  transition: Transition,
  what: string,
): TimedClaim | null {
  const step: Step = steps[transition]
  const seen = seenInState(place, side, step.to)
  const packets = packetsAt(place, side, seen === null ? {} : { from: seen.from, to: seen.event.time })
  if (packets === null) return null
  const words = packets.map(packetWords)
  const found = foundInOrder(step.packets, words)
  const isThere = found.length === step.packets.length
  const end = side === 'a' ? 'client' : 'server'
  return claimOf(place, what, {
    claim: `the ${end} comes from ${step.from} to ${step.to}, and by these packets`,
    formula: step.arrow,
    expected: { oneOf: [step.packets.join(', ')] },
    observed:
      seen === null
        ? { value: null, watchedMs: Math.round(place.watch.to - place.watch.from) }
        : { value: (isThere ? found : words).join(', ') || 'no packet' },
    because: `all packets since the state before: ${words.join(', ') || 'none'}`,
    source: 'RFC 9293 section 3.3.2, figure 5',
    evidence: [...packets, seen?.event],
  })
}
