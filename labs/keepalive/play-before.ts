/**
 * In play a strike may meet what an earlier one left behind. The lab's formulas are for one strike on a connection
 * that is up at both ends: this asks whether it was, mechanism by mechanism.
 */
import type { Truth } from '../../src/events/vocabulary.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'

/** After a mend a kernel sends again what was lost, later and later; with the lab's settings that is over by then. */
const SETTLED_MS = 5000
const AWAY: readonly Truth[] = ['unreachable', 'gone']

/** null: this strike alone decides what is noticed. Else why nothing can be said. */
export function whyNotAlone(log: LabLog, plan: Plan, strike: Strike, mechanism: string): string | null {
  const { struck, other, began } = strike
  const ends = [other, struck]
  const beliefs = ends.map((host) => log.beliefAt(host, mechanism, began))
  if (beliefs.includes('down')) return 'the connection was down before'
  // Of containers only the last seconds are kept.
  if (plan.tier === 'compose') return null
  const inTheWay = ends.map((host) => log.truthAt(host, began)).find((truth) => truth !== 'answering')
  if (inTheWay !== undefined)
    return `something else was in force before: one host was ${inTheWay} for the other`
  // A UDP client that hears nothing claims nothing either.
  const believes = beliefs.filter((belief) => mechanism !== 'udp' || belief !== 'unknown')
  if (believes.some((belief) => belief !== 'up')) return 'its ends did not both believe in it before'
  const groups = new Set(ends.flatMap((host) => log.connectionAt(host, mechanism, began) ?? []))
  if (groups.size > 1) return 'its ends believed in two different connections before'
  return whyNotSettled(log, ends, began)
}

/** null: nothing that was lost on the way can still be under way when something happens at `time`. */
export function whyNotSettled(log: LabLog, ends: readonly string[], time: number): string | null {
  const from = time - SETTLED_MS
  const foundAgain = ends.flatMap((host) =>
    log
      .all('truth:updated', { host, from, to: time })
      .filter(({ data }) => data.new === 'answering' && AWAY.includes(data.old)),
  )
  const plugged = ends.flatMap((host) =>
    log
      .all('host:condition_seen', { host, to: time })
      .filter(({ data }, index, all) => data.isPlugged && all[index - 1]?.data.isPlugged === false)
      .filter((event) => event.time >= from),
  )
  const back = [...foundAgain, ...plugged].map((event) => event.time)
  if (back.length === 0) return null
  const ago = ((time - Math.max(...back)) / 1000).toFixed(1)
  return `the hosts had found each other again only ${ago} s before: something lost may still have been sent again`
}
