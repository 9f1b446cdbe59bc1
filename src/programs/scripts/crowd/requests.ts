/** What a lab may ask of thousands of connections at once. */
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import type { BackoffLimits } from '../../../protocols/reconnect/backoff.ts'

/**
 * How a server judges the silence of its clients. `guarded`: it knows when it did not run itself. `watchdog`: a timer
 * for each client and nothing more, as one writes it first.
 */
export type Judging = 'guarded' | 'watchdog'

/** How one client of a crowd comes back: its draws are numbers in [0, 1), one for each wait. */
export interface Returning {
  limits: BackoffLimits
  draws: number[]
}

interface At {
  address: string
  port: number
}

export interface CrowdRequests {
  /** Holds whoever connects; with a heartbeat, speaks and judges. */
  crowdServe: {
    ask: {
      mechanism: string
      port: number
      backlog: number
      heartbeat?: HeartbeatTiming
      judging?: Judging
    }
    answer: { port: number }
  }
  /** Connects `count` more clients, from these addresses in turn. Answered when each of them is connected. */
  crowdJoin: {
    ask: {
      mechanism: string
      to: At
      count: number
      sources: string[]
      heartbeat?: HeartbeatTiming
      /** One for each client; left out: they do not come back. */
      returning?: Returning[]
    }
    answer: null
  }
  /** Waits until this end holds so many. Answered then, or when the time is over. */
  crowdAwait: { ask: { mechanism: string; held: number; withinMs: number }; answer: { held: number } }
  /** Ends all connections of the row at this end, and comes back no more. */
  crowdLeave: { ask: { mechanism: string }; answer: null }
  /** Opens a UDP socket that hears whoever speaks. */
  crowdHear: {
    ask: { mechanism: string; receiveBufferBytes: number | null }
    answer: { port: number }
  }
  /** Opens a UDP socket for each of `count` speakers. */
  crowdGather: { ask: { mechanism: string; to: At; count: number; sources: string[] }; answer: null }
  /** The next `count` of them say one datagram each, spread evenly over a time. Answered when all have. */
  crowdSpeak: { ask: { mechanism: string; count: number; overMs: number }; answer: null }
  /** Serves HTTP, with a session for whoever signs in. */
  crowdServeSessions: { ask: { mechanism: string }; answer: { port: number } }
  /** `count` visitors sign in, over a few connections that are closed then. */
  crowdSignIn: { ask: { mechanism: string; to: At; count: number }; answer: null }
  /** Each of those visitors comes once more. Answered when the last was served. */
  crowdVisit: { ask: { mechanism: string; to: At }; answer: null }
  /** Logs what this process costs; `collects` its garbage first, which takes processor time of its own. */
  crowdMeasure: { ask: { mechanism: string; collects: boolean }; answer: null }
  /** Stands still for so long, as in work that a request asks for. */
  crowdStall: { ask: { mechanism: string; stallMs: number }; answer: null }
}
