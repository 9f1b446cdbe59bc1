/**
 * What a host's kernel holds: its socket table, /proc/<pid>/net/tcp (proc_pid_net(5)), and a process's
 * state, seen from outside (proc_pid_stat(5), proc_pid_status(5)).
 *
 * The table is the belief below the program's, and the two part often: a connection that the program closed may
 * live on here, and one whose peer is gone stays ESTABLISHED until a timer says otherwise.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import type { EventData, KernelSocket, KernelTimer } from '../events/vocabulary.ts'
import { tcpStateOfKernel } from './tcp-state.ts'

export interface SocketTableEntry {
  local: string
  remote: string
  socket: KernelSocket
  /** 0: no program holds it any more. */
  inode: number
  uid: number
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

/** Both ends of a loopback connection are in one table, so one address does not tell them apart. */
export function socketKey(local: string, remote: string): string {
  return `${local}>${remote}`
}

/**
 * The connections of a /proc/net/tcp or tcp6; listening sockets are none. Of tcp6 only IPv4 clients of
 * a server on :: are taken, the labs have no IPv6.
 */
export function parseSocketTable(text: string): SocketTableEntry[] {
  const entries: SocketTableEntry[] = []
  for (const line of text.split('\n').slice(1)) {
    // The columns of the header do not match: "tx_queue rx_queue" and "tr tm->when" are one word each, and
    // "timeout" is, for a connection, the number of unanswered probes.
    const [, local, remote, state, queues, timer, retransmits, uid, probes, inode] = line.trim().split(/\s+/)
    if (!local || !remote || !state || !queues || !timer || !retransmits) continue
    const connectionState = tcpStateOfKernel(Number.parseInt(state, 16))
    const localAddress = socketAddress(local)
    const remoteAddress = socketAddress(remote)
    if (connectionState === null || localAddress === null || remoteAddress === null) continue
    const [sendQueue = '0', receiveQueue = '0'] = queues.split(':')
    entries.push({
      local: localAddress,
      remote: remoteAddress,
      socket: {
        state: connectionState,
        timer: timers[Number.parseInt(timer, 16)] ?? 'none',
        unansweredProbes: Number(probes),
        retransmits: Number.parseInt(retransmits, 16),
        // SYN and FIN count as a byte each, as they do in the sequence numbers.
        sendQueueBytes: Number.parseInt(sendQueue, 16),
        receiveQueueBytes: Number.parseInt(receiveQueue, 16),
      },
      inode: Number(inode),
      uid: Number(uid),
    })
  }
  return entries
}

/**
 * The listening sockets of a /proc/net/tcp or tcp6: for them the receive queue counts connections, not bytes.
 * One on `::` is told as `0.0.0.0`, since it takes IPv4 clients as well.
 */
export function parseListeners(text: string): ListenerTable {
  const listeners: ListenerTable = new Map()
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state, queues] = line.trim().split(/\s+/)
    if (!local || !queues || Number.parseInt(state ?? '', 16) !== LISTEN) continue
    listeners.set(boundAddress(local), Number.parseInt(queues.split(':')[1] ?? '0', 16))
  }
  return listeners
}

/** The local addresses of a /proc/net/udp or udp6, told as those of listeners. */
export function parseDatagramSockets(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local] = line.trim().split(/\s+/)
      return local === undefined ? [] : [boundAddress(local)]
    })
}

/** How many UDP datagrams reached a program, from the /proc/net/snmp of its host: `InDatagrams` of RFC 4113. */
export function parseDatagramsReceived(snmp: string): number {
  const [names = '', values = ''] = snmp.split('\n').filter((line) => line.startsWith('Udp: '))
  const at = names.split(' ').indexOf('InDatagrams')
  return Number(values.split(' ')[at] ?? 0)
}

/** Where somebody waits to be spoken to: also what no IPv4 client can reach. */
function boundAddress(field: string): string {
  const known = socketAddress(field)
  if (known !== null) return known
  const [address = '', port = ''] = field.split(':')
  const host = /^0{32}$/.test(address)
    ? '0.0.0.0'
    : /^0{24}(01000000|00000001)$/.test(address)
      ? '[::1]'
      : '[IPv6]'
  return `${host}:${Number.parseInt(port, 16)}`
}

/** `0100007F:1F90` is 127.0.0.1:8080: the address as a number of this machine, the port as written. */
function socketAddress(field: string): string | null {
  const [address = '', port = ''] = field.split(':')
  const words = address.match(/.{8}/g) ?? []
  if (words.length === 4) {
    const [first, second, third] = words.slice(0, 3).map(bytesOfWord)
    const mapped =
      first?.readUInt32BE() === 0 && second?.readUInt32BE() === 0 && third?.readUInt32BE() === 0xffff
    if (!mapped) return null
  }
  return `${bytesOfWord(words.at(-1) ?? '').join('.')}:${Number.parseInt(port, 16)}`
}

/** The kernel prints four bytes in network order as if they were an integer of this machine. */
function bytesOfWord(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex')
  return endianness() === 'LE' ? bytes.reverse() : bytes
}

/** The smallest page of any machine, and the width to which every line is padded. */
const PAGE_BYTES = 4096
const LINE_BYTES = 150
const TABLE_BYTES_START = 16 * 1024
/** 28,000 sockets. A table cut short would show the rest as gone, so a longer one is an error. */
const TABLE_BYTES_MAX = 4 * 1024 * 1024

/**
 * Reads the table of one process's network namespace again and again.
 *
 * The file is opened once: reading it anew costs microseconds, opening it more than that, and the open
 * file keeps showing the namespace after the process died, which is when it gets interesting.
 */
export class SocketTableReader {
  readonly #files: number[]
  #buffer = Buffer.alloc(TABLE_BYTES_START)

  /**
   * @param ipv6 also IPv4 clients of servers on ::, which are in a table of their own
   * @throws ENOENT where there is no /proc or no such process, EACCES for another user's
   */
  constructor(pid: number | 'self', { ipv6 = false } = {}) {
    const tables = [`/proc/${pid}/net/tcp`, ...(ipv6 ? [`/proc/${pid}/net/tcp6`] : [])]
    // A kernel without IPv6 has no second one.
    this.#files = tables
      .filter((path, index) => index === 0 || existsSync(path))
      .map((path) => openSync(path, 'r'))
  }

  /** @throws RangeError when the table is longer than 4 MiB */
  read(): SocketTable {
    return this.readBoth().connections
  }

  /** Connections and listening sockets of the same look. @throws RangeError as `read` */
  readBoth(): { connections: SocketTable; listeners: ListenerTable } {
    const connections: SocketTable = new Map()
    const listeners: ListenerTable = new Map()
    for (const file of this.#files) {
      const text = this.#readAll(file)
      for (const entry of parseSocketTable(text)) connections.set(socketKey(entry.local, entry.remote), entry)
      for (const [local, waiting] of parseListeners(text)) listeners.set(local, waiting)
    }
    return { connections, listeners }
  }

  close(): void {
    for (const file of this.#files) closeSync(file)
  }

  #readAll(file: number): string {
    let filled = 0
    for (;;) {
      if (this.#buffer.length - filled < PAGE_BYTES) this.#grow()
      // A read returns a page at most, however large the buffer, and starts anew at position 0. Between
      // two pages the table may change: then a socket is missed once, or seen twice.
      const bytes = readSync(file, this.#buffer, filled, this.#buffer.length - filled, filled)
      filled += bytes
      // A page with room for another line was the last. To ask again would double the time: the kernel
      // walks its whole hash table to find nothing more.
      if (bytes < PAGE_BYTES - LINE_BYTES) return this.#buffer.toString('latin1', 0, filled)
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
