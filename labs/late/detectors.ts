/** Several detectors, each with a limit of its own, that hear the same heartbeats. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Claims } from '../../src/lab/claims.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { UdpSocket } from '../../src/rig/sockets.ts'
import { type Stream, streamOf } from './arrivals.ts'
import { ARRIVALS, type LateSettings, LIMITS_MS, limitRow } from './conditions.ts'
import type { Cell } from './conversation.ts'

/** A socket at a that all detectors listen at, and one at b that sends to it. A cable, where there is one, jitters and loses. */
export async function openStream(
  rig: Rig,
  pair: Pair,
  { stream: { intervalMs, jitterMs } }: LateSettings,
  loss: number,
): Promise<UdpSocket> {
  if (rig.offers('cable')) await rig.cable(pair).set('bToA', { jitterMs, loss })
  const detectors = LIMITS_MS.map((limitMs) => ({
    mechanism: limitRow(limitMs),
    // A mistake is a doubt; "down" after it is no second one.
    timing: { intervalMs, suspectAfterMs: limitMs, downAfterMs: 2 * limitMs },
  }))
  const receiver = await rig.sockets(pair.a).udp.open(ARRIVALS, { detectors })
  return rig.sockets(pair.b).udp.open(ARRIVALS, { to: receiver.at })
}

/** The rows of a case with a stream: what is claimed of the arrivals, and of each limit. */
export function streamRows(
  ofArrivals: (cell: Cell, stream: Stream) => Claims,
  ofLimit: (cell: Cell, stream: Stream, limitMs: number) => Claims,
): Record<string, (cell: Cell) => Claims> {
  const hearing = (claimsOf: typeof ofArrivals) => (cell: Cell) => {
    const stream = streamOf(cell)
    return stream === null ? [] : claimsOf(cell, stream)
  }
  const limits = LIMITS_MS.map((limitMs) => [
    limitRow(limitMs),
    hearing((cell, stream) => ofLimit(cell, stream, limitMs)),
  ])
  return { [ARRIVALS]: hearing(ofArrivals), ...Object.fromEntries(limits) }
}
