/**
 * A beat every 20 ms that does not drift: each is computed from the first, and not from the one before.
 *
 *     beat 0    1    2    3    4 ...           late: made up for at once, while these are few
 *     |----|----|----|----|                    stopped for long: what was missed is skipped, and said
 */
import { PACKET_MS } from '../../protocols/rtp/constants.ts'

/** 60 ms: what a receiver's buffer still evens out. More at once would only arrive to be dropped. */
const BURST_MAX = 3

export interface Beat {
  /** Counts 20 ms since the beginning, the skipped ones included. */
  number: number
  /** Skipped right before this one. */
  skipped: number
  /** How long after its time it is. */
  lateMs: number
}

/** @returns what ends it */
export function startMediaClock(onBeat: (beat: Beat) => void): () => void {
  const startMs = performance.now()
  let next = 0
  let timer: NodeJS.Timeout

  function beat(): void {
    const nowMs = performance.now()
    const due = Math.floor((nowMs - startMs) / PACKET_MS) + 1 - next
    let skipped = due > BURST_MAX ? due - 1 : 0
    next += skipped
    for (let left = due - skipped; left > 0; left -= 1) {
      const number = next++
      onBeat({ number, skipped, lateMs: nowMs - startMs - number * PACKET_MS })
      skipped = 0
    }
    wait()
  }

  function wait(): void {
    timer = setTimeout(beat, Math.max(0, Math.ceil(startMs + next * PACKET_MS - performance.now())))
  }

  wait()
  return () => clearTimeout(timer)
}
