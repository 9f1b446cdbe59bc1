/** What is foretold of a connection, whatever it was computed from. */
import type { Span } from '../kernel/give-up.ts'

/**
 * From when the time counts: the peer falls silent; the first segment that is lost is sent; the peer's window
 * closes; or the moment of the reading.
 */
export type Since = 'silence' | 'lost-send' | 'closed-window' | 'reading'

/** What TCP does about a peer that is silent in one way. */
export interface Outlook {
  /** `never`: TCP does not notice. `unknown`: what decides it could not be read. */
  notices: 'within' | 'never' | 'unknown'
  /** Of `within`: ETIMEDOUT comes in this time. Scheduling of programs is not in it. */
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
  /** Which setting would change it, and how. */
  advice: string
}
