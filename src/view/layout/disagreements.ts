/** Where belief and truth contradict each other. Readers do not spot it from two bands, so it is a third. */
import { type HostSide, otherSide, sideOf } from '../../events/host-names.ts'
import { STAMP_MS } from '../../lab/checks.ts'
import { contradictionOf, type Facts, Halves } from '../contradiction.ts'
import type { Disagreement } from '../ladder.ts'
import { duration } from '../words.ts'
import type { BeliefSpan, TruthSpan } from './bands.ts'
import type { Scene } from './scene.ts'

/** The picture ends before anybody could have followed: that is nobody's error. */
const TOO_YOUNG_MS = 50

export type DisagreementSpan = Omit<Disagreement, 'x' | 'width' | 'y' | 'height'>

/** Walks along both rows at once: there are no more steps than changes. */
export function disagreementsOf(
  scene: Scene,
  wholeBeliefs: readonly BeliefSpan[],
  truths: readonly TruthSpan[],
): DisagreementSpan[] {
  const beliefs = piecesOf(scene, wholeBeliefs)
  const found: DisagreementSpan[] = []
  let b = 0
  let t = 0
  while (b < beliefs.length && t < truths.length) {
    const belief = beliefs[b] as Piece
    const truth = truths[t] as TruthSpan
    const from = Math.max(belief.from, truth.from)
    const to = Math.min(belief.to, truth.to)
    const kind = contradictionOf(belief, { ...belief.halves, truth: truth.truth })
    const open = found.at(-1)
    const goesOn = open !== undefined && open.to === from && open.kind === kind
    if (kind === null) {
      // Agreement again, because the belief changed here and not the truth.
      if (open !== undefined && open.to === from && belief.from === from && belief.isNew && truth.from < from)
        open.followed = true
    } else if (goesOn) open.to = to
    else if (belief.belief !== 'none' && to > from) {
      found.push({
        host: belief.host,
        from,
        to,
        kind,
        belief: belief.belief,
        truth: truth.truth,
        followed: false,
        ghostMs: 0,
        text: '',
      })
    }
    if (belief.to <= truth.to) b++
    if (truth.to <= belief.to) t++
  }
  const end = Math.min(beliefs.at(-1)?.to ?? 0, truths.at(-1)?.to ?? 0)
  const atOnce = (one: DisagreementSpan) =>
    one.truth === 'answering' && one.followed && one.to - one.from < STAMP_MS
  const young = (one: DisagreementSpan) => one.to === end && one.to - one.from < TOO_YOUNG_MS
  return found
    .filter((one) => !young(one) && !atOnce(one))
    .map((one) => {
      const ghostMs = one.to - one.from
      const text = one.followed ? duration(ghostMs) : `${duration(ghostMs, 1)} and no end`
      return { ...one, ghostMs, text }
    })
}

/** A part of a belief during which both halves of its connection stay what they are. */
interface Piece extends BeliefSpan {
  halves: Pick<Facts, 'isHeldHere' | 'isHeldThere'>
  /** The belief begins here. */
  isNew: boolean
}

function piecesOf({ beliefs, sockets, exits, starts }: Scene, spans: readonly BeliefSpan[]): Piece[] {
  const halves = new Halves()
  const changes = [...beliefs.map(({ event }) => event), ...sockets, ...exits, ...starts]
    .sort((one, other) => one.time - other.time)
    .flatMap((event) => halves.note(event).map((change) => ({ ...change, time: event.time })))
  const ended: Record<HostSide, Set<string>> = { a: new Set(), b: new Set() }
  let next = 0
  return spans.flatMap((span) => {
    const side = sideOf(span.host) ?? 'a'
    const isHeld = (one: HostSide) => span.connection === undefined || !ended[one].has(span.connection)
    const pieces: Piece[] = []
    for (let from = span.from; from < span.to || pieces.length === 0; ) {
      for (
        let change = changes[next];
        change !== undefined && change.time <= from;
        change = changes[++next]
      ) {
        if (change.isHeld) ended[change.side].delete(change.group)
        else ended[change.side].add(change.group)
      }
      const to = Math.min(span.to, changes[next]?.time ?? span.to)
      const held = { isHeldHere: isHeld(side), isHeldThere: isHeld(otherSide(side)) }
      pieces.push({ ...span, from, to, halves: held, isNew: from === span.from })
      from = to
    }
    return pieces
  })
}
