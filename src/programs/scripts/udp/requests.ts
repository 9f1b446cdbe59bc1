/** What a lab may ask of UDP sockets of a host. */
import type { Counted } from '../../../protocols/datagrams/tally.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'

/** One judge of those who send to a socket. Its beliefs are in groups of its own mechanism. */
export interface DatagramDetector {
  mechanism: string
  /** `intervalMs` is the sender's affair: here nobody speaks. */
  timing: HeartbeatTiming
}

export interface UdpRequests {
  /**
   * Open a socket; port 0: any free one. With `to` it is a client's, whose events are in the group of its own
   * port; without, a server's, whose events are in the group of the sender's. `connected`: by connect(2).
   */
  udpOpen: {
    ask: {
      mechanism: string
      port: number
      to?: { address: string; port: number }
      connected?: boolean
      /** Sends every datagram back. */
      echo?: boolean
      /** Left out: as the system does it. */
      dontFragment?: boolean
      /** Detectors, each with a limit of its own: all of them hear whatever arrives. */
      detectors?: DatagramDetector[]
    }
    answer: { port: number }
  }
  /**
   * Send one text, or numbered datagrams. Answered when the kernel has taken or refused the last. `to` is
   * needed where the socket was opened without.
   */
  udpSend: {
    ask: { mechanism: string; port: number; to?: { address: string; port: number } } & (
      | { text: string }
      | { count: number; bytes: number; intervalMs: number }
    )
    answer: null
  }
  /** What arrived so far, by sender: an event each, and the answer. */
  udpCount: { ask: { mechanism: string; port: number }; answer: Record<string, Counted> }
  udpClose: { ask: { mechanism: string; port: number }; answer: null }
}
