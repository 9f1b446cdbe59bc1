/**
 * What chance allows a failure detector: how often it is wrong, for how long, and how soon it is right.
 *
 * The terms are those of W. Chen, S. Toueg, M. K. Aguilera, "On the Quality of Service of Failure Detectors", IEEE
 * Transactions on Computers 51(5), 2002:
 *
 *   detection time           from a crash until the detector suspects for good
 *   mistake recurrence time  from one wrong suspicion to the next
 *   mistake duration         from a wrong suspicion until it is taken back
 *
 * The detector here is the simple one that they compare theirs with: each heartbeat restarts a timer. Its suspicions are the silences between two arrivals that last longer than its limit:
 *
 *   silence = k * interval + (delay of this heartbeat - delay of the one before)
 *
 * k - 1 heartbeats were lost in between, each with probability q, so k is geometric; delays are even in
 * [0, jitter], so their difference is triangular in [-jitter, jitter]. It holds while jitter <= interval: then
 * no heartbeat waits for an earlier one.
 */

/** How rarely a claim about chance is false by chance, at either end: all of them together, once in a thousand runs. */
export const CHANCE = 1e-5
/** The same for a mean, in standard deviations: the quantile of the normal distribution. */
export const Z = 4.3
export const PAPER = 'Chen, Toueg, Aguilera, IEEE TC 51(5), 2002; labs/late/theory.ts'

export interface Traffic {
  /** From one heartbeat to the next, as they are sent. */
  intervalMs: number
  /** Delays are evenly distributed between 0 and this. */
  jitterMs: number
  /** The probability that a heartbeat is lost. */
  loss: number
}

export interface Range {
  min: number
  max: number
}

/** Of a silence and its limit: P(silence > limit), and mean and standard deviation of what is beyond, given that. */
export interface Beyond {
  probability: number
  meanMs: number
  deviationMs: number
}

/** Where a sum over losses in a row ends: what is left is smaller than rounding. */
const NEGLIGIBLE = 1e-12

export function beyond(limitMs: number, { intervalMs, jitterMs, loss }: Traffic): Beyond {
  let probability = 0
  let first = 0
  let second = 0
  let share = 1 - loss
  for (let k = 1; share > NEGLIGIBLE; k++) {
    const part = differenceBeyond(limitMs - k * intervalMs, jitterMs)
    probability += share * part.probability
    first += share * part.first
    second += share * part.second
    share *= loss
  }
  if (probability < NEGLIGIBLE) return { probability: 0, meanMs: 0, deviationMs: 0 }
  const meanMs = first / probability
  const variance = second / probability - meanMs ** 2
  return { probability, meanMs, deviationMs: Math.sqrt(Math.max(0, variance)) }
}

/** Of the difference D of two delays: P(D > y), and the first two moments of max(0, D - y). */
function differenceBeyond(y: number, jitterMs: number) {
  if (y >= jitterMs) return { probability: 0, first: 0, second: 0 }
  const variance = jitterMs ** 2 / 6
  if (y <= -jitterMs) return { probability: 1, first: -y, second: variance + y ** 2 }
  const tail = jitterMs - Math.abs(y)
  const [p, m, s] = [tail ** 2 / 2, tail ** 3 / 6, tail ** 4 / 12].map((moment) => moment / jitterMs ** 2)
  if (p === undefined || m === undefined || s === undefined) throw new RangeError('three moments')
  if (y >= 0) return { probability: p, first: m, second: s }
  // Symmetry: what is not beyond y lies, mirrored, beyond -y.
  return { probability: 1 - p, first: m - y, second: variance + y ** 2 - s }
}

/** How many wrong suspicions in `silences` silences, except by a chance of `chance` at either end. */
export function mistakesRange(silences: number, probability: Range, chance: number): Range {
  // Two neighbours share a heartbeat and its delay; every second silence shares none. So either half is binomial
  // exactly, and their sum is in the sum of their ranges without any assumption about how they depend.
  const halves = [Math.ceil(silences / 2), Math.floor(silences / 2)]
  return halves.reduce(
    (sum, half) => ({
      min: sum.min + binomialRange(half, probability.min, chance / 2).min,
      max: sum.max + binomialRange(half, probability.max, chance / 2).max,
    }),
    { min: 0, max: 0 },
  )
}

/** The hits in `tries` of probability p: fewer than `min`, or more than `max`, have a chance of `chance` at most. */
export function binomialRange(tries: number, p: number, chance: number): Range {
  if (p <= 0) return { min: 0, max: 0 }
  if (p >= 1) return { min: tries, max: tries }
  const weights: number[] = []
  let logWeight = tries * Math.log1p(-p)
  for (let hits = 0; hits <= tries; hits++) {
    weights.push(Math.exp(logWeight))
    logWeight += Math.log((tries - hits) / (hits + 1)) + Math.log(p / (1 - p))
  }
  let min = 0
  for (let below = weights[0] ?? 0; below <= chance; below += weights[min] ?? 1) min += 1
  let max = tries
  for (let above = weights[tries] ?? 0; above <= chance; above += weights[max] ?? 1) max -= 1
  return { min, max }
}

/**
 * A distribution measured `n` times lies nowhere farther from the true one, except by a chance of `chance`: the
 * Dvoretzky-Kiefer-Wolfowitz inequality with P. Massart's constant (1990).
 */
export function distanceBound(n: number, chance: number): number {
  return Math.sqrt(Math.log(2 / chance) / (2 * n))
}

/** How far the distribution of these numbers lies from the even one in [0, width]: Kolmogorov and Smirnov's distance. */
export function distanceFromEven(numbers: readonly number[], width: number): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted.reduce((worst, value, index) => {
    const even = Math.min(1, Math.max(0, value / width))
    return Math.max(worst, even - index / sorted.length, (index + 1) / sorted.length - even)
  }, 0)
}

/**
 * From a crash at a random moment to the suspicion: the last heartbeat was sent up to an interval before, took up to
 * `jitter`, and its silence lasts as long as the limit.
 */
export function detection(limitMs: number, { intervalMs, jitterMs }: Traffic) {
  return {
    minMs: limitMs - intervalMs,
    maxMs: limitMs + jitterMs,
    meanMs: limitMs + jitterMs / 2 - intervalMs / 2,
    // Two even distributions, of the phase and of the delay.
    deviationMs: Math.sqrt((intervalMs ** 2 + jitterMs ** 2) / 12),
  }
}
