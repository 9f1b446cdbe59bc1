/**
 * Belief against truth: the one rule of every view.
 *
 * A belief is about a connection, and a connection is two halves, one at each end. That the other host answers
 * does not make "up" true: after a cut that one end gave up in, both hosts are well, and the end that still
 * believes holds a half without another. Nor is "down" wrong there: whoever gave up has ended its half.
 */
import { type HostSide, otherSide, sideOf } from '../events/host-names.ts'
import type { Belief, Certainty, LabEvent, Trigger, Truth } from '../events/vocabulary.ts'

/**
 * `ghost`: it believes in a connection with a peer that is not there, or not any more. `unaware`: it doubts
 * a peer that is there, over a connection that is.
 */
export type Contradiction = 'ghost' | 'unaware'

export interface Facts {
  /** What is true of the host at the other end. */
  truth: Truth
  /** Whether this end, and the other, still holds its half of the connection that the belief is about. */
  isHeldHere: boolean
  isHeldThere: boolean
}

/**
 * `unknown` and `connecting` claim nothing, so they cannot be wrong; nor is anything said before the lab
 * knows the truth. A doubt is right about a peer that does not answer. Who was told that a connection is
 * over (FIN, RST) knows it, however well the host at the other end may be.
 */
export function contradictionOf(
  { belief, certainty }: { belief: Belief | 'ended' | 'none'; certainty: Certainty },
  { truth, isHeldHere, isHeldThere }: Facts,
): Contradiction | null {
  if (truth === 'absent') return null
  const isThere = truth === 'answering' && isHeldThere
  if (belief === 'up') return isThere ? null : 'ghost'
  const doubts = (belief === 'suspect' || belief === 'down') && certainty === 'unknown'
  return doubts && isThere && isHeldHere ? 'unaware' : null
}

/** What contradicts a belief, in a few words that follow "but". */
export function realityWords(belief: Belief | 'ended', truth: Truth): string {
  return belief === 'up' && truth === 'answering' ? 'over at the other end' : truth
}

/** After these a program doubts or was told something, and its socket is what it was. */
const SOCKET_STAYS: readonly Trigger[] = [
  'heartbeat_missed',
  'answer_missed',
  'fin',
  'close_frame',
  'program_said',
]

/** Which end of a pair still holds its half of which connection. */
export class Halves {
  readonly #known: Record<HostSide, Set<string>> = { a: new Set(), b: new Set() }
  readonly #ended: Record<HostSide, Set<string>> = { a: new Set(), b: new Set() }

  /** @returns the halves that it ended or began */
  note(event: LabEvent): { side: HostSide; group: string; isHeld: boolean }[] {
    const side = sideOf(event.host)
    if (side === null) return []
    const group = event.group_id
    // Of containers nobody sees the end of a process, only the beginning of the next.
    const isAnew = event.name === 'program:started' && event.program === 'host'
    if (event.name === 'host:process_exited' || isAnew) {
      // A UDP server that starts again is as good to its clients as the one before.
      const lost = [...this.#known[side]].filter((one) => side === 'a' || !one.startsWith('udp'))
      return lost.flatMap((one) => this.#become(side, one, false))
    }
    if (group === undefined) return []
    this.#known[side].add(group)
    if (event.name === 'belief:updated') {
      const { new: belief, trigger } = event.data
      if (belief === 'up' || belief === 'connecting') return this.#become(side, group, true)
      const isOver = belief === 'down' && !SOCKET_STAYS.includes(trigger) && !wasRefused(group, trigger)
      return isOver ? this.#become(side, group, false) : []
    }
    const isGone = event.name === 'kernel:socket_updated' && event.data.new === null
    return isGone ? this.#become(side, group, false) : []
  }

  factsFor(side: HostSide, group: string | undefined, truth: Truth): Facts {
    const isHeld = (one: HostSide) => group === undefined || !this.#ended[one].has(group)
    return { truth, isHeldHere: isHeld(side), isHeldThere: isHeld(otherSide(side)) }
  }

  #become(side: HostSide, group: string, isHeld: boolean) {
    if (this.#ended[side].has(group) === !isHeld) return []
    if (isHeld) this.#ended[side].delete(group)
    else this.#ended[side].add(group)
    return [{ side, group, isHeld }]
  }
}

/** A UDP socket goes on after a refusal: its next datagram may find somebody. */
function wasRefused(group: string, trigger: Trigger): boolean {
  return group.startsWith('udp') && trigger !== 'user_closed'
}
