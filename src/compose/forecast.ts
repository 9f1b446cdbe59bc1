/** What the learner is told to expect of an act before they type it: the lab's own formulas, with what is in force now. */
import { expectationOf } from '../../labs/keepalive/cases.ts'
import type { Expectation } from '../../labs/keepalive/expectations.ts'
import type { KeepaliveFault } from '../../labs/keepalive/faults.ts'
import { situationOf } from '../../labs/keepalive/situation.ts'
import { seenOn } from '../../labs/keepalive/struck.ts'
import { type HostSide, hostName, otherSide, roleOf } from '../events/host-names.ts'
import { SLACK_MS } from '../lab/checks.ts'
import type { LabLog, Strike } from '../lab/log.ts'
import type { Forecast } from '../page/messages.ts'
import type { Plan } from '../plan/plan.ts'
import type { Mechanism } from '../programs/scripts/host-messages.ts'

/**
 * @param struck which end would be struck; the words are about the other one
 * @returns by mechanism; nothing while too little is known
 */
export function forecast(
  log: LabLog,
  plan: Plan,
  pair: string,
  fault: KeepaliveFault,
  struck: HostSide,
): Record<string, Forecast> {
  const now = log.events.at(-1)?.time
  if (now === undefined) return {}
  const strike: Strike = {
    fault,
    pair,
    struck: hostName(pair, struck),
    other: hostName(pair, otherSide(struck)),
    began: now,
    at: now,
    until: now,
    complete: false,
    problem: null,
  }
  const role = roleOf(strike.other)
  return Object.fromEntries(
    plan.mechanisms.map((mechanism) => {
      const seen = seenOn(log, plan, strike, mechanism)
      const measured = situationOf(seen, seen.other)
      const place = { fault, mechanism: mechanism as Mechanism, role, struck: false }
      // Nobody knows at which phase of its timers it will be struck: right after it heard and sent, or right before.
      const soonest = expectationOf(place, {
        ...measured,
        lastHeardMs: -measured.heartbeatMs.interval,
        lostSendsMs: [0],
      })
      const latest = expectationOf(place, {
        ...measured,
        lastHeardMs: 0,
        lostSendsMs: [measured.writeEveryMs],
      })
      return [mechanism, forecastOf(soonest, latest)]
    }),
  )
}

function forecastOf(soonest: Expectation, latest: Expectation): Forecast {
  const { kind, why } = soonest
  if (kind === 'noticed' && latest.kind === 'noticed') {
    const { belief, triggers, minMs } = soonest
    const range = `${seconds(Math.max(0, minMs))} .. ${seconds(latest.maxMs + SLACK_MS)} s`
    return { words: `${belief} after ${range} (${triggers.join(' or ').replaceAll('_', ' ')})`, why }
  }
  return { words: kind === 'quiet' ? 'nothing' : 'cannot be said', why }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
