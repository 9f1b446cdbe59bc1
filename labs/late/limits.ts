/** The claims about detectors: several limits, the same arrivals, held against what chance allows. */

import { LATE_MS } from '../../src/faults/on-cable.ts'
import type { Claim } from '../../src/lab/checks.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { crashesOf, detectionsOf, differences, mean, mistakesOf, type Stream, streamOf } from './arrivals.ts'
import { ARRIVALS, LIMITS_MS, limitRow, rowsOf } from './conditions.ts'
import {
  type Beyond,
  beyond,
  binomialRange,
  detection,
  distanceBound,
  distanceFromEven,
  mistakesRange,
  type Range,
  type Traffic,
} from './theory.ts'

/** A claim of chance is false by chance so seldom, at either end: all of them together, once in a thousand runs. */
const CHANCE = 1e-5
/** The same for a mean, in standard deviations: the quantile of the normal distribution. */
const Z = 4.3
/** The mean of fewer is not normal enough: then only the hard limit holds. */
const ENOUGH = 10
const PAPER = 'Chen, Toueg, Aguilera, IEEE TC 51(5), 2002; labs/late/theory.ts'

export function limitClaims(log: LabLog, plan: Plan): (TimedClaim | null)[] {
  return ['jitter', 'lossy', 'crash'].flatMap((caseId) => {
    const stream = streamOf(log, caseId)
    if (stream === null || stream.heardAt.length < 2) return []
    const timed = (claims: readonly (Claim | null)[]): TimedClaim[] =>
      claims.flatMap((claim) =>
        claim === null ? [] : [{ claim, from: stream.watch.from, to: stream.watch.to }],
      )
    const limits = LIMITS_MS.filter((limitMs) => rowsOf(plan, caseId, [limitRow(limitMs)]).length > 0)
    if (caseId === 'crash') {
      const ofLimits = limits.flatMap((limitMs) => detectionClaims(log, caseId, stream, limitMs))
      return timed([silentClaim(log, caseId, stream), ...ofLimits])
    }
    const ofLimits = limits.flatMap((limitMs) => mistakeClaims(log, caseId, stream, limitMs))
    return timed([...arrivalClaims(caseId, stream), ...ofLimits])
  })
}

/** What the cable really did, by the stamps of both kernels. */
function arrivalClaims(
  caseId: string,
  { traffic, delaysMs, sent, heardAt, evidence }: Stream,
): (Claim | null)[] {
  const { jitterMs, loss } = traffic
  const bound = distanceBound(delaysMs.length, CHANCE) + LATE_MS / jitterMs
  const lost = binomialRange(sent, loss, CHANCE)
  return [
    delaysMs.length === 0
      ? null
      : {
          id: `${caseId}/${ARRIVALS}/delays`,
          claim: `delays are evenly distributed between 0 and ${jitterMs} ms`,
          formula: `distance of Kolmogorov and Smirnov: 0 .. sqrt(ln(2 / ${CHANCE}) / 2n) + ${LATE_MS} ms of ${jitterMs}, n = ${delaysMs.length}`,
          expected: { min: 0, max: Math.ceil(bound * 100), unit: '%' },
          observed: { value: Math.round(distanceFromEven(delaysMs, jitterMs) * 100), unit: '%' },
          because: `${delaysMs.length} delays: ${Math.round(Math.min(...delaysMs))} to ${Math.round(Math.max(...delaysMs))} ms, mean ${Math.round(mean(delaysMs))} ms; a heartbeat every ${Math.round(traffic.intervalMs)} ms (median)`,
          source: 'Dvoretzky, Kiefer, Wolfowitz 1956, Massart 1990; src/faults/on-cable.ts (LATE_MS)',
          evidence,
        },
    {
      id: `${caseId}/${ARRIVALS}/lost`,
      claim:
        loss === 0 ? 'no heartbeat is lost' : `${100 * loss} % of the heartbeats are lost, each by chance`,
      formula: `binomial, n = ${sent}, p = ${loss}`,
      expected: { ...lost, unit: 'heartbeats' },
      observed: { value: sent - heardAt.length, unit: 'heartbeats' },
      because: `${heardAt.length} of ${sent} were heard`,
      source: 'src/wire/cable.ts',
      evidence,
    },
  ]
}

/**
 * Whatever takes a heartbeat later than asked, up to LATE_MS, lengthens the silence before it and shortens the one
 * behind: so the limit is as if it were that much shorter or longer.
 */
function beyondWithin(
  limitMs: number,
  traffic: Traffic,
): { probability: Range; meanMs: Range; deviationMs: number } {
  const all: Beyond[] = []
  for (let late = -LATE_MS; late <= LATE_MS; late++) all.push(beyond(limitMs + late, traffic))
  const of = (key: 'probability' | 'meanMs') => all.map((one) => one[key])
  return {
    probability: { min: Math.min(...of('probability')), max: Math.max(...of('probability')) },
    meanMs: { min: Math.min(...of('meanMs')), max: Math.max(...of('meanMs')) },
    deviationMs: Math.max(...all.map((one) => one.deviationMs)),
  }
}

function mistakeClaims(log: LabLog, caseId: string, stream: Stream, limitMs: number): Claim[] {
  const { heardAt, traffic, evidence } = stream
  const row = `${caseId}/${limitRow(limitMs)}`
  const mistakes = mistakesOf(log, stream, limitMs)
  const silences = heardAt.length - 1
  const exact = beyond(limitMs, traffic)
  const { probability, meanMs, deviationMs } = beyondWithin(limitMs, traffic)
  // What was later than that is known one by one: each may be a mistake that chance did not make, or undo one.
  const late = stream.madeLate.size
  const chance = mistakesRange(silences, probability, CHANCE)
  const range = { min: Math.max(0, chance.min - late), max: Math.min(silences, chance.max + late) }
  const every =
    exact.probability === 0
      ? 'never'
      : `one in ${Math.round(traffic.intervalMs / (1 - traffic.loss) / exact.probability)} ms`
  const count = mistakes.length
  const durations = mistakes
    .filter(({ at, durationMs }) => !isNear(stream.madeLate, at + durationMs))
    .map(({ durationMs }) => durationMs)
  const judged = durations.length
  const spread = (Z * deviationMs) / Math.sqrt(judged)
  const longest = Math.ceil(longestSilenceMs(silences, traffic) + LATE_MS - limitMs + SLACK_MS)
  const isEnough = judged >= ENOUGH
  const { certain, possible } = silencesBeyond(stream, limitMs, overtakenAt(log, stream, limitMs))
  return [
    {
      id: `${row}/mistakes`,
      claim: `a limit of ${limitMs} ms is wrong as often as chance says`,
      formula: `${silences} silences x P(silence > ${limitMs} ms) = ${(silences * exact.probability).toFixed(1)}, ${every}; binomial, limit +-${LATE_MS} ms`,
      expected: { ...range, unit: 'mistakes' },
      observed: { value: count, unit: 'mistakes' },
      because: `interval ${Math.round(traffic.intervalMs)} ms, jitter ${traffic.jitterMs} ms, loss ${100 * traffic.loss} %; ${late} heartbeats were more than ${LATE_MS} ms later than that`,
      source: `${PAPER} (mistake recurrence time)`,
      evidence,
      short: `${count} err`,
    },
    {
      id: `${row}/silences`,
      claim: 'each wrong suspicion is a silence longer than the limit, and each such silence is one',
      formula: `silences longer than ${limitMs} ms +-${STAMP_MS} ms, as the program heard them`,
      expected: { min: certain, max: possible, unit: 'mistakes' },
      observed: { value: count, unit: 'mistakes' },
      because: `the longest silence was ${Math.round(Math.max(...differences(heardAt)))} ms`,
      source: 'src/protocols/heartbeat/detector.ts',
      evidence,
    },
    {
      id: `${row}/duration`,
      claim: 'a wrong suspicion lasts as long as chance says',
      formula:
        judged === 0
          ? 'no mistake has no duration'
          : isEnough
            ? `E(silence - ${limitMs} ms | longer) = ${Math.round(exact.meanMs)} ms, +-${Z} sd / sqrt(${judged}), limit +-${LATE_MS} ms`
            : `of ${judged} only the longest that is possible holds`,
      expected:
        judged === 0
          ? { value: null }
          : {
              min: isEnough ? Math.max(0, Math.floor(meanMs.min - spread)) : 0,
              max: isEnough ? Math.ceil(meanMs.max + spread) : longest,
              unit: 'ms',
            },
      observed: judged === 0 ? { value: null } : { value: Math.round(mean(durations)), unit: 'ms' },
      because: `mean of ${judged}, without ${count - judged} that a late machine made`,
      source: `${PAPER} (mistake duration)`,
      evidence,
    },
  ]
}

/** A detector ends its suspicion a moment after the heartbeat was logged. */
function isNear(times: ReadonlySet<number>, at: number): boolean {
  return [...times].some((time) => Math.abs(at - time) <= STAMP_MS)
}

/** So many heartbeats in a row are lost at most, except by chance. */
function longestSilenceMs(silences: number, { intervalMs, jitterMs, loss }: Traffic): number {
  const lostInARow = loss === 0 ? 0 : Math.ceil(Math.log(CHANCE / silences) / Math.log(loss))
  return (1 + lostInARow) * intervalMs + jitterMs
}

/** When a heartbeat that came after the limit was read before the limit's own timer ran. */
function overtakenAt(log: LabLog, { host, watch }: Stream, limitMs: number): number[] {
  const within = { host, mechanism: limitRow(limitMs), from: watch.from, to: watch.to + STAMP_MS }
  return log.all('detector:overtaken', within).map(({ time }) => time)
}

/**
 * A silence in which the detector's own process did not run, or ran so late that the next heartbeat overtook its
 * timer, and one as long as the limit, may count or not.
 */
function silencesBeyond(
  { heardAt, pauses }: Stream,
  limitMs: number,
  overtaken: readonly number[],
): { certain: number; possible: number } {
  const silences = differences(heardAt).map((silenceMs, index) => {
    const [from = 0, to = 0] = heardAt.slice(index, index + 2)
    const pausedMs = pauses
      .filter(({ at }) => at >= from && at <= to + STAMP_MS)
      .reduce((sum, pause) => sum + pause.pausedMs, 0)
    const isOvertaken = overtaken.some((at) => Math.abs(at - to) <= STAMP_MS)
    return { silenceMs, pausedMs, isOvertaken }
  })
  return {
    certain: silences.filter(
      ({ silenceMs, pausedMs, isOvertaken }) => !isOvertaken && silenceMs - pausedMs > limitMs + STAMP_MS,
    ).length,
    possible: silences.filter(({ silenceMs }) => silenceMs > limitMs - STAMP_MS).length,
  }
}

/** That the sender was silent, by its network card; where packets are not captured, by what was heard. */
function silentClaim(log: LabLog, caseId: string, stream: Stream): Claim {
  const { host, watch, traffic, evidence, heardAt } = stream
  const crashes = crashesOf(log, host, watch)
  const sent = log
    .all('packet:captured', { host: `${caseId}-b`, mechanism: ARRIVALS, from: watch.from, to: watch.to })
    .filter(({ data }) => data.direction === 'sent')
    .map(({ time }) => time)
  const times = sent.length > 0 ? sent : heardAt
  // What is under way when the sender stops still arrives.
  const afterMs = (sent.length > 0 ? 0 : traffic.jitterMs) + STAMP_MS
  const during = times.filter((time) =>
    crashes.some(({ at, until }) => time > at + afterMs && time < until - STAMP_MS),
  )
  return {
    id: `${caseId}/${ARRIVALS}/silent`,
    claim: 'a sender that has stopped sends nothing',
    formula: `no heartbeat ${sent.length > 0 ? 'leaves its network card' : 'is heard'} while it is stopped`,
    expected: { min: 0, max: 0, unit: 'heartbeats' },
    observed: { value: during.length, unit: 'heartbeats' },
    because: `it was stopped ${crashes.length} times; ${times.length} heartbeats in all`,
    source: 'signal(7), SIGSTOP',
    evidence,
  }
}

function detectionClaims(log: LabLog, caseId: string, stream: Stream, limitMs: number): Claim[] {
  const { traffic, evidence } = stream
  const row = `${caseId}/${limitRow(limitMs)}`
  const times = detectionsOf(log, stream, limitMs)
  const detected = times.filter((time): time is number => time !== null)
  const { minMs, maxMs, meanMs, deviationMs } = detection(limitMs, traffic)
  const spread = (Z * deviationMs) / Math.sqrt(detected.length)
  const worst = Math.max(...detected)
  return [
    {
      id: `${row}/complete`,
      claim: 'every crash is suspected in the end',
      formula: 'as many as there were crashes',
      expected: { min: times.length, max: times.length, unit: 'crashes' },
      observed: { value: detected.length, unit: 'crashes' },
      because: `${times.length} times the sender stopped`,
      source: 'Chandra, Toueg, JACM 43(2), 1996 (strong completeness)',
      evidence,
    },
    {
      id: `${row}/worst`,
      claim: 'even the slowest suspicion comes in time',
      formula: `limit - interval .. limit + jitter + slack = ${Math.round(minMs)} .. ${Math.round(maxMs)} ms + slack`,
      expected: {
        min: Math.max(0, Math.floor(minMs - STAMP_MS)),
        max: Math.ceil(maxMs + SLACK_MS),
        unit: 'ms',
      },
      observed: detected.length === 0 ? { value: null } : { value: Math.round(worst), unit: 'ms' },
      because: `of ${detected.length}`,
      source: `${PAPER} (detection time)`,
      evidence,
      short: `${Math.round(worst)} ms`,
    },
    {
      id: `${row}/detection`,
      claim: 'on average a crash is suspected as soon as chance says',
      formula: `limit + jitter / 2 - interval / 2 = ${Math.round(meanMs)} ms, +-${Z} sd / sqrt(${detected.length}), +-${LATE_MS} ms`,
      expected: {
        min: Math.max(0, Math.floor(meanMs - spread - LATE_MS)),
        max: Math.ceil(meanMs + spread + LATE_MS),
        unit: 'ms',
      },
      observed: detected.length === 0 ? { value: null } : { value: Math.round(mean(detected)), unit: 'ms' },
      because: `${detected.map((time) => Math.round(time)).join(', ')} ms`,
      source: `${PAPER} (detection time)`,
      evidence,
    },
  ]
}
