/** Whether a host answers another: asked by their own processes, apart from the programs under test. */
import { roundTripOf } from '../faults/measure.ts'
import type { Host, Pair } from '../hosts/host.ts'

/** Beyond what the link takes, loopback and a switch answer in well under a millisecond; a busy machine may take longer. */
const ANSWERS_WITHIN_MS = 150
/** How often a probe that must be answered is asked again: after a mend the first may come too early. */
const TRIES = 3

/**
 * An answer at the first try is enough to say yes. For no, one unanswered probe is enough only because
 * each fault asks right after its act and is believed only when the answer is the expected one.
 * @param withinMs how long it is asked again and again, beside the usual tries
 */
export async function answers({ a, b, link }: Pair, from: Host, withinMs = 0): Promise<boolean> {
  const to = from === a ? b : a
  const port = to.process?.echoPort
  if (port === undefined || from.process === null) return false
  const probe = { address: to.address, port, withinMs: ANSWERS_WITHIN_MS + roundTripOf(link).delayMs }
  const until = performance.now() + withinMs
  for (let tries = 0; tries < TRIES || performance.now() < until; tries++) {
    if (await from.process.ask('probe', probe)) return true
  }
  return false
}
