/** What a lab may ask of WebSockets of a host. */
import type { EventData } from '../../../events/vocabulary.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import type { BackoffLimits } from '../../../protocols/reconnect/backoff.ts'

export interface WebSocketRequests {
  /** Accept WebSockets on any path; port 0: any free one. It pings and judges on the paths of `timings` only. */
  webSocketListen: {
    ask: { mechanism: string; port: number; timings: Record<string, HeartbeatTiming> }
    answer: { port: number }
  }
  /** Serve one page at any free port, whatever is asked for. */
  webSocketPage: { ask: { html: string }; answer: { port: number } }
  /** Connect once; answered when it is open. Rejects when it comes to nothing. */
  webSocketConnect: {
    ask: {
      mechanism: string
      address: string
      port: number
      path: string
      /** Left out: as ws has it. */
      closeTimeoutMs?: number
    }
    answer: { groupId: string }
  }
  /** As many clients as there are lists of draws, each of which connects again whenever it is over. */
  webSocketReconnecting: {
    ask: {
      mechanism: string
      address: string
      port: number
      limits: BackoffLimits
      /** What chance says to each client, in order: numbers in [0, 1). */
      draws: number[][]
    }
    answer: null
  }
  /** Keep sessions over WebSockets; port 0: any free one. */
  webSocketSessionServe: {
    ask: { mechanism: string; port: number; sessionTiming: HeartbeatTiming }
    answer: { port: number }
  }
  /** Begin one, the first of its mechanism on this host. */
  webSocketSessionOpen: {
    ask: {
      mechanism: string
      address: string
      port: number
      sessionTiming: HeartbeatTiming
      limits: BackoffLimits
      draws: number[]
    }
    answer: null
  }
  /** Say `count` messages, `message 1` the first. */
  webSocketSessionSay: { ask: { mechanism: string; count: number; everyMs: number }; answer: null }
  /** Give the library a text message. */
  webSocketSend: { ask: { groupId: string; text: string }; answer: null }
  webSocketEnd: { ask: { groupId: string; call: 'close' | 'terminate' }; answer: null }
  /** What the object says of itself; logged, beside what its kernel says. */
  webSocketRead: { ask: { groupId: string }; answer: EventData<'websocket:state_read'> }
  /** The whole process of the host computes for so long, and does nothing else. */
  webSocketBlock: { ask: { blockMs: number }; answer: null }
}
