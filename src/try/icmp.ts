/**
 * ICMP errors about its own packets that came back to a host. Its kernel may tell a program of them, or keep them to
 * itself: an unconnected UDP socket is never told, an established TCP connection only when it is over anyway. Pure.
 */
import { type LabLog, mechanismOf, type Period } from '../lab/log.ts'
import { firstOfEach } from '../lab/packets.ts'

export interface IcmpErrors {
  count: number
  /** The first of them, since the fault. */
  afterMs: number
  /** `port unreachable`; each once. */
  what: string[]
}

/** Null: none came about connections of its own. */
export function icmpErrorsAt(
  log: LabLog,
  host: string,
  owns: (group: string | undefined) => boolean,
  during: Period,
): IcmpErrors | null {
  const errors = log
    .all('packet:captured', { host, ...during })
    .filter(
      (event) =>
        event.data.kind === 'icmp-error' &&
        event.data.direction === 'received' &&
        mechanismOf(event) !== undefined &&
        owns(event.group_id),
    )
  const [first] = errors
  if (first === undefined) return null
  return {
    count: errors.length,
    afterMs: Math.max(0, Math.round(first.time - during.from)),
    what: firstOfEach(errors.map(({ data }) => data.text ?? 'of another kind')),
  }
}
