/** What was found out about connections from outside; {@link forecast} makes of it what will happen. */
import type { KernelTimer, TcpState } from '../events/vocabulary.ts'
import type { TcpReading } from '../kernel/socket-options.ts'

/** One TCP connection that a process holds, at one moment. */
export interface ConnectionFacts {
  state: TcpState
  timer: KernelTimer
  timerLeftMs: number
  retransmits: number
  unansweredProbes: number
  /** From the socket table, in steps of 10 ms, cut off. */
  coarseTimeoutMs: number | null
  /** Options and TCP_INFO; null where they could not be read, and then the socket table is all there is. */
  reading: TcpReading | null
  /** What is wrong between this host and the first one on the way; null: nothing that the kernel knows of. */
  ownNetwork: 'no-route' | 'no-neighbour' | null
  /** The socket table and TCP_INFO were of different moments, each time they were read. */
  unsteady: boolean
}

/** What is in force for all connections of a network namespace. */
export interface HostFacts {
  /** null where they could not be read: the kernel's defaults are assumed, and the forecast says so. */
  sysctls: Readonly<Record<string, string>> | null
  /** One tick of the kernel's clock. */
  jiffyMs: number
}
