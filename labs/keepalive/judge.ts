/**
 * From the log to verdicts: for each cell of the matrix what both ends should have come to believe beside
 * what they did, and the claims that the question asks about.
 */
import { type Role, roleOf } from '../../src/events/host-names.ts'
import type { Belief, EventOf, Trigger } from '../../src/events/vocabulary.ts'
import { addressOf } from '../../src/events/vocabulary.ts'
import { type Check, type Claim, judge, SLACK_MS, STAMP_MS, skip } from '../../src/lab/checks.ts'
import { judgeTimed, skippedCells } from '../../src/lab/judging.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { aftermathClaims } from './aftermath.ts'
import { type Expectation, expectationOf } from './expectations.ts'
import type { KeepaliveFault } from './faults.ts'
import { whyNotAlone } from './play-before.ts'
import { situationOf } from './situation.ts'
import { takenBackChecks } from './taken-back.ts'

/** What became of one end of one cell, and what should have. */
export interface EndOfCell {
  host: string
  role: Role
  struck: boolean
  expectation: Expectation
  /** Every change of belief in the watch, oldest first. */
  changes: EventOf<'belief:updated'>[]
  /** What decides: the first change to the expected belief, or the first doubt where none was expected. */
  decisive: EventOf<'belief:updated'> | undefined
}

/** Judges a whole run. */
export function judgeRun(log: LabLog, plan: Plan): Check[] {
  const { strikes } = log
  const struck = strikes.flatMap((strike, index) => {
    const nth = strikes.slice(0, index).filter((earlier) => earlier.fault === strike.fault).length + 1
    const checks = strikeChecks(log, plan, strike)
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

function strikeChecks(log: LabLog, plan: Plan, strike: Strike): Check[] {
  const cells = plan.mechanisms.flatMap((mechanism) => cellChecks(log, plan, strike, mechanism))
  if (plan.play || strike.problem !== null || !strike.complete) return cells
  const further = aftermathClaims(log, plan, strike).map((timed) => judgeTimed(log, timed))
  return [...cells, ...further]
}

/** Both ends of one cell; the one that has to find out first. */
export function endsOfCell(log: LabLog, plan: Plan, strike: Strike, mechanism: string): EndOfCell[] {
  return [strike.other, strike.struck].map((host) => {
    const role = roleOf(host)
    const struck = host === strike.struck
    const expectation = expectationOf(
      {
        // This lab strikes with no other.
        fault: strike.fault as KeepaliveFault,
        mechanism,
        role,
        struck,
        inContainer: plan.tier === 'compose',
      },
      situationOf(log, plan, strike, mechanism, role),
    )
    const changes = log.beliefChanges(host, mechanism, { from: strike.began, to: strike.until })
    return { host, role, struck, expectation, changes, decisive: decisiveChange(expectation, changes) }
  })
}

function decisiveChange(expectation: Expectation, changes: EventOf<'belief:updated'>[]) {
  const became = (...beliefs: Belief[]) => changes.find((change) => beliefs.includes(change.data.new))
  if (expectation.kind === 'noticed') return became(expectation.belief) ?? became('down')
  return became('down') ?? became('suspect')
}

function cellChecks(log: LabLog, plan: Plan, strike: Strike, mechanism: string): Check[] {
  return endsOfCell(log, plan, strike, mechanism).map((end) => {
    const id = `${strike.fault}/${mechanism}/${end.struck ? 'struck-end' : 'detected'}`
    const claim = { id, claim: claimOf(strike.fault, mechanism, end), ...compare(end, strike) }
    const reason = whyNotJudged(log, plan, strike, mechanism, end, claim)
    if (reason !== null) return skip(id, claim.claim, reason)
    return judge(claim, log.controlLateMs(strike.at, end.decisive?.time ?? strike.until))
  })
}

/** null when the check says something; else why not. */
function whyNotJudged(
  log: LabLog,
  plan: Plan,
  strike: Strike,
  mechanism: string,
  end: EndOfCell,
  { expected, observed }: Claim,
): string | null {
  const { expectation } = end
  if (expectation.kind === 'meaningless' || expectation.kind === 'unpredictable') return expectation.why
  if (strike.problem !== null) return `the fault was not seen to happen: ${strike.problem}`
  if (!strike.complete) return 'the run ended before the watch was over'
  const before = plan.play ? whyNotAlone(log, plan, strike, mechanism) : null
  if (before !== null) return before
  const watchedMs = strike.until - strike.at
  if (observed.value === null && 'min' in expected && watchedMs < expected.max) {
    return `watched for ${(watchedMs / 1000).toFixed(1)} s only`
  }
  return null
}

function compare(end: EndOfCell, strike: Strike): Omit<Claim, 'id' | 'claim'> {
  const { expectation, decisive, changes } = end
  const watchedMs = Math.round(strike.until - strike.at)
  const nothing = { value: null, watchedMs }
  const evidence = changes.map(addressOf)
  // What was seen before the lab could say that it was true is not early.
  const afterMs = (time: number) => Math.max(0, Math.round(time - strike.at))
  const because =
    changes.length === 0 ? 'no change of belief' : changes.map((change) => wording(change, strike)).join(', ')
  switch (expectation.kind) {
    case 'noticed': {
      const byTrigger = decisive !== undefined && expectation.triggers.includes(decisive.data.trigger)
      return {
        formula: expectation.formula,
        expected: {
          min: Math.max(0, Math.floor(expectation.minMs - STAMP_MS)),
          max: Math.ceil(expectation.maxMs + SLACK_MS),
          unit: 'ms',
        },
        // Noticed by something else is not noticed as expected, be it in time or not.
        observed:
          decisive === undefined
            ? nothing
            : byTrigger
              ? { value: afterMs(decisive.time), unit: 'ms' }
              : { value: `${decisive.data.trigger} after ${afterMs(decisive.time)} ms` },
        because: `${because}; ${expectation.why}`,
        source: expectation.source,
        evidence,
      }
    }
    case 'recovers': {
      const last = changes.at(-1)
      const doubted = last !== undefined
      const up = !doubted || last.data.new === 'up'
      return {
        formula: expectation.formula,
        expected: { min: 0, max: Math.ceil(expectation.maxMs + SLACK_MS), unit: 'ms' },
        observed: up ? { value: doubted ? afterMs(last.time) : 0, unit: 'ms' } : { value: last.data.new },
        because: `${because}; ${expectation.why}`,
        source: 'src/protocols/heartbeat/README.md, RFC 6298',
        evidence,
      }
    }
    default:
      return {
        formula: 'nothing, for the whole watch',
        expected: { value: null },
        observed: decisive === undefined ? nothing : { value: afterMs(decisive.time), unit: 'ms' },
        because: `${because}; ${expectation.why}`,
        source: '',
        evidence,
      }
  }
}

function wording(change: EventOf<'belief:updated'>, strike: Strike): string {
  return `${change.data.new} after ${((change.time - strike.at) / 1000).toFixed(2)} s (${change.data.trigger}, ${change.data.certainty})`
}

/** The claim of a cell's check, in a sentence. */
function claimOf(fault: string, mechanism: string, end: EndOfCell): string {
  const who = `the ${end.role} of ${mechanism}${end.struck ? ' on the struck host' : ''}`
  switch (end.expectation.kind) {
    case 'noticed':
      return `${who} is ${end.expectation.belief} by ${listed(end.expectation.triggers)} in time`
    case 'recovers':
      return `${who} may doubt, and is up again`
    case 'quiet':
      return `${who} notices nothing of ${fault}`
    case 'gone':
      return `${who} says nothing more`
    default:
      return `what ${who} notices of ${fault}`
  }
}

function listed(triggers: readonly Trigger[]): string {
  return triggers.join(' or ')
}
