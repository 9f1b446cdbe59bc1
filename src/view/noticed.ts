/**
 * Of all that an end came to believe after a strike, what answers "who notices, and when": one rule for every
 * matrix and panel, so that a cell says the same while a run goes on and after it.
 */
import type { EventOf, Trigger } from '../events/vocabulary.ts'

export type Change = Pick<EventOf<'belief:updated'>['data'], 'new' | 'trigger'>

/** This end's own kernel has given up: nobody told it anything. */
const GAVE_UP: ReadonlySet<Trigger> = new Set<Trigger>(['etimedout', 'ehostunreach', 'enetunreach'])

/**
 * The end of the belief, or else the first doubt. An unanswered request is more than a doubt: its program has
 * noticed, and that the kernel gives up the same bytes later is no news.
 * @param changes oldest first
 * @param dataOf what of each says how the belief changed
 */
export function decisiveChange<T>(changes: readonly T[], dataOf: (change: T) => Change): T | undefined {
  const end = changes.find((change) => dataOf(change).new === 'down')
  const doubt = changes.find((change) => dataOf(change).new === 'suspect')
  if (doubt === undefined || end === undefined) return end ?? doubt
  const isNoNews = dataOf(doubt).trigger === 'answer_missed' && GAVE_UP.has(dataOf(end).trigger)
  return isNoNews ? doubt : end
}
