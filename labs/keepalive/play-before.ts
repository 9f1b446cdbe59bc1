/**
 * In play a strike may meet what an earlier one left behind. The lab's formulas are for one strike on a connection
 * that is up at both ends: here is asked whether it was, mechanism by mechanism.
 */
import type { Truth } from '../../src/events/vocabulary.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'

/** After a mend a kernel sends again what was lost, later and later; with the lab's settings that is over by then. */
const SETTLED_MS = 5000

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
  return isSilent(strike) ? whyNotSettled(log, strike) : null
}

/** What a kernel notices of silence depends on what it was waiting for already. */
function isSilent({ fault }: Strike): boolean {
  return fault === 'cut' || fault === 'power-off'
}

function whyNotSettled(log: LabLog, { struck, other, began }: Strike): string | null {
  const away: Truth[] = ['unreachable', 'gone']
  const back = [other, struck].flatMap((host) =>
    log
      .all('truth:updated', { host, from: began - SETTLED_MS, to: began })
      .filter(({ data }) => data.new === 'answering' && away.includes(data.old)),
  )
  const newest = Math.max(...back.map(({ time }) => time))
  if (back.length === 0) return null
  return `the hosts had found each other again only ${((began - newest) / 1000).toFixed(1)} s before: kernels may still have been sending again`
}
