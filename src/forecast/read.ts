/**
 * The connections of running processes with what will become of them, read from outside. Nothing is sent to a
 * process, nothing is set on a socket; what a process does meanwhile (it ends, closes, connects) is no error.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { execute } from '../hosts/commands.ts'
import {
  type ForeignProcess,
  openSocketReader,
  problemOf,
  readForeignProcess,
} from '../kernel/foreign-process.ts'
import { jiffyMs } from '../kernel/jiffies.ts'
import type { TcpReading } from '../kernel/socket-options.ts'
import {
  type DatagramSocket,
  parseDatagramSockets,
  parseListenerInodes,
  parseSocketTable,
  type SocketTableEntry,
  SocketTableReader,
  type TableName,
} from '../kernel/socket-table.ts'
import { parseSysctls, readSysctls, sysctlsCommand } from '../kernel/sysctls.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { forecast } from './forecast.ts'
import type { Forecast } from './outlook.ts'

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
  /** Of its network namespace; null where they could not be read. */
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

/** Every process that may be read and holds a TCP or UDP socket, but this one. */
export async function readAll(): Promise<Reading> {
  const found: ForeignProcess[] = []
  let forbidden = 0
  let tooMany = 0
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      const one = readForeignProcess(pid, DESCRIPTORS_MAX)
      if (one.sockets.size === 0) continue
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
  const talks = ({ connections, datagrams, listening }: ProcessReport) =>
    connections.length + datagrams.length + listening > 0
  return { ...reading, processes: reading.processes.filter(talks) }
}

/** Whether another user's process, or one that hides itself, was asked for. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Whether there is no such process, or no more. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')
}

async function read(found: readonly ForeignProcess[], leftOut: string[]): Promise<Reading> {
  const tick = jiffyMs() ?? JIFFY_MAX_MS
  // After the descriptors: a socket that is in none of the tables is of another kind, or closed by now.
  const namespaces = new Map<string, Promise<NamespaceFacts>>()
  const processes: ProcessReport[] = []
  let room = CONNECTIONS_MAX
  for (const one of found) {
    const facts = namespaces.get(one.netNamespace) ?? readNamespace(one)
    try {
      const report = reportOf(one, await facts, tick, room)
      namespaces.set(one.netNamespace, facts)
      room -= report.connections.length
      processes.push(report)
    } catch (error) {
      if (found.length === 1 || !isGone(error)) throw error
    }
  }
  return { jiffyMs: tick, processes, leftOut }
}

interface NamespaceFacts {
  connections: Map<number, SocketTableEntry>
  datagrams: Map<number, DatagramSocket>
  listeners: Set<number>
  sysctls: HostFacts['sysctls']
}

async function readNamespace({ pid, netNamespace }: ForeignProcess): Promise<NamespaceFacts> {
  const tcp = [tableText(pid, 'tcp'), tableText(pid, 'tcp6')]
  const udp = [tableText(pid, 'udp'), tableText(pid, 'udp6')]
  const byInode = <T extends { inode: number }>(all: T[]) => new Map(all.map((one) => [one.inode, one]))
  return {
    connections: byInode(tcp.flatMap(parseSocketTable)),
    datagrams: byInode(udp.flatMap(parseDatagramSockets)),
    listeners: new Set(tcp.flatMap(parseListenerInodes)),
    sysctls: await sysctlsOf(pid, netNamespace),
  }
}

/** Empty where this kernel has no IPv6. @throws Error with code ENOENT or ESRCH when the process ended */
function tableText(pid: number, table: TableName): string {
  let reader: SocketTableReader
  try {
    reader = new SocketTableReader(pid, table)
  } catch (error) {
    if (table.endsWith('6') && isGone(error)) return ''
    throw error
  }
  try {
    return reader.readText()
  } finally {
    reader.close()
  }
}

/** null where this process may not enter that namespace. */
async function sysctlsOf(pid: number, netNamespace: string): Promise<HostFacts['sysctls']> {
  if (netNamespace === readlinkSync('/proc/self/ns/net')) return readSysctls()
  const enter = ['nsenter', '--target', String(pid), '--net']
  // As root; or by the rights that a user has in a user namespace of their own.
  for (const prefix of [enter, [...enter, '--user', '--preserve-credentials']]) {
    const { stdout } = await execute([...prefix, ...sysctlsCommand])
    if (stdout !== '') return parseSysctls(stdout)
  }
  return null
}

function reportOf(
  { pid, command, uid, netNamespace, sockets, cutShort }: ForeignProcess,
  { connections, datagrams, listeners, sysctls }: NamespaceFacts,
  tick: number,
  room: number,
): ProcessReport {
  const problems = [
    ...(cutShort ? [`descriptors after the first ${DESCRIPTORS_MAX} were not looked at`] : []),
    ...(sysctls === null
      ? ['the sysctls of its network namespace are not readable, except by root: taken as Linux has them']
      : []),
  ]
  const mine = [...sockets].flatMap(([inode, descriptor]) => {
    const entry = connections.get(inode)
    return entry === undefined ? [] : [{ descriptor, entry }]
  })
  const chosen = mine.slice(0, room)
  if (chosen.length < mine.length) {
    problems.push(
      `${mine.length - chosen.length} connections left out: no more than ${CONNECTIONS_MAX} are read`,
    )
  }
  const { readings, problem } = readOptions(
    pid,
    chosen.map(({ descriptor, entry }) => [entry.inode, descriptor]),
  )
  if (problem !== null) problems.push(problem)
  const host = { sysctls, jiffyMs: tick }
  const reports = chosen.flatMap(({ descriptor, entry }): ConnectionReport[] => {
    const reading = readings.get(entry.inode) ?? null
    // Closed meanwhile.
    if (problem === null && reading === null) return []
    const facts = factsOf(entry, reading)
    const { local, remote } = entry
    return [{ local, remote, descriptor, facts, forecast: forecast(facts, host) }]
  })
  const ofUdp = [...sockets.keys()].flatMap((inode) => datagrams.get(inode) ?? [])
  const listening = [...sockets.keys()].filter((inode) => listeners.has(inode)).length
  return {
    pid,
    command,
    uid,
    netNamespace,
    source: problem === null ? 'options' : 'socket-table',
    problems,
    sysctls,
    connections: reports,
    datagrams: ofUdp,
    listening,
    otherSockets: sockets.size - mine.length - ofUdp.length - listening,
  }
}

/** Those of one process, by inode; one that is missing was closed meanwhile. */
function readOptions(
  pid: number,
  wanted: readonly (readonly [inode: number, descriptor: number])[],
): { readings: Map<number, TcpReading>; problem: string | null } {
  const readings = new Map<number, TcpReading>()
  if (wanted.length === 0) return { readings, problem: null }
  const reader = openSocketReader(pid)
  if ('problem' in reader) return { readings, problem: notReadable(reader.problem) }
  try {
    for (const [inode, descriptor] of wanted) {
      const reading = reader.read(inode, descriptor)
      if (reading !== null) readings.set(inode, reading)
    }
    return { readings, problem: null }
  } catch (error) {
    return {
      readings: new Map(),
      problem: notReadable(problemOf(error)),
    }
  } finally {
    reader.close()
  }
}

function notReadable(why: string): string {
  return `options are not readable: ${why}`
}

/** What TCP_INFO says is younger than the table. */
function factsOf(
  { socket, timerLeftMs, retransmissionTimeoutMs }: SocketTableEntry,
  reading: TcpReading | null,
): ConnectionFacts {
  const { state, retransmits, unansweredProbes } = reading?.info ?? socket
  return {
    state,
    timer: socket.timer,
    timerLeftMs,
    retransmits,
    unansweredProbes,
    coarseTimeoutMs: retransmissionTimeoutMs,
    reading,
  }
}
