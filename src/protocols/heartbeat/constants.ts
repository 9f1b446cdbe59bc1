/** Every number of the heartbeat: first what the protocol fixes, then what is ours to choose. */

// ---- the protocol: two ends that differ here do not understand each other (README.md) -------------

/** Bytes before LF, a CR included. The longest valid line has 16: what is longer is no heartbeat. */
export const LINE_BYTES_MAX = 64

/** A number fits 32 bits; after it comes 0 again, 136 years later at one a second. */
export const NUMBER_MAX = 4_294_967_295

// ---- ours: each end may choose its own ------------------------------------------------------------

/** How often an end speaks, and how much silence it allows. Tests and labs pass smaller ones. */
export interface HeartbeatTiming {
  /** From one PING to the next. */
  intervalMs: number
  /** Silence after which the peer is suspected: more than one interval, or every peer is suspect. */
  suspectAfterMs: number
  /** Silence after which it is taken to be down. It must be more than `suspectAfterMs`. */
  downAfterMs: number
}

/**
 * One lost line does not make a peer `down`, three do; half an interval on top is for the network and
 * for busy machines. Slower timing saves packets and batteries: WireGuard speaks every 25 s.
 */
export const HEARTBEAT_TIMING: HeartbeatTiming = { intervalMs: 1000, suspectAfterMs: 1500, downAfterMs: 3500 }

/** An honest peer writes two lines an interval. A minute's worth that waited in a buffer also passes. */
export const LINES_PER_SECOND_MAX = 150

/** A process looks at the clock this often, to notice that it did not run. */
export const PAUSE_TICK_MS = 20

/** A gap longer than this between two looks was a pause: busy machines are 20 to 40 ms late now and then. */
export const PAUSE_GAP_MS = 50
