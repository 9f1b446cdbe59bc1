/**
 * What a lab may ask of the sockets and relays of a host, request by request: handled by `tcp-script.ts`,
 * `udp-script.ts`, `http-script.ts`, `websocket-script.ts`, `stop-and-wait-script.ts`, `session-script.ts` and
 * `relay-script.ts`.
 */
import type { EventData, RelayDirection } from '../../events/vocabulary.ts'
import type { Keepalive } from '../../kernel/socket-options.ts'
import type { Counted } from '../../protocols/datagrams/tally.ts'
import type { HeartbeatTiming } from '../../protocols/heartbeat/constants.ts'
import type { SessionLimits } from '../../protocols/http-session/constants.ts'
import type { BackoffLimits } from '../../protocols/reconnect/backoff.ts'
import type { StopAndWaitLimits } from '../../protocols/stop-and-wait/sender.ts'
import type { Policy } from '../balancer.ts'
import type { LaneMode } from '../relay/lane.ts'
import type { CarrierName } from '../session-server.ts'

/** What a connection does from the start, and with what it is set. */
export interface TcpConduct {
  /** `nothing`: what arrives stays unread in the kernel. */
  does: 'read' | 'nothing' | 'echo'
  /** Goes on sending after the peer's FIN. */
  allowHalfOpen?: boolean
  keepalive?: Keepalive
  userTimeoutMs?: number
  /** Speaks the heartbeat from the moment it is open, and judges its peer. It closes nothing. */
  heartbeat?: HeartbeatTiming
}

/** Setters of Node's own (`setKeepAlive`, ...) with their arguments, or what only the kernel offers. */
export type TcpSetting =
  | { setKeepAlive: [enable: boolean, initialDelayMs: number] }
  | { setTimeout: [ms: number] }
  | { setNoDelay: [noDelay: boolean] }
  | { keepalive: Keepalive }
  | { userTimeoutMs: number }

export type TcpAct = 'stopReading' | 'resumeReading' | 'end' | 'destroy' | 'resetAndDestroy'

/** How an attempt to connect ended; `pending`: it has not, in the time given. */
export type ConnectOutcome = { outcome: 'connected' | 'pending' } | { outcome: 'failed'; code: string }

export interface TcpRequests {
  /** Listen; port 0: any free one. Rejects with EADDRINUSE, ... */
  tcpListen: {
    ask: { mechanism: string; port: number; backlog?: number; conduct: TcpConduct }
    answer: { port: number }
  }
  /** Stop listening; connections live on. */
  tcpStopListening: { ask: { mechanism: string }; answer: null }
  /** Begin to connect. Answered when the attempt has begun; events tell what becomes of it. */
  tcpConnect: {
    ask: { mechanism: string; address: string; port: number; localPort?: number; conduct: TcpConduct }
    answer: { groupId: string }
  }
  /** Wait for that. */
  tcpOutcome: { ask: { groupId: string; withinMs: number }; answer: ConnectOutcome }
  /** Write. `waitingBytes` are still in this process, since the kernel's send queue is full. */
  tcpWrite: {
    ask: { groupId: string; text: string } | { groupId: string; bytes: number }
    answer: { waitingBytes: number }
  }
  tcpAct: { ask: { groupId: string; act: TcpAct }; answer: null }
  /** Log options and TCP_INFO; null where there is nothing to ask any more, or no way to. */
  tcpObserve: { ask: { groupId: string }; answer: EventData<'kernel:tcp_info_read'> | null }
  tcpSet: { ask: { groupId: string; setting: TcpSetting }; answer: null }
}

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

export interface StopAndWaitRequests {
  /** Take messages from whoever sends, and acknowledge them. */
  stopAndWaitReceive: { ask: { mechanism: string; port: number }; answer: { port: number } }
  /** Send `count` messages of so many bytes, one after the other. Answered when it is over. */
  stopAndWaitSend: {
    ask: { mechanism: string; to: { address: string; port: number }; bytes: number } & StopAndWaitLimits
    answer: { outcome: 'all-acknowledged' | 'given-up' }
  }
}

export interface RelayRequests {
  /** Listen, and pass on to a server; port 0: any free one. */
  relayStart: {
    ask: { mechanism: string; protocol: 'tcp' | 'udp'; port: number; to: { address: string; port: number } }
    answer: { port: number }
  }
  /** Both directions where none is given. */
  relaySet: { ask: { mechanism: string; direction?: RelayDirection; mode: LaneMode }; answer: null }
  /** RST to both ends of every TCP connection. */
  relayReset: { ask: { mechanism: string }; answer: null }
}

/** An HTTP server's own limits; what is left out is as Node has it. */
export interface HttpLimits {
  keepAliveTimeoutMs: number
  headersTimeoutMs: number
  requestTimeoutMs: number
  /** How often the two before are looked after. */
  checkEveryMs: number
}

/** `nothing`: takes requests and never answers. */
export type HttpConduct = 'answer' | 'nothing'
/** Whose client: that of node:http with a pool of one connection, or undici, which is behind fetch(). */
export type HttpClientKind = 'node' | 'undici'

export interface HttpRequests {
  /** Serve; port 0: any free one. What is in force is an event. */
  httpListen: {
    ask: { mechanism: string; port: number; does: HttpConduct; limits: Partial<HttpLimits> }
    answer: { port: number }
  }
  /** Ask for `/`, over the connection of the request before where there is one. Events tell what comes of it. */
  httpGet: {
    ask: {
      mechanism: string
      address: string
      port: number
      by: HttpClientKind
      /** Of undici; left out: as it has it. */
      headersTimeoutMs?: number
    }
    answer: null
  }
}

/** One request of a user's browser. */
export interface UserAsk {
  mechanism: string
  user: string
  address: string
  port: number
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  /** The name of a connection that is kept for the next request of that name. Left out: one of its own. */
  connection?: string
  /** Sent in place of what the jar has for there; empty: nothing. */
  cookie?: string
  /** Over TLS, trusting this certificate alone; `ticket`: one of an earlier connection is used, if there is any. */
  tls?: { ca: string; ticket: boolean }
  /** After so long the user gives up, and the connection is destroyed. */
  answerWithinMs: number
}

/** What a user's browser holds of an answer; `code` in place of it when there was none. */
export type UserAnswer = { groupId: string } & (
  | {
      status: number
      body: string
      headers: Record<string, string | string[] | undefined>
      setCookies: string[]
    }
  | { code: string }
)

export interface UserRequests {
  /** Ask, and wait for the answer. */
  userAsk: { ask: UserAsk; answer: UserAnswer }
  /** What the browser would send there: what a thief wants. Undefined: nothing. */
  userCookie: {
    ask: { user: string; address: string; path: string; isSecure: boolean }
    answer: { cookie: string | undefined }
  }
  /** Close a connection that was kept. */
  userHangsUp: { ask: { mechanism: string; connection: string }; answer: null }
  /** Somebody else on that host name has this browser keep a cookie: by another port, say. */
  userIsGiven: { ask: { user: string; address: string; setCookie: string }; answer: null }
  /** Close all connections of a browser, and let it forget what has no date. */
  userClosesBrowser: { ask: { user: string }; answer: null }
}

/** Programs of a web site that run in the host's own process: nobody has to kill them. */
export interface SiteRequests {
  /** A bank with its sessions in memory, at any free port; `certificate` (PEM) where it is `secure`. */
  bankStart: {
    ask: { mechanism: string; name: string; secure: boolean; sessions: Partial<SessionLimits> }
    answer: { port: number; certificate: string | null }
  }
  /** Listen at any free port. */
  balancerStart: {
    ask: {
      mechanism: string
      backends: readonly { address: string; port: number }[]
      policy: Policy
      connectionsMax?: number
    }
    answer: { port: number }
  }
}

/** What a host calls a client. */
export interface SessionClientName {
  mechanism: string
  name: string
}

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
      /** Of each client, what chance says, in order: numbers in [0, 1). */
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
  /** Say so many messages, `message 1` the first. */
  webSocketSessionSay: { ask: { mechanism: string; count: number; everyMs: number }; answer: null }
  /** Give the library a text message. */
  webSocketSend: { ask: { groupId: string; text: string }; answer: null }
  webSocketEnd: { ask: { groupId: string; call: 'close' | 'terminate' }; answer: null }
  /** What the object says of itself; logged, beside what its kernel says. */
  webSocketRead: { ask: { groupId: string }; answer: EventData<'websocket:state_read'> }
  /** The whole process of the host computes for so long, and does nothing else. */
  webSocketBlock: { ask: { blockMs: number }; answer: null }
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
