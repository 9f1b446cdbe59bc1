/** What the lab asks the process that is the cables (node's IPC channel). Answers come in the same order. */
import type { CableCounts, CableDirection, CableSettings, FrameKind, Link } from '../../wire/cable.ts'

type OneWay = { pair: string; direction: CableDirection }

export type ToCables =
  /**
   * Connect two network interfaces of this namespace, those whose other ends are in host a and in host b or a
   * router. Asked again, after a reboot made one of them anew, the cable keeps its link, its settings and what is
   * in it.
   */
  | { connect: { pair: string; a: string; b: string; link: Link } }
  | { set: OneWay & { change: Partial<CableSettings> } }
  | { plug: { pair: string; isPlugged: boolean } }
  /** The cable is shut, both ways, when so many bytes of TCP have passed in this one; null: no limit, and open again. */
  | { limit: OneWay & { bytes: number | null } }
  /** Answered with whether the limit is reached. */
  | { limited: OneWay }
  | { drop: OneWay & { kinds: readonly FrameKind[]; frames: number } }
  | { hold: OneWay & { kinds: readonly FrameKind[] } }
  | { release: OneWay & { kinds: readonly FrameKind[] } }
  /** Answered with the counts. */
  | { count: OneWay }
  /** Log the counts, and end. Answered by the end of the process. */
  | { stop: true }

/** To `count` the counts, to `limited` whether it is, to `set` the settings before it. */
export interface CableAnswer {
  counts?: CableCounts
  isAtLimit?: boolean
  before?: CableSettings
}
