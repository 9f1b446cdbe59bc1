/** What should be seen, from the settings in force. Milliseconds. */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import { CONNECT_WITHIN_MS, RECONNECT_AFTER_MS_MAX } from '../../src/programs/session-client.ts'
import type { HeartbeatTiming } from '../../src/protocols/heartbeat/constants.ts'
import { RETRANSMIT_AFTER_MS, RETRANSMIT_AFTER_MS_MAX } from '../../src/protocols/session/constants.ts'

export interface Range {
  min: number
  max: number
  unit: 'ms'
  formula: string
}

/** A kernel that looks for a neighbour's address asks once a second: /proc/sys/net/ipv4/neigh/default/retrans_time_ms. */
const NEIGHBOUR_ASKS_EVERY_MS = 1000

/** From a silent fault to the end of the connection: what was heard last lies up to an interval before the fault. */
export function noticedAfter({ intervalMs, downAfterMs }: HeartbeatTiming): Range {
  return {
    min: downAfterMs - intervalMs - STAMP_MS,
    max: downAfterMs + SLACK_MS,
    unit: 'ms',
    formula: `down - interval .. down + slack = ${downAfterMs} - ${intervalMs} .. ${downAfterMs} + ${SLACK_MS}`,
  }
}

/** The server's timer runs from the moment at which no connection carries the session any more. */
export function forgottenAfter(graceMs: number): Range {
  return {
    min: graceMs - STAMP_MS,
    max: graceMs + SLACK_MS,
    unit: 'ms',
    formula: `grace .. grace + slack = ${graceMs} .. ${graceMs} + ${SLACK_MS}`,
  }
}

/** From the moment at which the server can be reached again until a client that keeps trying has its answer. */
export function answeredAfter(row: string, timing: HeartbeatTiming, { isCut }: { isCut: boolean }): Range {
  const neighbourMs = isCut ? NEIGHBOUR_ASKS_EVERY_MS : 0
  const gapMs = row === 'tcp' ? CONNECT_WITHIN_MS + RECONNECT_AFTER_MS_MAX : longestGap(timing)
  const parts =
    row === 'tcp'
      ? `an attempt + the longest pause = ${CONNECT_WITHIN_MS} + ${RECONNECT_AFTER_MS_MAX}`
      : `the longest gap between two RESUMEs = ${gapMs}`
  const neighbour = isCut ? ` + ARP ${neighbourMs}` : ''
  return {
    min: 0,
    max: gapMs + neighbourMs + SLACK_MS,
    unit: 'ms',
    formula: `0 .. ${parts}${neighbour} + slack ${SLACK_MS}`,
  }
}

/** RESUME goes out after 0, 200, 600, 1400 ms, ... until the attempt is given up; then there is a pause. */
function longestGap({ downAfterMs }: HeartbeatTiming): number {
  let [atMs, waitMs, longestMs] = [0, RETRANSMIT_AFTER_MS, 0]
  while (atMs + waitMs < downAfterMs) {
    atMs += waitMs
    longestMs = Math.max(longestMs, waitMs)
    waitMs = Math.min(2 * waitMs, RETRANSMIT_AFTER_MS_MAX)
  }
  return Math.max(longestMs, downAfterMs - atMs + RECONNECT_AFTER_MS_MAX)
}
