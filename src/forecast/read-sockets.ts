/**
 * The sockets of one process: a line of the socket table and the socket's own options, of one moment.
 *
 * They come from two places, and a timer may fire between. What differs then, or might, is read again.
 */
import {
  type ForeignProcess,
  openSocketReader,
  problemOf,
  type SocketReader,
} from '../kernel/foreign-process.ts'
import type { TcpReading } from '../kernel/socket-options.ts'
import type { SocketTableEntry } from '../kernel/socket-table.ts'
import type { Connections, Namespace } from './namespace.ts'

/** How often what is not of one moment is read again. */
const ROUNDS_MAX = 4
/** The table cuts times off; a timer this near may have fired. */
const NEAR_MS = 12

interface SocketReport {
  descriptor: number
  entry: SocketTableEntry
  /** null where options are not readable. */
  reading: TcpReading | null
  /** How long after the table it was read. */
  agoMs: number
  unsteady: boolean
}

export interface SocketsReport {
  sockets: SocketReport[]
  /** How many of the process's connections were closed meanwhile. */
  closed: number
  /** The richest that was allowed. */
  source: 'options' | 'socket-table'
  problems: string[]
}

/** @param room how many at most */
export function readSockets(process: ForeignProcess, namespace: Namespace, room: number): SocketsReport {
  const known = [...process.sockets].filter(([inode]) => namespace.connections.byInode.has(inode))
  const wanted = known.slice(0, room)
  const problems =
    wanted.length < known.length
      ? [`connections left out, since enough are read: ${known.length - wanted.length}`]
      : []
  const reader = openSocketReader(process)
  if ('problem' in reader) return fromTableOnly(wanted, namespace, [...problems, notReadable(reader.problem)])
  try {
    const sockets = readInRounds(wanted, namespace, reader)
    return {
      sockets,
      closed: wanted.length - sockets.length,
      source: 'options',
      problems: [...problems, ...strangers(process, namespace, reader)],
    }
  } catch (error) {
    return fromTableOnly(wanted, namespace, [...problems, notReadable(problemOf(error))])
  } finally {
    reader.close()
  }
}

type Wanted = readonly (readonly [inode: number, descriptor: number])[]

function readInRounds(wanted: Wanted, namespace: Namespace, reader: SocketReader): SocketReport[] {
  const done: SocketReport[] = []
  let left = wanted
  for (let round = 1; left.length > 0; round++) {
    const table = round === 1 ? namespace.recent() : namespace.refresh()
    const again: (readonly [number, number])[] = []
    for (const [inode, descriptor] of left) {
      const one = readOne(table, inode, descriptor, reader)
      // Closed meanwhile.
      if (one === null) continue
      const isDoubtful = one.unsteady || mayHaveFired(one.entry, one.agoMs)
      if (isDoubtful && round < ROUNDS_MAX) again.push([inode, descriptor])
      else done.push(one)
    }
    left = again
  }
  return done
}

function readOne(
  { byInode, atMs }: Connections,
  inode: number,
  descriptor: number,
  reader: SocketReader,
): SocketReport | null {
  const entry = byInode.get(inode)
  const reading = entry === undefined ? null : reader.read(inode, descriptor)
  if (entry === undefined || reading === null) return null
  const agoMs = performance.now() - atMs
  return { descriptor, entry, reading, agoMs, unsteady: differ(entry, reading) }
}

function mayHaveFired({ socket, timerLeftMs }: SocketTableEntry, agoMs: number): boolean {
  return socket.timer !== 'none' && timerLeftMs > 0 && timerLeftMs < agoMs + NEAR_MS
}

/** Whether they are of two moments, between which something happened. */
function differ({ socket }: SocketTableEntry, { info }: TcpReading): boolean {
  return (
    socket.state !== info.state ||
    socket.retransmits !== info.retransmits ||
    socket.unansweredProbes !== info.unansweredProbes
  )
}

function fromTableOnly(wanted: Wanted, { connections }: Namespace, problems: string[]): SocketsReport {
  const agoMs = performance.now() - connections.atMs
  const sockets = wanted.flatMap(([inode, descriptor]): SocketReport[] => {
    const entry = connections.byInode.get(inode)
    return entry === undefined ? [] : [{ descriptor, entry, reading: null, agoMs, unsteady: false }]
  })
  return { sockets, closed: 0, source: 'socket-table', problems }
}

/** A socket stays in the network namespace in which it was made, and the process may have gone to another. */
function strangers(process: ForeignProcess, namespace: Namespace, reader: SocketReader): string[] {
  const { connections, datagrams } = namespace
  const unknown = [...process.sockets].filter(
    ([inode]) =>
      !connections.byInode.has(inode) && !connections.listeners.has(inode) && !datagrams.has(inode),
  )
  const made = unknown.filter(([inode, descriptor]) => reader.read(inode, descriptor) !== null)
  // The table is read page by page, and may have missed one.
  const elsewhere = made.length === 0 ? [] : made.filter(([inode]) => !namespace.refresh().byInode.has(inode))
  return elsewhere.length === 0
    ? []
    : [`connections that were made in another network namespace, and are not forecast: ${elsewhere.length}`]
}

function notReadable(why: string): string {
  return `options are not readable: ${why}`
}
