/**
 * The words between a test and its lab. They go into the package as they are, for whoever has TypeScript: nothing is
 * imported here, and what the rest of the project calls the same is held against it where it is used.
 */

/** What a test can have happen: the faults of `try` that strike when they are told to. */
export const kitFaults = [
  'exit',
  'kill',
  'reset',
  'reboot',
  'power-off',
  'cut',
  'blip',
  'freeze',
  'move',
  'delay',
  'loss',
  'hold',
  'one-way',
  'mtu-black-hole',
  'reject',
  'nat-forgets',
] as const
export type KitFault = (typeof kitFaults)[number]

/**
 * What is between the two hosts. `switch`: it takes no time and loses nothing. `cable`: a program, which can delay,
 * lose or hold what passes. `router`: one that translates addresses, as at home.
 */
export const betweens = ['switch', 'cable', 'router'] as const
export type Between = (typeof betweens)[number]

export interface Within {
  /** `500ms`, `10s`, `1.5m`; by default 4 s. */
  within?: string
}

export interface On {
  /** Whose host the fault strikes: the server's by default. */
  strike?: 'server' | 'client'
}

/** A line that a program printed. */
export interface Said {
  line: string
  /** From the strike of the last fault until it was read, in milliseconds; null before any. */
  afterMs: number | null
}

/** How a program ended. */
export interface Ended {
  /** Its status; null: a signal ended it. */
  code: number | null
  /** `SIGKILL`; null: it ended by itself. */
  signal: string | null
  /** Since the strike of the last fault, in milliseconds; null before any. */
  afterMs: number | null
}

/** RFC 9293 section 3.3.2. */
export type ConnectionState =
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED'

/** One end of a TCP connection, as its kernel has it. What its program has set is absent where no program holds it. */
export interface ConnectionEnd {
  /** `10.0.1.1:49152` */
  local: string
  remote: string
  /** `CLOSED`: its kernel has no such connection. */
  state: ConnectionState
  keepalive?: boolean
  /** tcp(7), TCP_KEEPIDLE: in force only where `keepalive` is true; so are the next two. */
  keepaliveIdleMs?: number
  keepaliveIntervalMs?: number
  keepaliveProbes?: number
  /** tcp(7), TCP_USER_TIMEOUT; 0: not set, net.ipv4.tcp_retries2 decides. */
  userTimeoutMs?: number
}

/** A TCP connection between the hosts, as the client's kernel has it. */
export interface Connection extends ConnectionEnd {
  /** As the server's kernel has it; null: that kernel has none, and the connection is half open. */
  server: ConnectionEnd | null
}

/** A fault that was seen to happen. */
export interface StrikeSeen {
  /** What happens, and what does not. */
  promise: string
  /** What showed, apart from the act itself, that it happened. */
  proof: string
}
