/** A tone, and how to tell which one is heard: by Goertzel's algorithm, a Fourier transform of one frequency at a time. */
import { SAMPLES_PER_SECOND } from '../../protocols/rtp/constants.ts'

/** The a that orchestras tune to: a person who hears it knows that this is no fault of the line. */
export const TONE_HZ = 440
/** A quarter of full scale: clear, and not loud. */
export const TONE_AMPLITUDE = 8_192

/** What a telephone carries, about; G.711 knows nothing above 4,000 Hz. */
const LOWEST_HZ = 100
const HIGHEST_HZ = 3_600
/** A tenth of a second, for 10 Hz from frequency to frequency. */
const SAMPLES_MIN = SAMPLES_PER_SECOND / 10
/** The rest is noise: of a tone in G.711 less than a thousandth. */
const TONE_SHARE_MIN = 0.5
/** Finer and finer around the greatest, up to a hundredth of the first step. */
const REFINEMENTS = 7

/** Samples of the tone from the place `at` on: the next call goes on where this ended. */
export function toneSamples(at: number, count: number): Int16Array {
  const turn = (2 * Math.PI * TONE_HZ) / SAMPLES_PER_SECOND
  return Int16Array.from({ length: count }, (_, place) =>
    Math.round(TONE_AMPLITUDE * Math.sin(turn * (at + place))),
  )
}

/**
 * The frequency that carries most of the power, in Hz, to about one.
 * @returns null for silence, for speech, for less than a tenth of a second
 */
export function frequencyOf(samples: Int16Array): number | null {
  const total = samples.reduce((sum, sample) => sum + sample * sample, 0)
  if (samples.length < SAMPLES_MIN || total === 0) return null
  let stepHz = SAMPLES_PER_SECOND / samples.length
  let best = loudest(samples, LOWEST_HZ, HIGHEST_HZ, stepHz)
  for (let round = 0; round < REFINEMENTS; round += 1) {
    best = loudest(samples, best.hz - stepHz, best.hz + stepHz, stepHz / 2)
    stepHz /= 2
  }
  // A whole tone of power P in N samples answers with P * N / 2.
  const share = best.power / ((total * samples.length) / 2)
  return share < TONE_SHARE_MIN ? null : best.hz
}

function loudest(samples: Int16Array, fromHz: number, toHz: number, stepHz: number) {
  let best = { hz: fromHz, power: -1 }
  for (let hz = fromHz; hz <= toHz; hz += stepHz) {
    const power = powerAt(samples, hz)
    if (power > best.power) best = { hz, power }
  }
  return best
}

/** Goertzel: a resonator tuned to this frequency is driven by the samples; how far it swings at the end tells. */
export function powerAt(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLES_PER_SECOND)
  let [last, beforeLast] = [0, 0]
  for (const sample of samples) [last, beforeLast] = [sample + coefficient * last - beforeLast, last]
  return last * last + beforeLast * beforeLast - coefficient * last * beforeLast
}
