/** What should be seen, from the settings in force: milliseconds, and how they follow. Slack and stamp are the claim's. */

import type { Span } from '../../src/kernel/give-up.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import { CONNECT_WITHIN_MS, RECONNECT_AFTER_MS_MAX } from '../../src/programs/session-client.ts'
import type { HeartbeatTiming } from '../../src/protocols/heartbeat/constants.ts'
import { RETRANSMIT_AFTER_MS, RETRANSMIT_AFTER_MS_MAX } from '../../src/protocols/session/constants.ts'

export interface Range extends Span {
  formula: string
}

/** A kernel that looks for a neighbour's address asks once a second: /proc/sys/net/ipv4/neigh/default/retrans_time_ms. */
const NEIGHBOUR_ASKS_EVERY_MS = 1000

/** From a silent fault to the end of the connection: what was heard last lies up to an interval before the fault. */
export function noticedAfter({ intervalMs, downAfterMs }: HeartbeatTiming): Range {
  return {
    minMs: downAfterMs - intervalMs,
    maxMs: downAfterMs,
    formula: `down - interval .. down + slack = ${downAfterMs} - ${intervalMs} .. ${downAfterMs} + ${SLACK_MS}`,
  }
}

/** The server's timer runs from the moment at which no connection carries the session any more. */
export function forgottenAfter(graceMs: number): Range {
  return {
    minMs: graceMs,
    maxMs: graceMs,
    formula: `grace .. grace + slack = ${graceMs} .. ${graceMs} + ${SLACK_MS}`,
  }
}

/** From the mending of a cut until a client that keeps trying has its answer. */
export function answeredAfter(row: string, timing: HeartbeatTiming): Range {
  const neighbour = `ARP ${NEIGHBOUR_ASKS_EVERY_MS} + slack ${SLACK_MS}`
  if (row === 'tcp') {
    return {
      minMs: 0,
      maxMs: CONNECT_WITHIN_MS + RECONNECT_AFTER_MS_MAX + NEIGHBOUR_ASKS_EVERY_MS,
      formula: `0 .. an attempt + the longest pause = ${CONNECT_WITHIN_MS} + ${RECONNECT_AFTER_MS_MAX} + ${neighbour}`,
    }
  }
  const gapMs = longestGap(timing)
  return {
    minMs: 0,
    maxMs: gapMs + NEIGHBOUR_ASKS_EVERY_MS,
    formula: `0 .. the longest gap between two RESUMEs = ${gapMs} + ${neighbour}`,
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
