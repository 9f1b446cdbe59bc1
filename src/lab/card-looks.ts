/** What was counted at a host's network card between two looks at it: held against what was captured meanwhile. */
import type { EventOf } from '../events/vocabulary.ts'
import type { End } from './cell.ts'
import type { Period } from './log.ts'

type Look = EventOf<'kernel:card_read'>
type Counter =
  | 'receivedFrames'
  | 'sentFrames'
  | 'sentBytes'
  | 'packetsTaken'
  | 'receiveSoftirqs'
  | 'forOthers'

/** The first and the last look at a card in a time; null: not two looks. */
export function looksAt(
  end: End,
  card?: string,
  within: Partial<Period> = {},
): [first: Look, last: Look] | null {
  const looks = end.ofHost('kernel:card_read', within).filter(({ data }) => data.card === card)
  const [first, last] = [looks[0], looks.at(-1)]
  return first === undefined || last === undefined || first === last ? null : [first, last]
}

/** How much a counter grew between the first and the last look; null: not two looks. @param card absent: eth0 */
export function grown(
  end: End,
  counter: Counter,
  within: Partial<Period> = {},
  card?: string,
): number | null {
  const looks = looksAt(end, card, within)
  return looks && (looks[1].data[counter] ?? 0) - (looks[0].data[counter] ?? 0)
}

/**
 * The time between the first and the last look at a card: what passed in it is `surely` counted, and `perhaps` what
 * passed while somebody looked. null: not two looks.
 */
export function betweenLooks(end: End, card?: string): { surely: Period; perhaps: Period } | null {
  const looks = looksAt(end, card)
  if (looks === null) return null
  const [first, last] = looks
  return {
    surely: { from: first.time, to: last.time - last.data.withinMs },
    perhaps: { from: first.time - first.data.withinMs, to: last.time },
  }
}
