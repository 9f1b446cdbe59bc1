/** Who calls when, and who speaks when: by chance, and the same again from the same seed. Pure. */
import { randomFrom } from '../../src/lab/random.ts'
import type { ScheduledCall, ScheduledVoice } from '../../src/programs/scripts/telephone/requests.ts'

interface Talk {
  talkers: number
  forMs: number
  /** A piece of speech in each such time, while somebody speaks. */
  frameMs: number
  /** How long somebody speaks, and listens or thinks, on average. */
  spurtMs: number
  silenceMs: number
}

/** Bursty talkers: each speaks and is silent in turn, for times by chance. @returns what all say, in order of time */
export function conversationOf(
  seed: number,
  { talkers, forMs, frameMs, spurtMs, silenceMs }: Talk,
): ScheduledVoice[] {
  const random = randomFrom(seed)
  const voices: ScheduledVoice[] = []
  for (let line = 1; line <= talkers; line++) {
    // Who is met by chance is in a spurt as often as spurts are long.
    let speaks = random() < spurtMs / (spurtMs + silenceMs)
    const phaseMs = random() * frameMs
    let changesAtMs = lasting(random, speaks ? spurtMs : silenceMs)
    for (let atMs = phaseMs; atMs < forMs; atMs += frameMs) {
      while (atMs >= changesAtMs) {
        speaks = !speaks
        changesAtMs += lasting(random, speaks ? spurtMs : silenceMs)
      }
      if (speaks) voices.push({ atMs, line })
    }
  }
  return voices.sort((one, other) => one.atMs - other.atMs)
}

/** Calls by chance. Each lasts 1 on average; the clock is only the schedule's. */
export function callsOf(
  seed: number,
  { erlangs, count }: { erlangs: number; count: number },
): ScheduledCall[] {
  const random = randomFrom(seed)
  let atMs = 0
  return Array.from({ length: count }, () => {
    atMs += lasting(random, 1 / erlangs)
    return { atMs, holdMs: lasting(random, 1) }
  })
}

/** Packets by chance, as many as make up this load of a line. */
export function packetsOf(
  seed: number,
  { load, serviceMs, forMs }: { load: number; serviceMs: number; forMs: number },
): ScheduledVoice[] {
  const random = randomFrom(seed)
  const packets: ScheduledVoice[] = []
  for (let atMs = 0; ; ) {
    atMs += lasting(random, serviceMs / load)
    if (atMs >= forMs) return packets
    packets.push({ atMs, line: 1 })
  }
}

/** Exponential: how long something lasts that ends by chance. */
function lasting(random: () => number, meanMs: number): number {
  return -meanMs * Math.log(1 - random())
}
