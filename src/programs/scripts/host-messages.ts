/**
 * What the lab and the one process of a host say to each other (node's IPC channel, which crosses
 * network namespaces because it is a file descriptor). Nothing here travels the network under test.
 */

import type { EventData, EventName } from '../../events/vocabulary.ts'
import type { EchoResult, EchoSeries } from '../parts/echo-series.ts'
import type { Wanted } from '../parts/event-memory.ts'
import type { ScriptRequests } from './registry.ts'

/** The mechanisms whose two ends a host's process can run. */
export const mechanisms = [
  'udp',
  'udp-heartbeat',
  'tcp-idle',
  'tcp-keepalive',
  'tcp-busy',
  'tcp-user-timeout',
  'tcp-heartbeat',
  'http-session',
  'websocket',
] as const
export type Mechanism = (typeof mechanisms)[number]

/** How a host's process is told who it is: one JSON argument. */
export interface HostIdentity {
  run: string
  lab: string
  host: string
  incarnation: number
  eventFile: string
  address: string
}

/** The keepalive and user-timeout settings of the clients, in force for every connection of a run. */
export type ClientSettings = {
  keepalive: { idleMs: number; intervalMs: number; probes: number }
  userTimeoutMs: number
}

/** What the lab asks. Every request is answered, or the process has ended. */
export interface HostRequests extends ScriptRequests {
  /** Open the servers. `ports` as of the incarnation before, where there was one; else free ones. */
  serve: { ask: { mechanisms: Mechanism[]; ports: Partial<Record<Mechanism, number>> }; answer: Ports }
  /** Start the clients. Answered when each believes that its peer is up, or (UDP) has sent something. */
  connect: {
    ask: { mechanisms: Mechanism[]; address: string; ports: Ports; settings: ClientSettings }
    answer: null
  }
  /** Log what the kernel says of every connection, now. */
  observe: { ask: null; answer: null }
  /** Write a line on the open connections of these mechanisms. */
  write: { ask: { mechanisms: Mechanism[] }; answer: null }
  /** Abort every TCP connection from inside the program. */
  reset: { ask: null; answer: null }
  /** Send a datagram to another host's echo port: does it come back within `withinMs`? */
  probe: { ask: { address: string; port: number; withinMs: number }; answer: boolean }
  /** Wait until a program of this host has logged something. */
  untilEvent: {
    ask: { wanted: Wanted; withinMs: number }
    answer: { data: EventData<EventName>; groupId?: string }
  }
  /** Send a series of datagrams to another host's echo port: which come back, when, in which order? */
  measure: { ask: EchoSeries; answer: EchoResult }
  /** Open a port on this host's loopback that leads to the Unix socket at `path`; the same one when asked again. */
  openWayOut: { ask: { path: string }; answer: { port: number } }
  /** Close properly and end. Answered by the end of the process. */
  exit: { ask: null; answer: null }
}
export type Ports = Partial<Record<Mechanism, number>>
export type RequestName = keyof HostRequests

export type FromHost =
  /** First of all: the process runs and answers probes there. */
  { started: { echoPort: number } } | { id: number; answer: unknown } | { id: number; problem: string }
