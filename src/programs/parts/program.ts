/**
 * What every program of this folder is once it runs.
 *
 * A program is a function first (`startTcpServer(options, emit)`), so that one process can run several;
 * run as a file it reads its options from the command line and prints its events.
 */
import type { Emitter } from '../../events/emit.ts'

/** A handler for each request: what is asked in, the answer out. */
export type Answers<Requests extends Record<keyof Requests, { ask: unknown; answer: unknown }>> = {
  [N in keyof Requests]: (ask: Requests[N]['ask']) => Promise<Requests[N]['answer']>
}

/** Where a script's sockets are. */
export interface ScriptedHost {
  readonly address: string
  /** What a program of that name says goes there. */
  emitterOf(program: string): Emitter
}

/** Sockets that a lab leads step by step instead of a program that knows by itself what to do. */
export interface Scripted<Requests extends Record<keyof Requests, { ask: unknown; answer: unknown }>>
  extends Pick<Program, 'close' | 'observe' | 'reset'> {
  readonly answer: Answers<Requests>
}

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
