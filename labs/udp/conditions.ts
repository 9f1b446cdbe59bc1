/** What experiment, questions and judgement agree on. */
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'

export type UdpSettings = {
  /** For how long silence is watched. */
  silenceMs: number
  /** Each way of the cable of `first-byte`: long enough for one way + slack to be less than three. */
  oneWayMs: number
  /** The probability that the cable of `loss` loses a frame, that of `duplicate` doubles it, ... */
  share: number
  /** Numbered datagrams over each of these. */
  datagrams: number
  /** Datagrams that are cut in pieces, over the cable that loses: enough for a share of 10 % to show, */
  fragmented: number
  /** and of how many bytes. */
  fragmentedBytes: number
  /** Messages that must all arrive. */
  messages: number
  timeoutMs: number
  triesMax: number
  /** What TCP carries over the same cables. */
  streamBytes: number
}

/** In the order of their fixed ports. */
export const ROWS = ['udp', 'udp-connected', 'udp-df', 'fragmented', 'stop-and-wait', 'tcp'] as const

const QUICK_SILENCE_MS = 5000
const REAL_SILENCE_MS = 60_000
/** The slowest case: numbered datagrams, then stop-and-wait, then TCP, on a cable that loses. */
const LOSSY_CASE_MS = 10_000

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<UdpSettings> {
  const silenceMs = pace === 'quick' ? QUICK_SILENCE_MS : REAL_SILENCE_MS
  return {
    settings: {
      silenceMs,
      oneWayMs: 200,
      share: 0.1,
      datagrams: 400,
      fragmented: 150,
      fragmentedBytes: 5000,
      messages: 40,
      timeoutMs: 200,
      triesMax: 10,
      streamBytes: 100_000,
    },
    // No time is lowered, at any pace: UDP has none.
    sysctls: {},
    watchMs: Math.max(silenceMs, LOSSY_CASE_MS),
  }
}

/** Three lines that are written one right after the other. */
export const LINES = ['one', 'two', 'three'] as const
/** Above UDP, what IPv4's 16 bits of total length leave: 65,535 - 20 - 8 (RFC 791, RFC 768). */
export const LARGEST_BYTES = 65_507
/** The headers of IPv4 without options, and of UDP. */
export const IP_HEADER_BYTES = 20
export const UDP_HEADER_BYTES = 8
