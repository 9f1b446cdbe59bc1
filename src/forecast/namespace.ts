/** What is read of a network namespace, once for all processes that live in it. */
import { readFileSync, readlinkSync } from 'node:fs'
import { execute } from '../hosts/commands.ts'
import {
  neighboursCommand,
  type OwnNetwork,
  parseRoutes4,
  parseRoutes6,
  parseSilentNeighbours4,
  parseSilentNeighbours6,
} from '../kernel/own-network.ts'
import {
  type DatagramSocket,
  parseDatagramSockets,
  parseListeningPorts,
  parseSocketTable,
  type SocketTableEntry,
  SocketTableReader,
  type TableName,
} from '../kernel/socket-table.ts'
import { parseSysctls, readSysctls, sysctlsCommand } from '../kernel/sysctls.ts'
import type { HostFacts } from './facts.ts'
import { isGone } from './gone.ts'

/** The connections of a namespace at one moment, by inode. */
export interface Connections {
  byInode: ReadonlyMap<number, SocketTableEntry>
  /** By inode, the port of each listening socket. */
  listeners: ReadonlyMap<number, number>
  /** When their reading began, in milliseconds of `performance.now()`, and when it was done. */
  atMs: number
  doneMs: number
}

/** Between two processes of a namespace, when all are read. Long tables take longer than that to read. */
const RECENT_MS = 50

export class Namespace {
  readonly #pid: number
  readonly sysctls: HostFacts['sysctls']
  readonly datagrams: ReadonlyMap<number, DatagramSocket>
  #connections: Connections
  #ownNetwork: Promise<OwnNetwork> | undefined

  private constructor(pid: number, sysctls: HostFacts['sysctls']) {
    this.#pid = pid
    this.sysctls = sysctls
    const udp = [tableText(pid, 'udp'), tableText(pid, 'udp6')]
    this.datagrams = new Map(udp.flatMap(parseDatagramSockets).map((one) => [one.inode, one]))
    // Last, and so as near as can be to what is then read of the sockets.
    this.#connections = readConnections(pid)
  }

  /** @throws Error with code ENOENT or ESRCH when the process ended */
  static async read(pid: number, name: string): Promise<Namespace> {
    return new Namespace(pid, await sysctlsOf(pid, name))
  }

  get connections(): Connections {
    return this.#connections
  }

  /** No older than what a timer of a connection makes of it. */
  recent(): Connections {
    return performance.now() - this.#connections.doneMs < RECENT_MS ? this.#connections : this.refresh()
  }

  /** Reads them again. */
  refresh(): Connections {
    this.#connections = readConnections(this.#pid)
    return this.#connections
  }

  /** Routes and neighbours; read when somebody first asks. */
  ownNetwork(name: string): Promise<OwnNetwork> {
    this.#ownNetwork ??= readOwnNetwork(this.#pid, name)
    return this.#ownNetwork
  }
}

function readConnections(pid: number): Connections {
  const atMs = performance.now()
  const texts = [tableText(pid, 'tcp'), tableText(pid, 'tcp6')]
  return {
    byInode: new Map(texts.flatMap(parseSocketTable).map((one) => [one.inode, one])),
    listeners: new Map(texts.flatMap(parseListeningPorts)),
    atMs,
    doneMs: performance.now(),
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
async function sysctlsOf(pid: number, name: string): Promise<HostFacts['sysctls']> {
  if (isOwn(name)) return readSysctls()
  const printed = await printedInside(pid, name, sysctlsCommand)
  return printed === null ? null : parseSysctls(printed)
}

async function readOwnNetwork(pid: number, name: string): Promise<OwnNetwork> {
  const text = (file: string) => {
    try {
      return readFileSync(`/proc/${pid}/net/${file}`, 'latin1')
    } catch {
      // No IPv6 here; or the process has ended.
      return ''
    }
  }
  const silent6 = parseSilentNeighbours6((await printedInside(pid, name, neighboursCommand)) ?? '')
  return {
    routes: [...parseRoutes4(text('route')), ...parseRoutes6(text('ipv6_route'))],
    silentNeighbours: new Set([...parseSilentNeighbours4(text('arp')), ...silent6]),
  }
}

/** What a command prints that runs in that namespace; null where it may not be entered, or nothing was printed. */
async function printedInside(pid: number, name: string, command: readonly string[]): Promise<string | null> {
  const enter = ['nsenter', '--target', String(pid), '--net']
  // As root; or by the rights that a user has in a user namespace of their own.
  const prefixes = isOwn(name) ? [[]] : [enter, [...enter, '--user', '--preserve-credentials']]
  for (const prefix of prefixes) {
    const { stdout } = await execute([...prefix, ...command])
    if (stdout !== '') return stdout
  }
  return null
}

function isOwn(name: string): boolean {
  return name === readlinkSync('/proc/self/ns/net')
}
