/** Traffic that only repeats itself is counted instead of drawn; what changes something is always drawn. */
import type { Group } from '../ladder.ts'
import { ARROW_WORDS } from '../words.ts'
import type { Message } from './messages.ts'

/** Between two changes, so many arrivals are drawn one by one: three or four rounds of a heartbeat. */
const ARRIVALS_MAX = 24
/** Where there are more than that, the first ones show the pattern, and the last ones what came just before the change. */
const FIRST_SHOWN = 8
const LAST_SHOWN = 6

export interface Crowd extends Omit<Group, 'x' | 'width' | 'y' | 'height'> {
  /** Where its box may stand: after the last arrival drawn before it, and before the first send after it. */
  room: { from: number; to: number }
}

/**
 * @param messages in order of sending
 * @param changes moments of changes of belief, state and truth, in any order
 * @returns what to draw: not more than {@link ARRIVALS_MAX} arrivals between two changes, and every loss
 */
export function thinned(
  messages: readonly Message[],
  changes: readonly number[],
): { drawn: Message[]; crowds: Crowd[] } {
  const drawn: Message[] = []
  const crowds: Crowd[] = []
  let stretch: Message[] = []
  const close = () => {
    const { shown, crowd } = thinnedStretch(stretch)
    drawn.push(...shown)
    if (crowd !== null) crowds.push(crowd)
    stretch = []
  }
  const marks = [...changes].sort((one, other) => one - other)
  let mark = 0
  for (const message of messages) {
    if (message.outcome !== 'arrived') {
      close()
      drawn.push(message)
      continue
    }
    let changed = false
    while ((marks[mark] ?? Number.POSITIVE_INFINITY) <= message.sentAt) {
      mark++
      changed = true
    }
    if (changed) close()
    stretch.push(message)
  }
  close()
  return { drawn, crowds }
}

function thinnedStretch(stretch: readonly Message[]): { shown: readonly Message[]; crowd: Crowd | null } {
  if (stretch.length <= ARRIVALS_MAX) return { shown: stretch, crowd: null }
  const first = stretch.slice(0, FIRST_SHOWN)
  const middle = stretch.slice(FIRST_SHOWN, -LAST_SHOWN)
  const last = stretch.slice(-LAST_SHOWN)
  const from = middle[0]?.sentAt ?? 0
  const to = middle.at(-1)?.sentAt ?? 0
  const roomFrom = Math.max(from, ...first.map((message) => message.arrivedAt ?? 0))
  const room = { from: roomFrom, to: Math.max(roomFrom, to) }
  return {
    shown: [...first, ...last],
    crowd: { from, to, count: middle.length, text: countsOf(middle), room },
  }
}

function countsOf(messages: readonly Message[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of messages) counts.set(ARROW_WORDS[kind], (counts.get(ARROW_WORDS[kind]) ?? 0) + 1)
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([word, count]) => `${count} \u00d7 ${word}`)
    .join(', ')
}
