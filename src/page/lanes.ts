/**
 * What is known of containers at this moment: a lane for each client, with a board for its two ends and the
 * strike that was seen last. Events in, what the page shows out.
 */

import { type HostSide, pairOf, sideOf } from '../events/host-names.ts'
import type { Belief, Certainty, EventOf, LabEvent, Trigger } from '../events/vocabulary.ts'
import { SLACK_MS } from '../lab/checks.ts'
import { mechanismOf } from '../lab/log.ts'
import { Board } from '../view/terminal/board.ts'

/** More are no table any more: then they are counted, and the rest is chosen by name. */
export const LANES_SHOWN_MAX = 8

/** Longer than anything is uncertain. */
const RECENT_MS = 5000

export interface SeenStrike {
  /** From 1, in this lane. */
  number: number
  fault: string
  /** Which end it struck; the other one has to find out. */
  struck: HostSide
  at: number
  because: string
  certainty: Certainty
  uncertainMs: number
  /** What the end that has to find out came to believe, by mechanism, oldest first: without the rest of "up". */
  noticed: Map<string, Noticed[]>
  isOver: boolean
}

export interface Noticed {
  belief: Belief
  trigger: Trigger
  afterMs: number
}

/**
 * Whether a strike lies in a time that is longer than what a check allows for anyway. What was then observed can agree
 * with what was expected, which is less than to pass.
 */
export function isUncertain({ uncertainMs = 0 }: { uncertainMs?: number | undefined }): boolean {
  return uncertainMs > SLACK_MS
}

interface Change {
  time: number
  side: HostSide
  mechanism: string
  belief: Belief
  trigger: Trigger
}

export interface Lane {
  pair: string
  board: Board
  /** By which the router knows it. */
  addresses: Record<HostSide, string>
  strike: SeenStrike | null
  /** Whether the router translates for its newest connection, by mechanism. */
  remembered: Map<string, boolean>
  newest: Map<string, string>
  /** What changed just now. */
  recent: readonly Change[]
}

export class Lanes {
  readonly #mechanisms: readonly string[]
  readonly #lanes = new Map<string, Lane>()

  constructor(mechanisms: readonly string[]) {
    this.#mechanisms = mechanisms
  }

  /** In the order of their names; those that are gone come last. */
  get all(): Lane[] {
    const isGone = ({ board }: Lane) => (board.truth.a.truth === 'gone' ? 1 : 0)
    const numberOf = ({ pair }: Lane) => Number(/\d+$/.exec(pair)?.[0] ?? 0)
    return [...this.#lanes.values()].sort(
      (one, other) => isGone(one) - isGone(other) || numberOf(one) - numberOf(other),
    )
  }

  take(event: LabEvent): void {
    const pair = 'pair' in event.data ? event.data.pair : pairOf(event.host)
    if (event.name === 'router:mapping_updated') this.#remember(event)
    // A router that starts again knows nobody.
    if (event.name === 'program:started' && event.host === 'router') {
      for (const { remembered } of this.#lanes.values()) {
        for (const mechanism of remembered.keys()) remembered.set(mechanism, false)
      }
    }
    if (pair === null) return
    const lane = this.#laneOf(pair)
    const side = sideOf(event.host)
    if (event.name === 'host:started' && side !== null) lane.addresses[side] = event.data.address
    lane.board.add(event)
    if (event.name === 'fault:striking') {
      const { fault, struck, promise, uncertainMs = 0 } = event.data
      lane.strike = {
        number: (lane.strike?.number ?? 0) + 1,
        fault,
        struck: sideOf(struck) ?? 'b',
        at: event.time,
        because: promise,
        certainty: 'definite',
        uncertainMs,
        noticed: new Map(),
        isOver: false,
      }
      // What was noticed before anybody could say what had happened.
      for (const change of lane.recent) {
        if (change.time >= event.time - uncertainMs) note(lane.strike, change)
      }
      return
    }
    const { strike } = lane
    if (event.name === 'watch:ended' && strike !== null) strike.isOver = true
    if (event.name === 'truth:updated' && event.time === strike?.at) strike.certainty = event.data.certainty
    if (event.name !== 'belief:updated' || side === null) return
    const { new: belief, trigger } = event.data
    const change: Change = { time: event.time, side, mechanism: mechanismOf(event) ?? '', belief, trigger }
    lane.recent = [...lane.recent.filter(({ time }) => event.time - time < RECENT_MS), change]
    if (strike !== null && !strike.isOver) note(strike, change)
  }

  /** How many of the clients believe what, for each mechanism: for the many that no table shows. */
  summary(side: HostSide): Map<string, Map<Belief | 'ended', number>> {
    const counts = new Map(this.#mechanisms.map((id) => [id, new Map<Belief | 'ended', number>()]))
    for (const { board } of this.#lanes.values()) {
      for (const [mechanism, row] of board.rows) {
        const own = counts.get(mechanism)
        const { belief } = row[side]
        own?.set(belief, (own.get(belief) ?? 0) + 1)
      }
    }
    return counts
  }

  #remember({ group_id: group = '', data }: EventOf<'router:mapping_updated'>): void {
    const lane = [...this.#lanes.values()].find(({ addresses }) => data.client.startsWith(`${addresses.a}:`))
    if (lane === undefined) return
    const mechanism = group.split(':')[0] ?? ''
    // What is forgotten of an older connection says nothing of the newest.
    if (data.isKnown) lane.newest.set(mechanism, group)
    else if (lane.newest.get(mechanism) !== group) return
    lane.remembered.set(mechanism, data.isKnown)
  }

  #laneOf(pair: string): Lane {
    let lane = this.#lanes.get(pair)
    if (lane === undefined) {
      lane = {
        pair,
        board: new Board(this.#mechanisms),
        addresses: { a: '?', b: '?' },
        strike: null,
        remembered: new Map(),
        newest: new Map(),
        recent: [],
      }
      this.#lanes.set(pair, lane)
    }
    return lane
  }
}

function note(strike: SeenStrike, { time, side, mechanism, belief, trigger }: Change): void {
  if (side === strike.struck || belief === 'up' || belief === 'connecting' || belief === 'unknown') return
  const known = strike.noticed.get(mechanism) ?? []
  // An end that doubts again and again for a whole watch has said so.
  if (known.some((one) => one.belief === belief)) return
  strike.noticed.set(mechanism, [...known, { belief, trigger, afterMs: Math.max(0, time - strike.at) }])
}
