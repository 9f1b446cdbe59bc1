/** What a lab may ask of servers and clients of the session protocol of a host. */
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import type { CarrierName } from '../../session-server.ts'

/** What a host calls a client. */
export interface SessionClientName {
  mechanism: string
  name: string
}

export interface SessionRequests {
  /** Serve; port 0: any free one. `storeFolder`: where sessions survive this process, null: nowhere. */
  sessionServe: {
    ask: {
      mechanism: string
      carrier: CarrierName
      port: number
      timing: HeartbeatTiming
      graceMs: number
      storeFolder: string | null
    }
    answer: { port: number }
  }
  /** Start a client, which connects and goes on connecting. */
  sessionOpen: {
    ask: SessionClientName & {
      carrier: CarrierName
      address: string
      port: number
      timing: HeartbeatTiming
      /** Where the session survives this process; null: nowhere. */
      stateFile: string | null
    }
    answer: null
  }
  /** Say `count` messages, `everyMs`: `first`, `first + 1`, ... Answered with what was taken until the session was over. */
  sessionSay: {
    ask: SessionClientName & { first: number; count: number; everyMs: number }
    answer: { taken: number }
  }
  sessionMove: { ask: SessionClientName & { localAddress: string }; answer: null }
  /** Break its connection. */
  sessionDrop: { ask: SessionClientName; answer: null }
  /** End the session in order. */
  sessionLeave: { ask: SessionClientName; answer: null }
}
