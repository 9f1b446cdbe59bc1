/**
 * How far the wall clock (CLOCK_REALTIME) is ahead of the clock of the log (CLOCK_MONOTONIC).
 *
 * The kernel stamps packets with the wall clock. The distance is constant, since the corrections of NTP
 * change the speed of both clocks alike, until somebody sets the wall clock. No call reads both at once;
 * but a reading of one between two readings of the other bounds the distance, and two such bounds
 * together are tighter than each.
 */
import type { SystemCalls } from './system-calls.ts'

/** Nanoseconds. `wall` was read after `before` and before `after`, which are of the log's clock. */
export interface ClockReading {
  before: bigint
  wall: bigint
  after: bigint
}

/** To begin with: enough to catch a reading that nothing interrupted. */
const FIRST_READINGS = 50

export class WallClock {
  #least: bigint
  #most: bigint

  constructor(first: ClockReading) {
    ;[this.#least, this.#most] = boundsOf(first)
  }

  /** Takes a new reading into account; one that contradicts the others means that the clock was set. */
  update(reading: ClockReading): void {
    const [least, most] = boundsOf(reading)
    const isSet = least > this.#most || most < this.#least
    if (isSet || least > this.#least) this.#least = least
    if (isSet || most < this.#most) this.#most = most
  }

  /** Nanoseconds, in the middle of what is possible. */
  get aheadNs(): bigint {
    return (this.#least + this.#most) / 2n
  }

  /** By how much it may be wrong. */
  get withinNs(): bigint {
    return (this.#most - this.#least + 1n) / 2n
  }
}

function boundsOf({ before, wall, after }: ClockReading): [bigint, bigint] {
  return [wall - after, wall - before]
}

export function readClocks(system: SystemCalls): ClockReading {
  return { before: process.hrtime.bigint(), wall: system.wallClock(), after: process.hrtime.bigint() }
}

export function measureWallClock(system: SystemCalls): WallClock {
  const clock = new WallClock(readClocks(system))
  for (let reading = 1; reading < FIRST_READINGS; reading++) clock.update(readClocks(system))
  return clock
}
