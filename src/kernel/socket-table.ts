/**
 * What a host's kernel holds: its socket table, /proc/<pid>/net/tcp (proc_pid_net(5)), and a process's
 * state, seen from outside (proc_pid_stat(5), proc_pid_status(5)).
 *
 * The table is the belief below the program's, and the two part often: a connection that the program closed may
 * live on here, and one whose peer is gone stays ESTABLISHED until a timer says otherwise.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import type { EventData, KernelSocket, KernelTimer } from '../events/vocabulary.ts'
import { ipv4Address, ipv6Address } from '../wire/ip.ts'
import { tcpStateOfKernel } from './tcp-state.ts'

export interface SocketTableEntry {
  local: string
  remote: string
  socket: KernelSocket
  /** 0: no program holds it any more. */
  inode: number
  uid: number
  /** Until the timer fires; 0 where none is set. In steps of 10 ms, cut off. */
  timerLeftMs: number
  /**
   * The retransmission timeout, which doubles with each retransmission; null where the line has none. In steps
   * of 10 ms, cut off: TCP_INFO has it exactly.
   */
  retransmissionTimeoutMs: number | null
}

/** A socket of /proc/net/udp or udp6. */
export interface DatagramSocket {
  local: string
  /** null: not connected, it takes datagrams from anybody. */
  remote: string | null
  inode: number
}

/** By {@link socketKey}. */
export type SocketTable = Map<string, SocketTableEntry>

/** By local address, how many completed connections wait in the kernel for the program to accept them. */
export type ListenerTable = Map<string, number>

export type SocketChange = EventData<'kernel:socket_updated'>

/** Column `tr`, from get_tcp4_sock() in net/ipv4/tcp_ipv4.c. A tail loss probe counts as retransmission. */
const timers: readonly KernelTimer[] = ['none', 'retransmit', 'keepalive', 'time-wait', 'zero-window-probe']

/** TCP_LISTEN in include/net/tcp_states.h. */
const LISTEN = 10
/** TCP_ESTABLISHED: of a UDP socket it says that connect(2) was called. */
const CONNECTED = 1
/** The kernel converts its ticks to USER_HZ, 100 in a second (jiffies_to_clock_t()). */
const CLOCK_TICK_MS = 10

/** The port of an `address:port`, as the tables here have it. */
export function portOf(end: string): number {
  return Number(end.slice(end.lastIndexOf(':') + 1))
}

/** Both ends of a loopback connection are in one table, so one address does not tell them apart. */
export function socketKey(local: string, remote: string): string {
  return `${local}>${remote}`
}

/**
 * The connections of a /proc/net/tcp or tcp6; listening sockets are none. IPv4 clients of a server on :: have
 * their IPv4 addresses.
 */
export function parseSocketTable(text: string): SocketTableEntry[] {
  const entries: SocketTableEntry[] = []
  for (const { local, remote, state, queues, rest } of rowsOf(text)) {
    const [timer = '', retransmits = '', uid, probes, inode, , , timeout] = rest
    const connectionState = tcpStateOfKernel(state)
    if (connectionState === null || retransmits === '') continue
    const [kind = '', left = ''] = timer.split(':')
    entries.push({
      local: socketAddress(local),
      remote: socketAddress(remote),
      socket: {
        state: connectionState,
        timer: timers[Number.parseInt(kind, 16)] ?? 'none',
        unansweredProbes: Number(probes),
        retransmits: Number.parseInt(retransmits, 16),
        // SYN and FIN count as a byte each, as they do in the sequence numbers.
        sendQueueBytes: queues.send,
        receiveQueueBytes: queues.receive,
      },
      inode: Number(inode),
      uid: Number(uid),
      timerLeftMs: Number.parseInt(left, 16) * CLOCK_TICK_MS,
      retransmissionTimeoutMs: timeout === undefined ? null : Number(timeout) * CLOCK_TICK_MS,
    })
  }
  return entries
}

/** The listening sockets of a /proc/net/tcp: for them the receive queue counts connections, not bytes. */
export function parseListeners(text: string): ListenerTable {
  const listeners: ListenerTable = new Map()
  for (const { local, state, queues } of rowsOf(text)) {
    if (state === LISTEN) listeners.set(socketAddress(local), queues.receive)
  }
  return listeners
}

/** The listening sockets of a /proc/net/tcp or tcp6: inode and port. */
export function parseListeningPorts(text: string): [inode: number, port: number][] {
  // Of ten thousand lines a few are: the others need not be taken apart.
  const likely = text.split('\n').filter((line, index) => index === 0 || line.includes(' 0A '))
  return [...rowsOf(likely.join('\n'))]
    .filter(({ state }) => state === LISTEN)
    .map(({ local, rest }) => [Number(rest[4]), Number.parseInt(local.slice(local.indexOf(':') + 1), 16)])
}

/** The sockets of a /proc/net/udp or udp6. */
export function parseDatagramSockets(text: string): DatagramSocket[] {
  return [...rowsOf(text)].map(({ local, remote, state, rest }) => ({
    local: socketAddress(local),
    remote: state === CONNECTED ? socketAddress(remote) : null,
    inode: Number(rest[4]),
  }))
}

/** What waits at a UDP socket. */
export interface DatagramQueue {
  /** With all that the kernel counts against the receive buffer. */
  waitingBytes: number
  /** Thrown away since the socket was opened, since that was full. */
  drops: number
}

/** By local address, the same sockets. */
export function parseDatagramQueues(text: string): Map<string, DatagramQueue> {
  return new Map(
    [...rowsOf(text)].map(({ local, queues, rest }) => [
      socketAddress(local),
      { waitingBytes: queues.receive, drops: Number(rest[7]) },
    ]),
  )
}

interface Row {
  local: string
  remote: string
  state: number
  queues: { send: number; receive: number }
  /** From the timer on. */
  rest: string[]
}

/** The lines of any of these tables. A line that is cut short is left out. */
function* rowsOf(text: string): Generator<Row> {
  for (const line of text.split('\n').slice(1)) {
    // The columns of the header do not match: "tx_queue rx_queue" and "tr tm->when" are one word each, and
    // "timeout" is, for a connection, the number of unanswered probes.
    const [, local, remote, state, queues, ...rest] = line.trim().split(/\s+/)
    if (!local || !remote || !state || !queues || !isAddress(local) || !isAddress(remote)) continue
    const [send = 0, receive = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16))
    yield { local, remote, state: Number.parseInt(state, 16), queues: { send, receive }, rest }
  }
}

function isAddress(field: string): boolean {
  return /^([\dA-F]{8}|[\dA-F]{32}):[\dA-F]{4}$/.test(field)
}

/** Before an IPv4 address in an IPv6 one (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX = '00000000000000000000ffff'

const IS_LITTLE_ENDIAN = endianness() === 'LE'
/** Eight hexadecimal digits are four bytes. */
const WORD_DIGITS = 8

/** `0100007F:1F90` is 127.0.0.1:8080: the address as a number of this machine, the port as written. */
function socketAddress(field: string): string {
  const colon = field.indexOf(':')
  const port = Number.parseInt(field.slice(colon + 1), 16)
  // Ten thousand connections have twenty thousand of these.
  if (colon === WORD_DIGITS) return `${bytesOfWord(field, 0).join('.')}:${port}`
  const bytes = Buffer.from([0, 1, 2, 3].flatMap((word) => bytesOfWord(field, word * WORD_DIGITS)))
  if (bytes.toString('hex').startsWith(MAPPED_PREFIX)) return `${ipv4Address(bytes, 12)}:${port}`
  return `${ipv6Address(bytes)}:${port}`
}

/** The kernel prints four bytes in network order as if they were an integer of this machine. */
function bytesOfWord(digits: string, from: number): number[] {
  const word = Number.parseInt(digits.slice(from, from + WORD_DIGITS), 16)
  const bytes = [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]
  return IS_LITTLE_ENDIAN ? bytes.reverse() : bytes
}

/** The smallest page of any machine. */
const PAGE_BYTES = 4096
/**
 * No line is longer. Those of tcp are padded to 150; those of tcp6 and udp6 are not, and have 178 bytes or more, as
 * long as their numbers are: user, inode, pointer, windows (get_tcp6_sock() in net/ipv6/tcp_ipv6.c).
 */
const LINE_BYTES_MAX = 320
const TABLE_BYTES_START = 16 * 1024
/** 200,000 sockets. A table cut short would show the rest as gone, so a longer one is an error. */
const TABLE_BYTES_MAX = 32 * 1024 * 1024

/** The tables of a network namespace. */
export type TableName = 'tcp' | 'tcp6' | 'udp' | 'udp6'

/**
 * Reads the table of one process's network namespace again and again.
 *
 * The file is opened once: reading it anew costs microseconds, opening it more than that, and the open
 * file keeps showing the namespace after the process died, which is when it gets interesting.
 */
export class SocketTableReader {
  readonly #file: number
  #buffer = Buffer.alloc(TABLE_BYTES_START)

  /** @throws ENOENT where there is no /proc or no such process, EACCES for another user's */
  constructor(pid: number | 'self', table: TableName = 'tcp') {
    this.#file = openSync(`/proc/${pid}/net/${table}`, 'r')
  }

  /** @throws RangeError when the table is longer than 32 MiB */
  read(): SocketTable {
    return this.readBoth().connections
  }

  /** Connections and listening sockets of the same look. @throws RangeError as `read` */
  readBoth(): { connections: SocketTable; listeners: ListenerTable } {
    const text = this.readText()
    const connections: SocketTable = new Map()
    for (const entry of parseSocketTable(text)) connections.set(socketKey(entry.local, entry.remote), entry)
    return { connections, listeners: parseListeners(text) }
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The table as the kernel prints it. @throws RangeError as `read` */
  readText(): string {
    let filled = 0
    for (;;) {
      if (this.#buffer.length - filled < PAGE_BYTES) this.#grow()
      // A read returns a page at most, however large the buffer, and starts anew at position 0. Between
      // two pages the table may change: then a socket is missed once, or seen twice.
      const bytes = readSync(this.#file, this.#buffer, filled, this.#buffer.length - filled, filled)
      filled += bytes
      // A page with room for another line was the last. To ask again would double the time: the kernel
      // walks its whole hash table to find nothing more.
      if (bytes < PAGE_BYTES - LINE_BYTES_MAX) return this.#buffer.toString('latin1', 0, filled)
    }
  }

  #grow(): void {
    if (this.#buffer.length >= TABLE_BYTES_MAX) {
      throw new RangeError(`cannot read socket table: it is longer than ${TABLE_BYTES_MAX} bytes`)
    }
    this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2)
  }
}

/**
 * What a learner should see change. A queue that merely grew is no news, that it is no longer empty is:
 * bytes wait for the peer, or for the program.
 */
export function diffTables(old: SocketTable, now: SocketTable): SocketChange[] {
  const changes: SocketChange[] = []
  for (const [key, { local, remote, socket }] of now) {
    const before = old.get(key)?.socket ?? null
    if (before === null || differs(before, socket)) changes.push({ local, remote, old: before, new: socket })
  }
  for (const [key, { local, remote, socket }] of old) {
    if (!now.has(key)) changes.push({ local, remote, old: socket, new: null })
  }
  return changes
}

function differs(a: KernelSocket, b: KernelSocket): boolean {
  return (
    a.state !== b.state ||
    a.timer !== b.timer ||
    a.unansweredProbes !== b.unansweredProbes ||
    a.retransmits !== b.retransmits ||
    a.sendQueueBytes > 0 !== b.sendQueueBytes > 0 ||
    a.receiveQueueBytes > 0 !== b.receiveQueueBytes > 0
  )
}

/**
 * The state letter of a /proc/<pid>/stat: `T` stopped by a signal, `S` sleeping, `R` running, `Z` dead
 * and not yet waited for. Null for text that is no such file.
 */
export function parseProcessState(stat: string): string | null {
  // The second field is the command in parentheses, and may itself contain spaces and parentheses.
  return /^\d+ \(.*\) ([A-Za-z]) /s.exec(stat)?.[1] ?? null
}

/** Whether that is the state of what has ended: dead, and not yet waited for. */
export function isOver(state: string | null): boolean {
  return state === 'Z' || state === 'X'
}

/** The pid of the parent in a /proc/<pid>/stat. Null for text that is no such file. */
export function parseParent(stat: string): number | null {
  const parent = /^\d+ \(.*\) [A-Za-z] (\d+) /s.exec(stat)?.[1]
  return parent === undefined ? null : Number(parent)
}

/**
 * Every pid of one process, from the `NSpid` line of its /proc/<pid>/status: the one seen by whoever
 * mounted that /proc first, the one it sees itself last. Empty on kernels before 4.1.
 */
export function namespacePids(status: string): number[] {
  const line = /^NSpid:(.*)$/m.exec(status)?.[1]
  return line === undefined ? [] : line.trim().split(/\s+/).map(Number)
}
