/** From what was found to verdicts: each expectation, for each case of its fault. Pure. */

import { otherRole } from '../events/host-names.ts'
import type { Check, Claim } from '../lab/checks.ts'
import { checkOf, skippedCells, type TimedClaim } from '../lab/judging.ts'
import type { LabLog } from '../lab/log.ts'
import { cellId, type Plan } from '../plan/plan.ts'
import { shortTime, signOf } from '../view/viewer/signs.ts'
import type { Expectation } from './expectations.ts'
import { allCases } from './faults.ts'
import { type CaseFindings, findingsOf } from './findings.ts'
import type { TrySettings } from './request.ts'
import { notServedWords, triggerWords } from './words.ts'

/** Each expectation of a plan, judged by its log. One about a fault that was not seen to happen is skipped. */
export function judgeTry(log: LabLog, plan: Plan<TrySettings>): Check[] {
  const { settings } = plan
  const found = findingsOf(log, plan)
  const checks = allCases
    .filter(({ id }) => plan.cases.includes(id))
    .flatMap(({ id, fault }) =>
      settings.expect
        .filter((expectation) => expectation.fault === fault)
        .flatMap((expectation) => {
          const findings = found.find((one) => one.id === id)
          if (findings === undefined) return []
          const check = checkOf(log, claimOf(expectation, findings, settings.name))
          return [mayHaveBeenMissed(check, findings) ? { ...check, verdict: 'inconclusive' as const } : check]
        }),
    )
  const expected = plan.cells.filter((cell) =>
    settings.expect.some(({ fault }) =>
      allCases.some(({ id, ...one }) => one.fault === fault && cellId(id, settings.name) === cell),
    ),
  )
  return [...checks, ...skippedCells(log, { cells: expected }, checks)]
}

/** That no payload came proves nothing where packets passed uncaptured. */
function mayHaveBeenMissed({ id, verdict, observed }: Check, { packetsMissed }: CaseFindings): boolean {
  return verdict === 'fail' && id.endsWith('/recovers') && observed.value === null && packetsMissed > 0
}

/** What one expectation claims of one case, and what was observed. */
export function claimOf(expectation: Expectation, found: CaseFindings, row: string): TimedClaim {
  const { from } = found
  const about = (what: string) => ({
    id: `${cellId(found.id, row)}/${what}`,
    formula: expectation.text,
    source: '',
    evidence: [] as string[],
    short: shortOf(found),
  })
  switch (expectation.kind) {
    case 'notices':
    case 'unnoticed': {
      const role = expectation.end ?? otherRole(found.struck)
      const { noticed } = found.ends[role]
      const isQuiet = expectation.kind === 'unnoticed'
      const claim: Claim = {
        ...about(isQuiet ? `unnoticed-${role}` : `detected-${role}`),
        claim: isQuiet
          ? `the ${role} does not notice`
          : `the ${role} notices within ${expectation.withinMs / 1000} s`,
        expected: isQuiet ? { value: null } : { min: 0, max: expectation.withinMs, unit: 'ms' },
        observed: { value: noticed?.afterMs ?? null, unit: 'ms', watchedMs: found.watchedMs },
        because: noticed === null ? 'nothing came to change its belief' : triggerWords(noticed.by),
        evidence: noticed === null ? [] : [noticed.evidence],
      }
      return { claim, from, to: from + (noticed?.afterMs ?? found.watchedMs) }
    }
    case 'survives':
      return {
        claim: {
          ...about('survives'),
          claim: 'the connections of before are there afterwards, at both ends',
          expected: { oneOf: ['they are'] },
          observed: { value: found.survived ? 'they are' : 'they are not' },
          because: found.survived ? 'both kernels have them, and no program ended' : lossWords(found),
        },
        from,
        to: found.until,
      }
    case 'recovers': {
      const { recoveredAfterMs: value, mendedAt } = found
      return {
        claim: {
          ...about('recovers'),
          claim: `clients are served again within ${expectation.withinMs / 1000} s`,
          expected: { min: 0, max: expectation.withinMs, unit: 'ms' },
          observed: { value, unit: 'ms', watchedMs: found.recoveryWatchedMs },
          because: value === null ? notServedWords(found) : 'clients were served again',
        },
        from: mendedAt,
        to: mendedAt + (value ?? found.recoveryWatchedMs),
      }
    }
  }
}

/** What its cell says: what made the end notice that was not struck, and after how many seconds. */
export function shortOf({ struck, ends }: CaseFindings): string {
  const { noticed } = ends[otherRole(struck)]
  return noticed === null ? 'quiet' : `${signOf(noticed.by, 'down', '')} ${shortTime(noticed.afterMs)}`
}

function lossWords({ ends }: CaseFindings): string {
  const lost = [ends.client, ends.server].flatMap(({ end, noticed, exit }) => {
    if (exit !== null) return [`the ${exit.program} ended`]
    return noticed === null ? [] : [`${end}: ${triggerWords(noticed.by)}`]
  })
  return lost.length === 0 ? 'a connection was gone in the end' : lost.join('; ')
}
