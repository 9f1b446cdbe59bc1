/** What is foretold of a connection, whatever it was computed from. */
import type { Span } from '../kernel/give-up.ts'
import { rangeWords } from './duration.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'

/**
 * From when the time counts: the peer falls silent; the first segment that is lost is sent; the peer's window
 * closes; or the moment of the reading.
 */
export type Since = 'silence' | 'lost-send' | 'closed-window' | 'reading'

/** What TCP does about a peer that is silent in one way. */
export interface Outlook {
  /** `never`: TCP does not notice. `unknown`: what decides it could not be read. */
  notices: 'within' | 'never' | 'unknown'
  /** Of `within`: the error comes in this time. Scheduling of programs is not in it. */
  within: (Span & { since: Since }) | null
  /**
   * The same from the moment of the reading, for a peer that has just fallen silent on a connection that stays
   * as it is: narrower, since it is known when the peer was last heard. null where that is not known.
   */
  fromNow: Span | null
  /** One line for people, with the formula. */
  words: string
  /** What decides it: socket options and sysctls. */
  decidedBy: readonly string[]
  /** What could not be read, and would change it. */
  unless: string | null
}

export interface Forecast {
  /** null each: does not apply in this state. */
  idle: Outlook | null
  sending: Outlook | null
  frozen: Outlook | null
  /** The connection waits already, unanswered: how that ends. null where it does not. */
  now: Outlook | null
  /** What surprises in how it is set; null where nothing does. */
  note: string | null
  /** Which setting would change it, and how. */
  advice: string
}

export function never(words: string, decidedBy: readonly string[]): Outlook {
  return { notices: 'never', within: null, fromNow: null, words, decidedBy, unless: null }
}

export function unknown(words: string, decidedBy: readonly string[]): Outlook {
  return { notices: 'unknown', within: null, fromNow: null, words, decidedBy, unless: words }
}

/** For a connection that is waiting already. */
export function waiting(
  { minMs, maxMs }: Span,
  what: string,
  decidedBy: readonly string[],
  unless: string | null,
): Outlook {
  const left = { minMs, maxMs }
  return {
    notices: 'within',
    within: { since: 'reading', ...left },
    fromNow: left,
    words: `${what}: gives up in ${rangeWords(left)}`,
    decidedBy,
    unless,
  }
}

/** @param assumed a sysctl that decides and the value taken for it; null where none decides */
export function unreadable(
  { reading, unsteady }: ConnectionFacts,
  { sysctls }: HostFacts,
  assumed: readonly [sysctl: string, value: number] | null,
): string | null {
  const reasons = [
    ...(reading === null ? ['TCP_USER_TIMEOUT is set, which is not readable'] : []),
    ...(sysctls === null && assumed !== null
      ? [`${assumed[0]} is not ${assumed[1]} in its network namespace`]
      : []),
    ...(unsteady ? ['it changed while it was read'] : []),
  ]
  return reasons.length === 0 ? null : reasons.join(', or ')
}
