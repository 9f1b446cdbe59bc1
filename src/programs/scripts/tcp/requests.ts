/** What a lab may ask of TCP connections of a host. */
import type { EventData } from '../../../events/vocabulary.ts'
import type { Keepalive } from '../../../kernel/socket-options.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'

/** What a connection does from the start, and with what it is set. */
export interface TcpConduct {
  /** `nothing`: what arrives stays unread in the kernel. `number`: it reads numbered lines, and looks at their order. */
  does: 'read' | 'nothing' | 'echo' | 'number'
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
  /** Listen; port 0: any free one. Rejects with EADDRINUSE, ... `address` left out: that of the host. */
  tcpListen: {
    ask: { mechanism: string; address?: string; port: number; backlog?: number; conduct: TcpConduct }
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
    ask: { groupId: string } & ({ text: string } | { bytes: number } | { lines: number })
    answer: { waitingBytes: number }
  }
  tcpAct: { ask: { groupId: string; act: TcpAct }; answer: null }
  /** Log options and TCP_INFO; null where there is nothing to ask any more, or no way to. */
  tcpObserve: { ask: { groupId: string }; answer: EventData<'kernel:tcp_info_read'> | null }
  tcpSet: { ask: { groupId: string; setting: TcpSetting }; answer: null }
}
