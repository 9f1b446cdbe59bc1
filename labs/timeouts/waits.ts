/** What this lab claims in most of its cells: how long a wait lasted, beside how long it should have lasted. */
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import type { Check } from '../../src/lab/checks.ts'
import {
  AT_ONCE,
  type Claims,
  counts,
  type Moment,
  nothing,
  says,
  took,
  type Words,
} from '../../src/lab/claims.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Captured } from '../../src/lab/packets.ts'
import type { TimeoutsSettings } from './conditions.ts'
import { type Expectation, nodeTimer, sentAgain } from './expectations.ts'

type Made = Claims[number]
/** The rest follows from what is expected. */
type Said = Omit<Words, 'formula' | 'source'> & { code?: string }

/** How a program hears that its kernel has given up. */
export const KERNEL_TOLD = 'ETIMEDOUT'

/** A wait lasts as long as what is in force makes it. @param expected null: this run does not know what is in force */
export function lasts(
  cell: Cell,
  what: string,
  expected: Expectation | null,
  from: Moment,
  to: Moment,
  words: Said,
): Made {
  const known = expected !== null && !Number.isNaN(expected.span.maxMs)
  const { span, formula, source } = known ? expected : { span: AT_ONCE, formula: '', source: '' }
  return inTable(took(cell, what, span, known ? from : null, to, { formula, source, ...words }))
}

/** Nothing comes, for as long as it was watched. */
export function staysQuiet(
  cell: Cell,
  what: string,
  found: readonly LabEvent[] | null,
  within: Period,
  words: Words,
): Made {
  return inTable(nothing(cell, what, found, within, words))
}

/** Node's setTimeout() tells of silence, and ends nothing. */
export function timeoutFires(cell: Cell<TimeoutsSettings>, words: { claim: string; because: string }): Made {
  const { span, formula, source } = nodeTimer(cell.settings.setTimeoutMs)
  const [set, fired] = [cell.a.first('tcp:option_set'), cell.a.first('tcp:idle_timeout')]
  return inTable(took(cell, 'fires', span, set, fired, { formula, source, ...words }), '*')
}

/** As much was sent, and sent again, as should have been. */
export function sends(
  cell: Cell,
  what: string,
  expected: Expectation | null,
  found: readonly Captured[] | null,
  unit: string,
  words: Said,
): Made {
  if (expected === null || Number.isNaN(expected.span.maxMs)) {
    return counts(cell, what, 0, null, unit, { source: '', ...words })
  }
  const { formula, source } = expected
  const { min, max } = sentAgain(expected)
  return counts(cell, what, { min: 1 + min, max: 1 + max }, found, unit, { formula, source, ...words })
}

/** One end has given up, and nobody could tell the other one. @param time when it is asked; undefined: never */
export function otherEnd(cell: Cell, time: number | undefined): Made {
  const { b } = cell
  const at = time ?? cell.watch.to
  const found = time === undefined ? null : `${b.state(at)}, ${b.belief(at)}`
  return says(cell, 'other-end', 'ESTABLISHED, up', found, {
    claim: 'the other end still believes in the connection',
    formula: 'its state and its belief in the end',
    because: 'it had nothing to send and asked nobody, so nothing told it',
    unseen: 'the path was not seen to be whole again',
    source: 'RFC 9293 section 3.5.1 (half-open connections)',
    evidence: [b.last('kernel:socket_updated', { to: at })],
  })
}

/** When the table of a host lost a connection that was in this state. */
export function forgotten(end: End, state: string): EventOf<'kernel:socket_updated'> | undefined {
  return end.all('kernel:socket_updated').find(({ data }) => data.old?.state === state && data.new === null)
}

/** The first, or the first of this kind; undefined: there is none; null: not every packet is known. */
export function firstOf(
  packets: readonly Captured[] | null,
  kind?: Captured['data']['kind'],
): Captured | undefined | null {
  return packets === null ? null : packets.find(({ data }) => kind === undefined || data.kind === kind)
}

/** The last; undefined: there is none; null: not every packet is known. */
export function lastOf(packets: readonly Captured[] | null): Captured | undefined | null {
  return packets === null ? null : packets.at(-1)
}

/**
 * The claim that speaks for its cell in the table: how long the wait was, or for how long nothing came.
 * @param mark `*`: something was told after that time, and nothing ended
 */
export function inTable(made: Made, mark = ''): Made {
  if ('id' in made) return made
  return { ...made, claim: { ...made.claim, short: `${short(made.claim)}${mark}` } }
}

function short({ observed: { value, watchedMs }, expected }: Pick<Check, 'observed' | 'expected'>): string {
  if (typeof value === 'number') return shortTime(value)
  if (typeof value === 'string') return 'other'
  return watchedMs === undefined || 'min' in expected ? 'none' : `>${shortTime(watchedMs)}`
}

/** In at most seven characters: `0.0 s`, `940.2 s`, `1064 s`. */
export function shortTime(ms: number): string {
  const seconds = ms / 1000
  return `${seconds.toFixed(seconds < 100 ? 1 : 0)} s`
}
