/**
 * From the log to verdicts: for each cell of the matrix what both ends should have come to believe beside
 * what they did, and what each fault's case claims beyond that.
 */
import { roleOf } from '../../src/events/host-names.ts'
import type { Belief, EventOf } from '../../src/events/vocabulary.ts'
import type { End } from '../../src/lab/cell.ts'
import { type Check, SLACK_MS } from '../../src/lab/checks.ts'
import { type Claims, nothing, took } from '../../src/lab/claims.ts'
import { checkOf, skippedCells } from '../../src/lab/judging.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { Mechanism } from '../../src/programs/scripts/host-messages.ts'
import { CASES, expectationOf, hasCell } from './cases.ts'
import type { Expectation, Noticed, Recovers } from './expectations.ts'
import type { KeepaliveFault } from './faults.ts'
import { whyNotAlone } from './play-before.ts'
import { situationOf } from './situation.ts'
import { type Struck, seenOn } from './struck.ts'
import { takenBackChecks } from './taken-back.ts'

type Change = EventOf<'belief:updated'>

/** What became of one end of one cell, and what should have. */
export interface EndOfCell {
  end: End
  /** It is on the struck host. */
  isStruck: boolean
  /** `the client of udp` */
  who: string
  expectation: Expectation
  /** Every change of belief in the watch, oldest first. */
  changes: Change[]
  /** What decides: the first change to the expected belief, or the first doubt where none was expected. */
  decisive: Change | undefined
}

/** Judges a whole run. */
export function judgeRun(log: LabLog, plan: Plan): Check[] {
  const { strikes } = log
  const struck = strikes.flatMap((strike, index) => {
    const nth = strikes.slice(0, index).filter((earlier) => earlier.fault === strike.fault).length + 1
    const checks = strikeClaims(log, plan, strike).map((made) => checkOf(log, made))
    // Only in play: the learner did the same thing again.
    return nth === 1 ? checks : checks.map((check) => ({ ...check, id: `${check.id}@${nth}` }))
  })
  // Containers are judged strike by strike.
  if (plan.play) return plan.tier === 'compose' ? struck : [...struck, ...takenBackChecks(log, plan)]
  const skipped = skippedCells(log, plan, struck, 'detected', (cell) => {
    const [fault, mechanism] = cell.split('/')
    return `what both ends of ${mechanism} notice of ${fault}`
  })
  return [...struck, ...skipped]
}

function strikeClaims(log: LabLog, plan: Plan, strike: Strike): Claims {
  const mechanisms = plan.mechanisms.filter((mechanism) => hasCell(strike.fault, mechanism))
  const isWhole = !plan.play && strike.problem === null && strike.complete
  return mechanisms.flatMap((mechanism) => {
    const seen = seenOn(log, plan, strike, mechanism)
    const more = isWhole ? CASES[strike.fault as KeepaliveFault].further?.[mechanism as Mechanism] : undefined
    return [...bothEnds(seen).map((one) => claimOf(seen, one)), ...(more?.(seen) ?? [])]
  })
}

/** Both ends of one cell; the one that has to find out first. None of a cell that the lab does not have. */
export function bothEnds(seen: Struck): EndOfCell[] {
  const { cell, strike, other, struck } = seen
  if (!hasCell(strike.fault, cell.row)) return []
  return [other, struck].map((end) => {
    const place = {
      fault: strike.fault as KeepaliveFault,
      mechanism: cell.row as Mechanism,
      role: roleOf(end.host),
      struck: end === struck,
    }
    const expectation = expectationOf(place, situationOf(seen, end))
    const changes = cell.log.beliefChanges(end.host, cell.row, { from: strike.began, to: strike.until })
    return {
      end,
      isStruck: end === struck,
      who: `the ${place.role} of ${cell.row}${place.struck ? ' on the struck host' : ''}`,
      expectation,
      changes,
      decisive: decisiveChange(expectation, changes),
    }
  })
}

function decisiveChange(expectation: Expectation, changes: readonly Change[]): Change | undefined {
  const became = (...beliefs: Belief[]) => changes.find(({ data }) => beliefs.includes(data.new))
  if (expectation.kind === 'noticed') return became(expectation.belief) ?? became('down')
  return became('down') ?? became('suspect')
}

/** What this end should have come to believe; or why that cannot be said of it. */
function claimOf(seen: Struck, one: EndOfCell): Claims[number] {
  const { expectation, who } = one
  const why = whyNotJudged(seen, one)
  if (why !== null) {
    const claim = `what ${who} notices of ${seen.strike.fault}`
    return { id: `${seen.cell.id}/${whatOf(one)}`, claim, because: why }
  }
  if (expectation.kind === 'noticed') return noticed(seen, one, expectation)
  return expectation.kind === 'recovers' ? recovered(seen, one, expectation) : unmoved(seen, one)
}

function whatOf({ isStruck }: EndOfCell): string {
  return isStruck ? 'struck-end' : 'detected'
}

/** null when the check says something; else why not. */
function whyNotJudged(
  { cell, strike, watch }: Struck,
  { end, expectation, decisive }: EndOfCell,
): string | null {
  const { log, plan, row } = cell
  if (expectation.kind === 'meaningless' || expectation.kind === 'unpredictable') return expectation.why
  if (strike.problem !== null) return `the fault was not seen to happen: ${strike.problem}`
  if (!strike.complete) return 'the run ended before the watch was over'
  const before = plan.play ? whyNotAlone(log, plan, strike, row) : null
  if (before !== null) return before
  if (expectation.kind === 'quiet' && !hasSpoken(end, strike)) {
    return `nothing was heard of ${end.host} before: that it says nothing proves nothing`
  }
  const watchedMs = watch.to - watch.from
  if (expectation.kind === 'noticed' && decisive === undefined && watchedMs < expectation.maxMs + SLACK_MS) {
    return `watched for ${(watchedMs / 1000).toFixed(1)} s only`
  }
  return null
}

/** Its program is there and would tell: it believed something, or (a client of plain UDP never does) it sent. */
function hasSpoken(end: End, { began }: Strike): boolean {
  return end.belief(began) !== 'unknown' || end.first('udp:datagram_sent', { to: began }) !== undefined
}

function noticed({ cell, strike }: Struck, one: EndOfCell, expected: Noticed) {
  const { belief, triggers, formula, why, source } = expected
  const { who, changes, decisive } = one
  // What was seen before the lab could say that it was true is not early.
  const from = Math.min(strike.at, decisive?.time ?? strike.at)
  return took(cell, whatOf(one), expected, from, decisive, {
    claim: `${who} is ${belief} by ${triggers.join(' or ')} in time`,
    // Noticed by something else is not noticed as expected, whether in time or not.
    code: triggers,
    formula,
    because: `${inWords(changes, strike)}; ${why}`,
    source,
    evidence: changes,
  })
}

function recovered({ cell, strike }: Struck, one: EndOfCell, { maxMs, formula, why }: Recovers) {
  const { end, who, changes } = one
  const isUp = end.belief(strike.until) === 'up'
  const last = changes.at(-1) ?? strike.at
  return took(cell, whatOf(one), { minMs: 0, maxMs }, strike.at, isUp ? last : undefined, {
    claim: `${who} may doubt, and is up again`,
    formula,
    because: `${inWords(changes, strike)}; ${why}`,
    source: 'src/protocols/heartbeat/README.md, RFC 6298',
    evidence: changes,
  })
}

/** Nobody is left to notice, or nothing is there to be noticed. */
function unmoved({ cell, strike, watch }: Struck, one: EndOfCell) {
  const { who, changes, expectation } = one
  const doubts = changes.filter(({ data }) => data.new === 'down' || data.new === 'suspect')
  const isGone = expectation.kind === 'gone'
  return nothing(cell, whatOf(one), doubts, watch, {
    claim: isGone ? `${who} says nothing more` : `${who} notices nothing of ${strike.fault}`,
    formula: 'nothing, for the whole watch',
    because: `${inWords(changes, strike)}; ${expectation.why}`,
    source: '',
    evidence: changes,
  })
}

function inWords(changes: readonly Change[], { at }: Strike): string {
  const words = changes.map(
    ({ data, time }) =>
      `${data.new} after ${((time - at) / 1000).toFixed(2)} s (${data.trigger}, ${data.certainty})`,
  )
  return words.join(', ') || 'no change of belief'
}
