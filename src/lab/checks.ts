/** Checks: a claim in a sentence, what is expected and why, what was observed, a verdict. */

/**
 * Added to every upper bound: what a busy machine of two cores may add between a cause and our seeing it.
 * One for all, never tuned for a cell.
 */
export const SLACK_MS = 300
/**
 * Taken from every lower bound: the event of a send is written a moment after the send, so what follows
 * from it can seem to come too early by that much.
 */
export const STAMP_MS = 10
/** A failed check proves nothing when the lab's own timer was this late inside its window. */
export const CONTROL_LATE_MS = 100

export const verdicts = ['pass', 'fail', 'inconclusive', 'skipped'] as const
export type Verdict = (typeof verdicts)[number]

/** `null` is an observation too: nothing happened, for `watchedMs`. */
export interface Observation {
  value: number | string | null
  /** The unit of a number: `ms`, or the plural of what was counted: `packets`. */
  unit?: string
  watchedMs?: number
}

/** A range, one of some words, or nothing at all. */
export type Expected = { min: number; max: number; unit: string } | { oneOf: string[] } | { value: null }

export interface Check {
  /** `<case>/<mechanism>/<what>`. */
  id: string
  claim: string
  formula: string
  expected: Expected
  observed: Observation
  verdict: Verdict
  because: string
  source: string
  /** Addresses of the events it rests on. */
  evidence: string[]
  /**
   * What its cell of the matrix says, in at most seven characters: `REFUSED`, `3 of 5`. The first check of
   * a cell that has one speaks for it; where none has, the cell counts its checks.
   */
  short?: string
}

/** A check before its verdict. */
export type Claim = Omit<Check, 'verdict'>

/**
 * Judges a claim. Only what was expected and what was observed decide; a late control timer turns a
 * failure into `inconclusive`, and never a pass into anything.
 */
export function judge(claim: Claim, controlLateMs: number): Check {
  if (fits(claim.expected, claim.observed)) return { ...claim, verdict: 'pass' }
  if (controlLateMs <= CONTROL_LATE_MS) return { ...claim, verdict: 'fail' }
  const because = `${claim.because}; but the lab's own timer was ${Math.round(controlLateMs)} ms late meanwhile`
  return { ...claim, verdict: 'inconclusive', because }
}

/** A claim that this run could not look into, and why. */
export function skip(id: string, claim: string, because: string): Check {
  return {
    id,
    claim,
    formula: '',
    expected: { value: null },
    observed: { value: null },
    verdict: 'skipped',
    because,
    source: '',
    evidence: [],
  }
}

function fits(expected: Expected, { value }: Observation): boolean {
  if ('min' in expected) return typeof value === 'number' && value >= expected.min && value <= expected.max
  if ('oneOf' in expected) return typeof value === 'string' && expected.oneOf.includes(value)
  return value === null
}

/** The verdict of all together: the worst, where skipped counts for nothing. */
export function overall(checks: readonly Check[]): Verdict {
  for (const verdict of ['fail', 'inconclusive', 'pass'] as const) {
    if (checks.some((check) => check.verdict === verdict)) return verdict
  }
  return 'skipped'
}

/** What is expected, in words: `0 .. 300 ms`, `3 packets`, `fin or rst`, `nothing`. */
export function expectedWords({ expected }: Pick<Check, 'expected'>): string {
  if ('oneOf' in expected) return expected.oneOf.join(' or ')
  if (!('min' in expected)) return 'nothing'
  const { min, max, unit } = expected
  return withUnit(min === max ? min : `${min} .. ${max}`, unit)
}

/** What was observed, in words: `4580 ms`, `nothing, for 12000 ms`. */
export function observedWords({ observed }: Pick<Check, 'observed'>): string {
  const { value, unit, watchedMs } = observed
  if (value === null) return watchedMs === undefined ? 'nothing' : `nothing, for ${watchedMs} ms`
  return withUnit(value, unit)
}

/** A number with what it counts: `4580 ms`, `1 packet`. */
export function withUnit(value: number | string, unit: string | undefined): string {
  if (unit === undefined) return String(value)
  return `${value} ${value === 1 && unit !== 'ms' ? unit.replace(/s$/, '') : unit}`
}

/** `180 checks passed, 0 failed, 0 inconclusive, 4 skipped.` */
export function countWords(checks: readonly Pick<Check, 'verdict'>[]): string {
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length
  return `${count('pass')} checks passed, ${count('fail')} failed, ${count('inconclusive')} inconclusive, ${count('skipped')} skipped.`
}
