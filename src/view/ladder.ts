/**
 * A run as a picture, without colours and without a format: what stands where, and from when to when.
 *
 * Time runs downward. Everything has its exact times (`from`, `to`, `at`: the run's milliseconds) beside
 * its place (`y`, `height`, in pixels): places are stretched and squeezed to be readable, times never are.
 * Texts may contain what a peer sent; whoever writes them into a format has to escape them.
 */
import type { Belief, Certainty, KernelTimer, PacketKind, TcpState, Truth } from '../events/vocabulary.ts'

/** An event that justifies something, by its address, and what it said in one line. */
export interface Reason {
  address: string
  text: string
}

/** One end: a vertical line for its host's network card, and columns beside it. */
export interface Lane {
  host: string
  role: 'client' | 'server'
  x: number
  columns: Record<ColumnName, Column>
}
export type ColumnName = 'timers' | 'truth' | 'disagreement' | 'belief' | 'kernel'
export interface Column {
  x: number
  width: number
}

/** A time during which something stayed as it was, in a column of one end. */
export interface Span {
  host: string
  from: number
  to: number
  x: number
  width: number
  y: number
  height: number
}

export interface BeliefBand extends Span {
  /** `none`: the process has ended, and nobody is left to believe anything. */
  belief: Belief | 'none'
  /** What changed it; null for what was there before the first event. */
  trigger: string | null
  certainty: Certainty
  /** The events that justify it: its own, what triggered it, what was heard last. */
  why: Reason[]
}

export interface KernelBand extends Span {
  /** `no entry`: the kernel has forgotten the connection. */
  state: TcpState | 'no entry'
  timer: KernelTimer
  address: string
}

/** What the kernel counts inside a band: probes without an answer, segments sent again. */
export interface KernelMark {
  host: string
  at: number
  x: number
  width: number
  y: number
  text: string
}

export interface TruthBand extends Span {
  /** Whom it is about. */
  peer: string
  truth: Truth
  because: string
}

/** What an end believes contradicts what is true. */
export interface Disagreement extends Span {
  /**
   * `ghost`: it believes that a peer is there which is not. `unaware`: it believes that the peer is not
   * there, or doubts it, and it is.
   */
  kind: 'ghost' | 'unaware'
  belief: Belief
  truth: Truth
  /** The belief followed the truth in the end; otherwise the truth changed back first, or the picture ends. */
  followed: boolean
  /** `to` minus `from`: the ghost time, when the truth changed first. */
  ghostMs: number
  /** `4.80 s`, or `12.0 s and no end`. */
  text: string
}

export type ArrowKind = PacketKind | 'heartbeat' | 'request'

export interface Arrow {
  kind: ArrowKind
  /** In a word: nobody has to know the dashes by heart. */
  label: string
  /** Horizontal middle and baseline of the label; null where there is no room beside its neighbours. */
  labelAt: { x: number; y: number } | null
  source: string
  destination: string
  sentAt: number
  /** null: it did not arrive, or was not seen to. */
  arrivedAt: number | null
  /**
   * `lost`: captured at its sender and never at the other end, which did capture others. `unseen`: the log
   * does not say; no capture there, or a program that never read it. `aside`: it went to a third host, which
   * captured it. What comes from there has it for its source, and `arrived`.
   */
  outcome: 'arrived' | 'lost' | 'unseen' | 'aside'
  /** Captured packets, or what two programs logged of the same message. */
  observed: 'packets' | 'programs'
  from: { x: number; y: number }
  to: { x: number; y: number }
  evidence: string[]
}

/** Arrivals of the same sort, counted instead of drawn. Never losses. */
export interface Group {
  from: number
  to: number
  count: number
  /** `12 heartbeats, 6 ACKs`. */
  text: string
  x: number
  width: number
  y: number
  height: number
}

export interface TimerBracket extends Span {
  kind: 'heartbeat' | 'keepalive' | 'retransmission' | 'answer'
  text: string
  /** Moments inside it: probes, retransmissions. */
  marks: { at: number; y: number }[]
}

export interface FaultInterval {
  fault: string
  struck: string
  promise: string
  /** What showed that it happened; null when nothing did. */
  verifiedBy: string | null
  from: number
  /** The truth changed back, or the picture ends. */
  to: number
  undone: boolean
  /** It lasts, and is not over in an instant like a reset. */
  lasting: boolean
  /** It is between the two hosts; otherwise it is at the struck one. */
  inTheWire: boolean
  x: number
  width: number
  y: number
  height: number
}

/** A silence that was squeezed. */
export interface Break {
  from: number
  to: number
  text: string
  y: number
  height: number
}

export interface Tick {
  at: number
  text: string
  y: number
}

export interface Ladder {
  pair: string
  connection: string
  width: number
  height: number
  /** Where time begins; the names of lanes and columns stand above it. */
  top: number
  /** The run's milliseconds at the first and the last moment. */
  from: number
  to: number
  /** What all stated seconds count from: the strike, or else the first moment. */
  origin: number
  struck: boolean
  /** What happens in it by the lab's own word, where its case is no fault. */
  promise: string | null
  lanes: [Lane, Lane]
  ticks: Tick[]
  breaks: Break[]
  beliefs: BeliefBand[]
  kernels: KernelBand[]
  kernelMarks: KernelMark[]
  truths: TruthBand[]
  disagreements: Disagreement[]
  arrows: Arrow[]
  groups: Group[]
  timers: TimerBracket[]
  faults: FaultInterval[]
  /** What the reader has to know about the picture itself. */
  notes: string[]
}
