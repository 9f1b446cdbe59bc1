/** From what was found to verdicts: each rule, for each case of its fault. Pure. */

import { otherRole } from '../events/host-names.ts'
import type { Check, Claim } from '../lab/checks.ts'
import { checkOf, skippedCells, type TimedClaim, type UnseenClaim } from '../lab/judging.ts'
import type { LabLog } from '../lab/log.ts'
import { cellId, type Plan } from '../plan/plan.ts'
import { shortTime, signOf } from '../view/viewer/signs.ts'
import { allCases } from './faults.ts'
import { type CaseFindings, findingsOf } from './findings.ts'
import type { Rule, Who } from './grammar.ts'
import type { TrySettings } from './request.ts'
import { firstOf, type Noticed, type RowFindings } from './row-findings.ts'
import { byWords, notServedWords, retransmissionWords, triggerWords } from './words.ts'

/** Each rule of a plan, judged by its log. One about a fault that was not seen to happen is skipped. */
export function judgeTry(log: LabLog, plan: Plan<TrySettings>): Check[] {
  const { settings } = plan
  const found = findingsOf(log, plan)
  const checks = allCases
    .filter(({ id }) => plan.cases.includes(id))
    .flatMap(({ id, fault }) =>
      settings.expect
        .filter((rule) => rule.fault === fault)
        .flatMap((rule) => {
          const findings = found.find((one) => one.id === id)
          if (findings?.isWhole !== true) return []
          const check = checkOf(log, claimOf(rule, findings, settings.name))
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
  return verdict === 'fail' && id.includes('/recovers') && observed.value === null && packetsMissed > 0
}

/** What one rule claims of one case, and what was observed. */
export function claimOf(rule: Rule, found: CaseFindings, row: string): TimedClaim | UnseenClaim {
  const { from } = found
  const gone = found.rows.find(({ name, endedBefore }) => 'who' in rule && name === rule.who && endedBefore)
  if (gone !== undefined) {
    const because = `${gone.name} had ended before the fault`
    return { id: `${cellId(found.id, row)}/${rule.kind}-${gone.name}`, claim: rule.text, because }
  }
  const about = (what: string) => ({
    id: `${cellId(found.id, row)}/${what}`,
    formula: rule.text,
    source: '',
    evidence: [] as string[],
    short: shortOf(found),
  })
  switch (rule.kind) {
    case 'notices':
    case 'unnoticed': {
      const group = groupOf(rule.who, found)
      const level = rule.kind === 'notices' ? rule.level : null
      const seen = group.rows.map((one) => (level === null ? one.noticed : one.signs[level]))
      const isQuiet = rule.kind === 'unnoticed'
      // The first to notice tells that any has, the last that all have; that they are quiet the other way round.
      const sign = group.isAny === isQuiet ? lastOf(seen) : firstOf(seen)
      const observed = sign?.afterMs ?? null
      const claim: Claim = {
        ...about(`${isQuiet ? 'unnoticed' : (level ?? 'detected')}-${group.name}`),
        claim: isQuiet
          ? `${group.words} ${group.isOne ? 'does' : 'do'} not notice`
          : `${group.words} ${LEVEL_WORDS[level ?? 'notices'][group.isOne ? 0 : 1]} within ${rule.withinMs / 1000} s`,
        expected: isQuiet ? { value: null } : { min: 0, max: rule.withinMs, unit: 'ms' },
        observed: { value: observed, unit: 'ms', watchedMs: found.watchedMs },
        because: becauseOf(group.rows, seen),
        evidence: [sign?.evidence ?? []].flat(),
      }
      return { claim, from, to: from + (observed ?? found.watchedMs) }
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
      const { countedFrom } = found
      const clients = found.rows.filter(({ end }) => end === 'client')
      const named = clients.filter(({ name }) => name === rule.who)
      const counted = named.length > 0 ? named : clients.filter(({ counts }) => counts)
      const times = counted.map(({ name }) => found.recoveries[name]?.afterMs ?? null)
      const value = (rule.who === 'any' ? least : most)(times)
      const missing = counted.find(({ name }) => found.recoveries[name]?.afterMs === null)
      return {
        claim: {
          ...about(named.length > 0 ? `recovers-${rule.who}` : 'recovers'),
          claim: `${named.length > 0 ? rule.who : rule.who === 'any' ? 'a client' : 'every client'} is served again within ${rule.withinMs / 1000} s`,
          expected: { min: 0, max: rule.withinMs, unit: 'ms' },
          observed: { value, unit: 'ms', watchedMs: found.recoveryWatchedMs },
          because:
            missing === undefined ? servedWords(found, counted, value) : notServedWords(found, missing.name),
        },
        from: countedFrom,
        to: countedFrom + (value ?? found.recoveryWatchedMs),
      }
    }
  }
}

/** That it was served, and whether a timer decided when. */
function servedWords(
  { recoveries }: CaseFindings,
  clients: readonly RowFindings[],
  afterMs: number | null,
): string {
  const deciding = clients.find(({ name }) => recoveries[name]?.afterMs === afterMs)
  const { retransmission = null, by = null } = recoveries[deciding?.name ?? ''] ?? {}
  return [`served again${byWords(by)}`, ...retransmissionWords(retransmission)].join('; ')
}

/** Of one, and of several. */
const LEVEL_WORDS = {
  notices: ['notices', 'notice'],
  loses: ['loses a connection', 'lose a connection'],
  says: ['says so', 'say so'],
  ends: ['ends', 'end'],
} as const

interface Group {
  /** In the id of a check. */
  name: string
  words: string
  rows: RowFindings[]
  isAny: boolean
  isOne: boolean
}

/** Whom a rule is about. */
function groupOf(who: Who, { rows, struck }: CaseFindings): Group {
  const named = rows.filter(({ name }) => name === who)
  if (named.length > 0) return { name: who, words: `the ${who}`, rows: named, isAny: false, isOne: true }
  const end = otherRole(struck)
  const counted = rows.filter((one) => one.end === end && one.counts)
  const [only] = counted
  if (counted.length === 1 && only !== undefined) {
    return { name: only.name, words: `the ${only.name}`, rows: counted, isAny: false, isOne: true }
  }
  const isAny = who === 'any'
  const words = isAny ? `one of ${counted.length} ${end}s` : `all ${counted.length} ${end}s`
  return { name: `${who}-${end}s`, words, rows: counted, isAny, isOne: isAny }
}

/** The last of all; null where one is missing. */
function lastOf(signs: readonly (Noticed | null)[]): Noticed | null {
  const value = most(signs.map((sign) => sign?.afterMs ?? null))
  return signs.find((sign) => sign !== null && sign.afterMs === value) ?? null
}

function most(times: readonly (number | null)[]): number | null {
  return times.length === 0 || times.includes(null) ? null : Math.max(...times.map(Number))
}

function least(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}

function becauseOf(rows: readonly RowFindings[], seen: readonly (Noticed | null)[]): string {
  const [only] = seen
  if (seen.length === 1) {
    return only == null ? 'nothing came to change its belief' : triggerWords(only.by)
  }
  const quiet = rows.filter((_, index) => seen[index] === null).map(({ name }) => name)
  const words = `${seen.length - quiet.length} of ${seen.length} did`
  return quiet.length === 0 || quiet.length === seen.length ? words : `${words}; not ${quiet.join(', ')}`
}

/** What its cell says: what made the end notice that was not struck, first of all, and after how many seconds. */
export function shortOf({ struck, rows }: CaseFindings): string {
  const sign = firstOf(
    rows.filter(({ end, counts }) => end !== struck && counts).map(({ noticed }) => noticed),
  )
  return sign === null ? 'quiet' : `${signOf(sign.by, 'down', '')} ${shortTime(sign.afterMs)}`
}

function lossWords({ rows }: CaseFindings): string {
  const lost = rows.flatMap(({ name, noticed, exit }) => {
    if (exit !== null) return [`the ${name} ended`]
    return noticed === null ? [] : [`${name}: ${triggerWords(noticed.by)}`]
  })
  return lost.length === 0 ? 'a connection was gone in the end' : lost.join('; ')
}
