/** What the way between the hosts is like for a whole run (`--link`): seen to hold before anything else happens. */
import { isPlausible, roundTripOf, summarise } from '../faults/measure.ts'
import { SMALL_BYTES, WITHIN_MS } from '../faults/on-cable.ts'
import type { Link, Pair } from '../hosts/host.ts'
import type { LabLog } from '../lab/log.ts'
import type { Rig } from '../rig/rig.ts'

/** Several pairs of hosts start at the same time: a series close together would only show how busy the machine is. */
const SERIES = { count: 150, everyMs: 4 }

/** What a series of datagrams met with, there and back. */
export interface MeasuredLink extends Link {
  sent: number
  lost: number
  /** Of a round trip. */
  medianMs: number
}

/**
 * Sends numbered datagrams from the client's host to the server's, and logs what came back. No frame comes earlier
 * than asked; how much later a busy machine lets them come is told, and no reason not to go on.
 * @returns why the link is not what it should be; null: it is
 */
export async function measureLink(rig: Rig, pair: Pair, link: Link): Promise<string | null> {
  const { name, a, b } = pair
  await rig.meet(pair)
  const expected = roundTripOf(link)
  const series = { ...SERIES, bytes: SMALL_BYTES, withinMs: WITHIN_MS + expected.delayMs }
  const { sent, lost, leastMs, medianMs } = summarise(await rig.measure(a, b, series), SERIES.count)
  const measured = { ...link, sent, lost, medianMs: lost === sent ? 0 : medianMs }
  rig.emit('link:measured', { pair: name, ...measured })
  if (leastMs >= expected.delayMs && isPlausible(lost, sent, expected.loss)) return null
  return `the link is not as asked: ${linkWords(measured)}`
}

/** As it was measured for one fault; null: nobody asked for any. */
export function measuredLink(log: LabLog, pair: string): MeasuredLink | null {
  const event = log.all('link:measured').find(({ data }) => data.pair === pair)
  if (event === undefined) return null
  const { pair: _, ...measured } = event.data
  return measured
}

export function linkWords({ delayMs, loss, sent, lost, medianMs }: MeasuredLink): string {
  const parts = [
    ...(delayMs > 0 ? [`${delayMs} ms`] : []),
    ...(loss > 0 ? [`${Number((loss * 100).toFixed(3))} % of the frames lost`] : []),
  ]
  return `${parts.join(', ')} each way; measured: round trips of ${medianMs.toFixed(1)} ms, ${lost} of ${sent} lost`
}
