/**
 * The connections of running processes with what will become of them, read from outside. Nothing is sent to a
 * process, nothing is set on a socket; what a process does meanwhile (it ends, closes, connects) is no error.
 */
import { readdirSync } from 'node:fs'
import { type ForeignProcess, readForeignProcess } from '../kernel/foreign-process.ts'
import { jiffyMs } from '../kernel/jiffies.ts'
import { problemOnTheWay } from '../kernel/own-network.ts'
import type { TcpReading } from '../kernel/socket-options.ts'
import { type DatagramSocket, portOf, type SocketTableEntry } from '../kernel/socket-table.ts'
import { type Choice, hasPort, isChosen } from './choose.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { forecast } from './forecast.ts'
import { isForbidden, isGone } from './gone.ts'
import { Namespace } from './namespace.ts'
import type { Forecast } from './outlook.ts'
import { readSockets } from './read-sockets.ts'

/** Of `--all`: processes that hold sockets. */
export const PROCESSES_MAX = 2000
/** Of all processes together; the socket tables have a limit of their own. */
export const CONNECTIONS_MAX = 20_000
/** Of one process. */
const DESCRIPTORS_MAX = 100_000
/** Where the system does not tell its tick: the coarsest that Linux can be built with. */
const JIFFY_MAX_MS = 10

export interface ConnectionReport {
  local: string
  remote: string
  descriptor: number
  facts: ConnectionFacts
  forecast: Forecast
  /** It came from a client of this host, as far as can be told from its ports. */
  isServed: boolean
}

export interface ProcessReport {
  pid: number
  command: string
  uid: number
  netNamespace: string
  /** The richest that was allowed: the sockets' own options and TCP_INFO, or the socket table only. */
  source: 'options' | 'socket-table'
  /** What could not be read, why, and what would help. */
  problems: string[]
  /** Those of its network namespace; null where they could not be read. */
  sysctls: HostFacts['sysctls']
  connections: ConnectionReport[]
  datagrams: DatagramSocket[]
  listening: number
  /** Unix sockets, and what else is no TCP or UDP socket of its network namespace, or no longer. */
  otherSockets: number
}

export interface Reading {
  jiffyMs: number
  processes: ProcessReport[]
  /** What was left out, and why. */
  leftOut: string[]
}

/**
 * One process.
 * @throws Error with code ENOENT or ESRCH when there is none, or it ended; EACCES when it may not be read
 */
export async function readOne(pid: number): Promise<Reading> {
  return read([readForeignProcess(pid, DESCRIPTORS_MAX)], [])
}

/** These processes, without those that have ended. */
export async function readThese(pids: readonly number[], { port }: Choice = {}): Promise<Reading> {
  const found = pids.flatMap((pid) => {
    try {
      return [readForeignProcess(pid, DESCRIPTORS_MAX)]
    } catch {
      return []
    }
  })
  const reading = await read(found, [])
  if (port === undefined) return reading
  return { ...reading, processes: reading.processes.flatMap((one) => ofPort(one, port)) }
}

/** Every process that may be read, holds a TCP or UDP socket and is chosen; but not this one. */
export async function readAll(choice: Choice = {}): Promise<Reading> {
  const found: ForeignProcess[] = []
  let forbidden = 0
  let tooMany = 0
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      const one = readForeignProcess(pid, DESCRIPTORS_MAX)
      if (one.sockets.size === 0 || !isChosen(one, choice)) continue
      if (found.length < PROCESSES_MAX) found.push(one)
      else tooMany += 1
    } catch (error) {
      if (isForbidden(error)) forbidden += 1
      // Else it ended while we looked.
    }
  }
  const reading = await read(found, [
    ...(forbidden > 0
      ? [`processes that may not be read, being another user's or hiding themselves: ${forbidden}`]
      : []),
    ...(tooMany > 0 ? [`processes after the first ${PROCESSES_MAX}: ${tooMany}`] : []),
  ])
  const { port } = choice
  if (port !== undefined)
    return { ...reading, processes: reading.processes.flatMap((one) => ofPort(one, port)) }
  const talks = ({ connections, datagrams, listening }: ProcessReport) =>
    connections.length + datagrams.length + listening > 0
  return { ...reading, processes: reading.processes.filter(talks) }
}

/** What a process has with that port; nothing where it has none. */
function ofPort(report: ProcessReport, port: number): ProcessReport[] {
  const connections = report.connections.filter(
    ({ local, remote }) => hasPort(local, port) || hasPort(remote, port),
  )
  const datagrams = report.datagrams.filter(
    ({ local, remote }) => hasPort(local, port) || hasPort(remote, port),
  )
  return connections.length + datagrams.length === 0 ? [] : [{ ...report, connections, datagrams }]
}

async function read(found: readonly ForeignProcess[], leftOut: string[]): Promise<Reading> {
  const tick = jiffyMs() ?? JIFFY_MAX_MS
  // After the descriptors: a socket that is in none of the tables is of another kind, or closed by now.
  const namespaces = new Map<string, Namespace>()
  const processes: ProcessReport[] = []
  let room = CONNECTIONS_MAX
  for (const one of found) {
    const { netNamespace, thread } = one
    try {
      const namespace = namespaces.get(netNamespace) ?? (await Namespace.read(thread, netNamespace))
      namespaces.set(netNamespace, namespace)
      const report = await reportOf(one, namespace, tick, room)
      room -= report.connections.length
      processes.push(report)
    } catch (error) {
      if (!isGone(error) || found.length === 1) throw error
    }
  }
  return { jiffyMs: tick, processes, leftOut }
}

async function reportOf(
  process: ForeignProcess,
  namespace: Namespace,
  tick: number,
  room: number,
): Promise<ProcessReport> {
  const { pid, command, uid, netNamespace, sockets, cutShort } = process
  const { sysctls, datagrams } = namespace
  const looked = readSockets(process, namespace, room)
  const problems = [
    ...(cutShort ? [`descriptors after the first ${DESCRIPTORS_MAX} were not looked at`] : []),
    ...(sysctls === null
      ? ['the sysctls of its network namespace are not readable, except by root: taken as Linux has them']
      : []),
    ...looked.problems,
  ]
  const host = { sysctls, jiffyMs: tick }
  const { listeners } = namespace.connections
  const listeningPorts = new Set(listeners.values())
  const connections: ConnectionReport[] = []
  for (const { descriptor, entry, reading, agoMs, unsteady } of looked.sockets) {
    const facts = factsOf(entry, reading, agoMs)
    const { local, remote } = entry
    const ownNetwork = isWaiting(facts)
      ? problemOnTheWay(await namespace.ownNetwork(netNamespace), addressOf(remote))
      : null
    const all = { ...facts, ownNetwork, unsteady }
    const isServed = isServedAt(listeningPorts, local, remote)
    connections.push({ local, remote, descriptor, facts: all, forecast: forecast(all, host), isServed })
  }
  const ofUdp = [...sockets.keys()].flatMap((inode) => datagrams.get(inode) ?? [])
  const listening = [...sockets.keys()].filter((inode) => listeners.has(inode)).length
  return {
    pid,
    command,
    uid,
    netNamespace,
    source: looked.source,
    problems,
    sysctls,
    connections,
    datagrams: ofUdp,
    listening,
    otherSockets: sockets.size - looked.sockets.length - looked.closed - ofUdp.length - listening,
  }
}

/** Unanswered: only then it matters what the kernel knows of the first host on the way. */
function isWaiting({
  state,
  timer,
  retransmits,
  unansweredProbes,
}: Pick<ConnectionFacts, 'state' | 'timer' | 'retransmits' | 'unansweredProbes'>): boolean {
  return state === 'SYN-SENT' || retransmits > 0 || (timer === 'zero-window-probe' && unansweredProbes > 0)
}

/** Somebody listens there; else, the listening socket may be closed by now, the lower port is the service's. */
function isServedAt(listeningPorts: ReadonlySet<number>, local: string, remote: string): boolean {
  const [own, other] = [portOf(local), portOf(remote)]
  if (listeningPorts.has(own) !== listeningPorts.has(other)) return listeningPorts.has(own)
  return own < other
}

function addressOf(end: string): string {
  return end.slice(0, end.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** What TCP_INFO says is younger than the table, by `agoMs`. */
function factsOf(
  { socket, timerLeftMs, retransmissionTimeoutMs }: SocketTableEntry,
  reading: TcpReading | null,
  agoMs: number,
): Omit<ConnectionFacts, 'ownNetwork' | 'unsteady'> {
  const { state, retransmits, unansweredProbes } = reading?.info ?? socket
  return {
    state,
    timer: socket.timer,
    timerLeftMs: Math.max(0, timerLeftMs - agoMs),
    retransmits,
    unansweredProbes,
    coarseTimeoutMs: retransmissionTimeoutMs,
    reading,
  }
}
