/** b is alive all the time, so every doubt is a mistake: how often, and for how long, is a matter of chance. */

import { LATE_MS } from '../../../src/faults/on-cable.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS, STAMP_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, nothing } from '../../../src/lab/claims.ts'
import { delaysOf, differences, mean, mistakesOf, type Stream } from '../arrivals.ts'
import type { LateSettings } from '../conditions.ts'
import type { Cell } from '../conversation.ts'
import { openStream, streamRows } from '../detectors.ts'
import {
  type Beyond,
  beyond,
  binomialRange,
  CHANCE,
  distanceBound,
  distanceFromEven,
  mistakesRange,
  PAPER,
  type Range,
  type Traffic,
  Z,
} from '../theory.ts'

/** The mean of fewer is not normal enough: then only the hard limit applies. */
const ENOUGH = 10

export const jitter = unreliable('jitter', 'heartbeats each take 0 to 100 ms; none is lost', () => 0)
export const lossy = unreliable('lossy', 'the same, and one in ten is lost', ({ stream }) => stream.loss)

function unreliable(
  id: string,
  promise: string,
  lossOf: (settings: LateSettings) => number,
): CaseOf<LateSettings> {
  return {
    id,
    promise,
    needs: ['cable'],

    async act(rig, pair, settings) {
      const { count, intervalMs, jitterMs } = settings.stream
      const sender = await openStream(rig, pair, settings, lossOf(settings))
      await sender.send({ count, intervalMs })
      // The last one is still under way.
      await rig.sleep(2 * jitterMs)
      await sender.close()
    },

    rows: streamRows(arrivals, (cell, stream, limitMs) => [
      asOftenAsChance(cell, stream, limitMs),
      eachLongSilence(cell, stream, limitMs),
      asLongAsChance(cell, stream, limitMs),
    ]),
  }
}

/** What the cable really did, by the stamps of both kernels. */
function arrivals(cell: Cell, { traffic, packets, sent, heardAt, evidence }: Stream): Claims {
  const { jitterMs, loss } = traffic
  const delays = packets === null ? [] : delaysOf(packets)
  const bound = distanceBound(Math.max(1, delays.length), CHANCE) + LATE_MS / jitterMs
  const distance = delays.length === 0 ? undefined : Math.round(distanceFromEven(delays, jitterMs) * 100)
  return [
    counts(cell, 'delays', { min: 0, max: Math.ceil(bound * 100) }, packets && distance, '%', {
      claim: `delays are evenly distributed between 0 and ${jitterMs} ms`,
      formula: `distance of Kolmogorov and Smirnov: 0 .. sqrt(ln(2 / ${CHANCE}) / 2n) + ${LATE_MS} ms of ${jitterMs}, n = ${delays.length}`,
      because: `${delays.length} delays: ${Math.round(Math.min(...delays))} to ${Math.round(Math.max(...delays))} ms, mean ${Math.round(mean(delays))} ms; a heartbeat every ${Math.round(traffic.intervalMs)} ms (median)`,
      source: 'Dvoretzky, Kiefer, Wolfowitz 1956, Massart 1990; src/faults/on-cable.ts (LATE_MS)',
      evidence,
    }),
    counts(cell, 'lost', binomialRange(sent, loss, CHANCE), sent - heardAt.length, 'heartbeats', {
      claim:
        loss === 0 ? 'no heartbeat is lost' : `${100 * loss} % of the heartbeats are lost, each by chance`,
      formula: `binomial, n = ${sent}, p = ${loss}`,
      because: `${heardAt.length} of ${sent} were heard`,
      source: 'src/wire/cable.ts',
      evidence,
    }),
  ]
}

function asOftenAsChance(cell: Cell, stream: Stream, limitMs: number) {
  const { heardAt, traffic, evidence } = stream
  const silences = heardAt.length - 1
  const exact = beyond(limitMs, traffic)
  // What was later than that is known one by one: each may be a mistake that chance did not make, or undo one.
  const late = stream.madeLate.size
  const chance = mistakesRange(silences, beyondWithin(limitMs, traffic).probability, CHANCE)
  const expected = { min: Math.max(0, chance.min - late), max: Math.min(silences, chance.max + late) }
  const found = mistakesOf(cell, stream)?.length
  const every =
    exact.probability === 0
      ? 'never'
      : `one in ${Math.round(traffic.intervalMs / (1 - traffic.loss) / exact.probability)} ms`
  return counts(cell, 'mistakes', expected, found, 'mistakes', {
    claim: `a limit of ${limitMs} ms is wrong as often as chance says`,
    formula: `${silences} silences x P(silence > ${limitMs} ms) = ${(silences * exact.probability).toFixed(1)}, ${every}; binomial, limit +-${LATE_MS} ms`,
    because: `interval ${Math.round(traffic.intervalMs)} ms, jitter ${traffic.jitterMs} ms, loss ${100 * traffic.loss} %; ${late} heartbeats were more than ${LATE_MS} ms later than that`,
    source: `${PAPER} (mistake recurrence time)`,
    evidence,
    short: `${found ?? '?'} err`,
  })
}

function eachLongSilence(cell: Cell, stream: Stream, limitMs: number) {
  const { certain, possible } = silencesBeyond(cell, stream, limitMs)
  const found = mistakesOf(cell, stream)?.length
  return counts(cell, 'silences', { min: certain, max: possible }, found, 'mistakes', {
    claim: 'each wrong suspicion is a silence longer than the limit, and each such silence is one',
    formula: `silences longer than ${limitMs} ms +-${STAMP_MS} ms, as the program heard them`,
    because: `the longest silence was ${Math.round(Math.max(...differences(stream.heardAt)))} ms`,
    source: 'src/protocols/heartbeat/detector.ts',
    evidence: stream.evidence,
  })
}

/** Judges only the mistakes that no late machine made. */
function asLongAsChance(cell: Cell, stream: Stream, limitMs: number) {
  const { heardAt, traffic, madeLate, evidence } = stream
  const mistakes = mistakesOf(cell, stream)
  const durations = (mistakes ?? [])
    .filter(({ at, durationMs }) => !isNear(madeLate, at + durationMs))
    .map(({ durationMs }) => durationMs)
  const judged = durations.length
  const words = {
    claim: 'a wrong suspicion lasts as long as chance says',
    because: `mean of ${judged}, without ${(mistakes?.length ?? 0) - judged} that a late machine made`,
    source: `${PAPER} (mistake duration)`,
    evidence,
  }
  if (judged === 0) {
    // A doubt that no heartbeat ever ended would not be a mistake, and has no place here either.
    return nothing(cell, 'duration', mistakes === undefined ? null : openDoubt(cell, stream), cell.watch, {
      ...words,
      formula: 'no mistake has no duration',
      unseen: 'its detector was not heard to say that b is up',
    })
  }
  const value = Math.round(mean(durations))
  if (judged < ENOUGH) {
    const silences = heardAt.length - 1
    const longest = Math.ceil(longestSilenceMs(silences, traffic) + LATE_MS - limitMs + SLACK_MS)
    return counts(cell, 'duration', { min: 0, max: longest }, value, 'ms', {
      ...words,
      formula: `of ${judged} only the longest that is possible applies`,
    })
  }
  const { meanMs, deviationMs } = beyondWithin(limitMs, traffic)
  const spread = (Z * deviationMs) / Math.sqrt(judged)
  const expected = {
    min: Math.max(0, Math.floor(meanMs.min - spread)),
    max: Math.ceil(meanMs.max + spread),
  }
  return counts(cell, 'duration', expected, value, 'ms', {
    ...words,
    formula: `E(silence - ${limitMs} ms | longer) = ${Math.round(beyond(limitMs, traffic).meanMs)} ms, +-${Z} sd / sqrt(${judged}), limit +-${LATE_MS} ms`,
  })
}

/** A doubt that began while b was heard, and that no heartbeat ended. */
function openDoubt(cell: Cell, { heardAt }: Stream) {
  const [from = 0, to = 0] = [heardAt[0], heardAt.at(-1)]
  const last = cell.a.last('belief:updated', { from, to })
  if (last === undefined || last.data.new === 'up') return []
  const next = cell.a.all('belief:updated', { from: last.time }).find((event) => event !== last)
  return next?.data.new === 'up' ? [] : [last]
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

/** A detector ends its suspicion a moment after the heartbeat was logged. */
function isNear(times: ReadonlySet<number>, at: number): boolean {
  return [...times].some((time) => Math.abs(at - time) <= STAMP_MS)
}

/** Except by chance, no more heartbeats in a row are lost than are in this silence. */
function longestSilenceMs(silences: number, { intervalMs, jitterMs, loss }: Traffic): number {
  const lostInARow = loss === 0 ? 0 : Math.ceil(Math.log(CHANCE / silences) / Math.log(loss))
  return (1 + lostInARow) * intervalMs + jitterMs
}

/**
 * A silence in which the detector's own process did not run, or ran so late that the next heartbeat was read before
 * the limit's own timer ran, and one as long as the limit, may count or not.
 */
function silencesBeyond(
  cell: Cell,
  { heardAt, pauses }: Stream,
  limitMs: number,
): { certain: number; possible: number } {
  const overtakenAt = cell.a.all('detector:overtaken').map(({ time }) => time)
  const silences = differences(heardAt).map((silenceMs, index) => {
    const [from = 0, to = 0] = heardAt.slice(index, index + 2)
    const pausedMs = pauses
      .filter(({ at }) => at >= from && at <= to + STAMP_MS)
      .reduce((sum, pause) => sum + pause.pausedMs, 0)
    const isOvertaken = overtakenAt.some((at) => Math.abs(at - to) <= STAMP_MS)
    return { silenceMs, pausedMs, isOvertaken }
  })
  return {
    certain: silences.filter(
      ({ silenceMs, pausedMs, isOvertaken }) => !isOvertaken && silenceMs - pausedMs > limitMs + STAMP_MS,
    ).length,
    possible: silences.filter(({ silenceMs }) => silenceMs > limitMs - STAMP_MS).length,
  }
}
