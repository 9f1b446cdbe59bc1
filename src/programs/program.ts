/**
 * What every program of this folder is once it runs.
 *
 * A program is a function first (`startTcpServer(options, emit)`), so that one process can run several;
 * run as a file it reads its options from the command line and prints its events.
 */

/** A running program: what its starter may ask of it. */
export interface Program {
  /** The local port: where a server listens, where a client's connection starts. */
  readonly port: number
  /** Ends in order: says goodbye as the protocol does, closes its sockets, resolves when they are closed. */
  close(): Promise<void>
  /** Logs what the kernel says about each of its TCP connections (options, TCP_INFO). Nothing for UDP. */
  observe(): void
  /** Writes one line of data on each open connection, as any program might after a long silence. */
  write(): void
  /** Aborts each TCP connection: its kernel sends RST. Nothing for UDP, which has no connection. */
  reset(): void
}
