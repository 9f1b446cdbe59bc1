/**
 * The four kinds of claims a lab makes of a cell:
 *
 *   took     from one event to another it takes so long
 *   counts   there are so many
 *   says     it is called so
 *   nothing  none of these came, for as long as was watched
 *
 * What was found is null where this run could not know it; the claim is then skipped, with the reason. That is not
 * the same as `undefined`, zero or 'nothing', which were looked for and did not come.
 */
import { addressOf, type LabEvent } from '../events/vocabulary.ts'
import type { Span } from '../kernel/give-up.ts'
import type { Cell } from './cell.ts'
import { type Claim, type Expected, type Observation, SLACK_MS, STAMP_MS } from './checks.ts'
import type { TimedClaim, UnseenClaim } from './judging.ts'
import type { Period } from './log.ts'
import { firstOfEach, packetWords } from './packets.ts'

/** What is claimed of a cell, in the order in which it happened. */
export type Claims = readonly (TimedClaim | UnseenClaim)[]

/** What a claim is beside its numbers. */
export interface Words {
  /** A sentence that could be false. */
  claim: string
  /** How what is expected follows from what is in force; where left out, the expected range says it. */
  formula?: string
  /** Why it is so, or what else was seen. */
  because: string
  /** Where it is written: RFC and section, man page, kernel function. */
  source: string
  /** What the table says of its cell, in at most seven characters. */
  short?: string
  /** The events it rests on, where they are not those that the claim is made of. */
  evidence?: readonly (LabEvent | undefined)[]
  /** Why nobody could see it, where it is not that packets were not watched. Read only of what is skipped. */
  unseen?: string
}

/** A moment that was marked or observed; undefined: it did not come; null: nobody could have seen it. */
export type Moment = LabEvent | number | undefined | null

/** What follows from its cause as fast as this machine lets us see it. */
export const AT_ONCE: Span = { minMs: 0, maxMs: 0 }

/** The first of many events are proof enough. */
const EVIDENCE_MAX = 12

/**
 * From one moment to another it takes so long.
 * @param words.code the error, or the trigger of a belief, that it has to come with: this one, or one of these
 */
export function took(
  cell: Cell,
  what: string,
  { minMs, maxMs }: Span,
  from: Moment,
  to: Moment,
  words: Words & { code?: string | readonly string[] },
): TimedClaim | UnseenClaim {
  if (from === null || to === null) return unseen(cell, what, words)
  const [began, ended] = [timeOf(from), timeOf(to)]
  const seen = typeof to === 'object' ? codeOf(to) : undefined
  const wanted = words.code === undefined ? null : [words.code].flat()
  const isOther = wanted !== null && ended !== undefined && !wanted.includes(seen ?? '')
  const expected = {
    min: Math.max(0, Math.floor(minMs - STAMP_MS)),
    max: Math.ceil(maxMs + SLACK_MS),
    unit: 'ms',
  }
  const observed: Observation = isOther
    ? { value: `${seen ?? 'no error'} after ${afterMs(began, ended)} ms` }
    : { value: afterMs(began, ended), unit: 'ms' }
  if (observed.value === null) {
    delete observed.unit
    observed.watchedMs = Math.round(cell.watch.to - (began ?? cell.watch.from))
  }
  const formula = words.formula ?? (maxMs === 0 ? '0 .. slack' : `${minMs} .. ${maxMs} ms, and the slack`)
  const evidence = [from, to].filter((moment) => typeof moment === 'object')
  return claimOf(cell, what, { evidence, ...words, formula }, expected, observed, {
    from: began ?? cell.watch.from,
    to: ended ?? cell.watch.to,
  })
}

/** There are so many, or so much. @param unit a plural: `packets` */
export function counts(
  cell: Cell,
  what: string,
  expected: number | { min: number; max: number },
  found: readonly LabEvent[] | number | undefined | null,
  unit: string,
  words: Words,
): TimedClaim | UnseenClaim {
  if (found === null) return unseen(cell, what, words)
  const range = typeof expected === 'number' ? { min: expected, max: expected } : expected
  const formula = words.formula ?? (range.min === range.max ? `${range.min}` : `${range.min} .. ${range.max}`)
  const evidence = typeof found === 'object' ? found : []
  const value = typeof found === 'object' ? found.length : found
  const observed = value === undefined ? { value: null } : { value, unit }
  return claimOf(cell, what, { evidence, ...words, formula }, { ...range, unit }, observed)
}

/** It is called so, or by one of these words. */
export function says(
  cell: Cell,
  what: string,
  expected: string | readonly string[],
  found: string | null,
  words: Words,
): TimedClaim | UnseenClaim {
  if (found === null) return unseen(cell, what, words)
  const oneOf = [expected].flat()
  const formula = words.formula ?? oneOf.join(' or ')
  return claimOf(cell, what, { ...words, formula }, { oneOf }, { value: found === '' ? null : found })
}

/** None of these came in that time. */
export function nothing(
  cell: Cell,
  what: string,
  found: readonly LabEvent[] | null,
  within: Period,
  words: Words,
): TimedClaim | UnseenClaim {
  if (found === null) return unseen(cell, what, words, within)
  const observed: Observation =
    found.length === 0
      ? { value: null, watchedMs: Math.round(within.to - within.from) }
      : { value: firstOfEach(found.map(eventWords)).slice(0, EVIDENCE_MAX).join(', ') }
  const formula = words.formula ?? 'none, for the whole watch'
  return claimOf(cell, what, { evidence: found, ...words, formula }, { value: null }, observed, within)
}

/**
 * Milliseconds between two moments; null where one did not come. What seems to come before its cause only because
 * that was written down a moment late is 0.
 */
function afterMs(from: number | undefined, to: number | undefined): number | null {
  if (from === undefined || to === undefined) return null
  const after = Math.round(to - from)
  return after < 0 && after >= -STAMP_MS ? 0 : after
}

function timeOf(moment: LabEvent | number | undefined): number | undefined {
  return typeof moment === 'object' ? moment.time : moment
}

/** What an event says it came by. */
function codeOf({ data }: LabEvent): string | undefined {
  if ('code' in data) return String(data.code)
  return 'trigger' in data ? data.trigger : undefined
}

function eventWords(event: LabEvent): string {
  if (event.name === 'packet:captured') return packetWords(event)
  return event.name === 'belief:updated' ? `${event.data.new} (${event.data.trigger})` : event.name
}

function unseen(
  cell: Cell,
  what: string,
  { claim, unseen: because }: Words,
  within: Period = cell.watch,
): UnseenClaim {
  const unwatched = () => cell.a.whyUnwatched(within) ?? cell.b.whyUnwatched(within)
  return {
    id: `${cell.id}/${what}`,
    claim,
    because: because ?? unwatched() ?? 'this run has no source for it',
  }
}

function claimOf(
  cell: Cell,
  what: string,
  { claim, formula, because, source, short, evidence = [] }: Words & { formula: string },
  expected: Expected,
  observed: Observation,
  { from, to }: Period = cell.watch,
): TimedClaim {
  const events = evidence.filter((event) => event !== undefined).slice(0, EVIDENCE_MAX)
  const about: Claim = {
    id: `${cell.id}/${what}`,
    claim,
    formula,
    expected,
    observed,
    because,
    source,
    evidence: events.map(addressOf),
    ...(short === undefined ? {} : { short }),
  }
  return { claim: about, from, to }
}
