/**
 * What a fault is: one thing that goes wrong, with a promise of what it does, a proof that it happened,
 * and an undo. One file each; `registry.ts` lists them; README.md grows a new one.
 */
import type { TcpState, Truth } from '../events/vocabulary.ts'
import type { Host, Network, Pair } from '../hosts/host.ts'
import type { EchoResult, EchoSeries } from '../programs/parts/echo-series.ts'
import type { Proof } from './proof.ts'
import type { Workload } from './workload.ts'

/**
 * What must be there for a fault, or a lab's case, to be possible: SIGSTOP; hosts with a network of their own;
 * pairs whose middle is a cable or a router; rules for packets; a kernel that shows its sockets; a real browser; a
 * device whose cable is a program.
 */
export type Need =
  | 'signals'
  | 'network'
  | 'cable'
  | 'exchange'
  | 'router'
  | 'firewall'
  | 'socket-table'
  | 'browser'
  | 'tun'

/** Where a fault strikes and what it may use. */
export interface Target {
  readonly pair: Pair
  /** The host that it strikes. */
  readonly struck: Host
  /** The other one of the pair, which has to find out. */
  readonly other: Host
  readonly network: Network | null
  /**
   * Tells the log what is true from this moment on, as seen from one host about its peer. A fault calls
   * it right beside the act, since every ghost time is counted from there.
   */
  truth(seenFrom: Host, truth: Truth): void
  /**
   * Does a datagram from `from` to its peer come back? Independent of the connections under test.
   * @param withinMs goes on asking for so long; by default it asks a few times at once
   */
  answers(from: Host, withinMs?: number): Promise<boolean>
  /**
   * What comes back of a series of numbered datagrams from `from` to its peer, and when.
   * @throws FaultError when a host has no process to measure
   */
  measure(from: Host, series: Omit<EchoSeries, 'address' | 'port'>): Promise<EchoResult>
  /** What runs there and is under test. */
  workload(host: Host): Workload
  /** Starts the programs of a host whose process has ended, with nothing remembered. */
  restartPrograms(host: Host): Promise<void>
  /** The TCP connections of a host, as its kernel has them now. */
  connections(host: Host): readonly { local: string; remote: string; state: TcpState }[]
  /** Runs a command on a host, logged. @throws CommandError */
  run(host: Host, argv: readonly string[]): Promise<string>
}

export interface Struck extends Proof {
  /** `performance.now()` when it came about, of a fault that waits for that. Absent: when it was called. */
  sinceMs?: number
  /** Takes back what this fault did, and only that. Absent: there is no way back. */
  undo?(): Promise<Proof>
}

export interface Fault {
  /** Name of the file, the column and the option. */
  readonly id: string
  /** One sentence: what happens, and what does not. */
  readonly promise: string
  readonly needs: readonly Need[]
  /** Undone by itself after this time; without it, when the watch is over. */
  readonly lastsMs?: number
  /** @throws FaultError when it cannot be applied or cannot be seen to have happened */
  strike(target: Target): Promise<Struck>
}
