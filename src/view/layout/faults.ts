/** What the lab did, and from when to when it was so. */
import type { FaultInterval } from '../ladder.ts'
import type { Scene } from './scene.ts'

export type FaultSpan = Omit<FaultInterval, 'x' | 'width' | 'y' | 'height'>

/**
 * A fault counts from the moment at which the truth changed, which is beside the act itself; that it
 * could be shown comes later. Where no truth changes (`none`, `reset`) it is over in an instant.
 */
export function faultsOf({ faults, truths, from, to }: Scene): FaultSpan[] {
  const spans: FaultSpan[] = []
  for (const event of [...faults, ...truths].sort((one, other) => one.time - other.time)) {
    const newest = spans.at(-1)
    if (event.name === 'fault:striking') {
      const { fault, struck, promise } = event.data
      // In play one may come over another: from here on the newer one says what is in force.
      if (newest?.lasting === true && !newest.undone) newest.to = event.time
      spans.push({
        fault,
        struck,
        promise,
        verifiedBy: null,
        from: event.time,
        to: event.time,
        undone: false,
        lasting: false,
        inTheWire: false,
      })
    } else if (event.name === 'fault:struck') {
      // Of a reboot it is shown when the host is back.
      if (newest !== undefined) newest.verifiedBy ??= event.data.verifiedBy
    } else if (newest === undefined || newest.undone) {
      // What is true before the first fault, and after one is over, is no fault's doing.
    } else if (event.name === 'truth:updated') {
      const isBack = event.data.new === 'answering' || event.data.new === 'absent'
      if (isBack && newest.lasting) {
        newest.to = event.time
        newest.undone = true
      } else if (!isBack && !newest.lasting) {
        newest.from = event.time
        newest.to = to
        newest.lasting = true
        newest.inTheWire = event.data.new === 'unreachable'
      }
    }
  }
  return spans
    .filter((span) => span.from <= to && span.to >= from)
    .map((span) => ({ ...span, to: Math.min(span.to, to), undone: span.undone && span.to <= to }))
}
