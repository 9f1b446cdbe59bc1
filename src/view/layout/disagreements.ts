/** Where belief and truth contradict each other. Readers do not spot it from two bands, so it is a third. */
import type { Truth } from '../../events/vocabulary.ts'
import { STAMP_MS } from '../../lab/checks.ts'
import type { Disagreement } from '../ladder.ts'
import { duration } from '../words.ts'
import type { BeliefSpan, TruthSpan } from './bands.ts'

/** The picture ends before anybody could have followed: that is nobody's error. */
const TOO_YOUNG_MS = 50

export type DisagreementSpan = Omit<Disagreement, 'x' | 'width' | 'y' | 'height'>

/** Walks along both rows at once: there are no more steps than changes. */
export function disagreementsOf(
  beliefs: readonly BeliefSpan[],
  truths: readonly TruthSpan[],
): DisagreementSpan[] {
  const found: DisagreementSpan[] = []
  let b = 0
  let t = 0
  while (b < beliefs.length && t < truths.length) {
    const belief = beliefs[b] as BeliefSpan
    const truth = truths[t] as TruthSpan
    const from = Math.max(belief.from, truth.from)
    const to = Math.min(belief.to, truth.to)
    const kind = kindOf(belief, truth.truth)
    const open = found.at(-1)
    const goesOn = open !== undefined && open.to === from && open.kind === kind
    if (kind === null) {
      // Agreement again, because the belief changed here and not the truth.
      if (open !== undefined && open.to === from && belief.from === from && truth.from < from)
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
    one.kind === 'unaware' && one.followed && one.to - one.from < STAMP_MS
  const young = (one: DisagreementSpan) => one.to === end && one.to - one.from < TOO_YOUNG_MS
  return found
    .filter((one) => !young(one) && !atOnce(one))
    .map((one) => {
      const ghostMs = one.to - one.from
      const text = one.followed ? duration(ghostMs) : `${duration(ghostMs, 1)} and no end`
      return { ...one, ghostMs, text }
    })
}

/**
 * `unknown` and `connecting` claim nothing, so they cannot be wrong; nor is anything said before the lab
 * knows the truth. A doubt is right about a peer that does not answer. Who was told that a connection is
 * over (FIN, RST) knows it, however well the host at the other end may be.
 */
function kindOf({ belief, certainty }: BeliefSpan, truth: Truth): Disagreement['kind'] | null {
  if (truth === 'absent') return null
  if (belief === 'up') return truth === 'answering' ? null : 'ghost'
  const doubts = belief === 'suspect' || belief === 'down'
  return doubts && certainty === 'unknown' && truth === 'answering' ? 'unaware' : null
}
