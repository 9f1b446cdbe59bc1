/**
 * What the kernels believe: the socket table of every host, read again and again; only changes are logged.
 */

import { existsSync, readFileSync } from 'node:fs'
import type { Emitter, EventLog } from '../events/emit.ts'
import type { KernelSocket, TcpState } from '../events/vocabulary.ts'
import type { Host, Tier } from '../hosts/host.ts'
import { snmp6Counter, snmpCounter } from '../kernel/card.ts'
import { readOrEmpty } from '../kernel/proc-file.ts'
import {
  type DatagramSocket,
  diffTables,
  type ListenerTable,
  parseDatagramSockets,
  portOf,
  type SocketChange,
  type SocketTable,
  type SocketTableEntry,
  SocketTableReader,
} from '../kernel/socket-table.ts'

/** Where a table has few buckets a look costs about 15 microseconds. */
const OFTEN_MS = 50
/** The machine's own table has hundreds of thousands of buckets, and a look takes milliseconds. */
const SELDOM_MS = 500
/** A lab's host has hundreds of changes at most in a run; a case that waits wants the last ones. */
const TOLD_MAX = 1000
const BUCKETS_SETTING = '/proc/sys/net/ipv4/tcp_child_ehash_entries'

/** What was last said of a host's connections when the wait for another state was in vain. */
const STATES_TOLD = 8

/** What one line of a table must show: a state, any fields of it, or that there is no such line. */
export type WantedSocket = TcpState | 'CLOSED' | Partial<KernelSocket>

interface Watched {
  pid: number
  readers: SocketTableReader[]
  table: SocketTable
  /** Those of known mechanisms. */
  listeners: ListenerTable
  emit: Emitter
  /** What was logged last, for those who wait in vain. */
  told: string[]
}

/** What a look at a host's kernel shows. */
export interface HostSockets {
  /** With the group that each has in the log, where it is known what is spoken there. */
  connections: (SocketTableEntry & { groupId?: string })[]
  listeners: ListenerTable
  datagramSockets: DatagramSocket[]
  /** By programs, since the host is there. */
  datagramsReceived: number
}

/** A change of one of a host's connections, as it is logged. */
export type OnSocketChange = (groupId: string, change: SocketChange) => void

interface Waiting {
  host: string
  look(table: SocketTable, told: readonly string[]): void
}

export class KernelObserver {
  readonly #log: EventLog
  readonly #watched = new Map<string, Watched>()
  /** By host: what is spoken at which `address:port`. */
  readonly #conversations = new Map<string, Record<'own' | 'remote', Map<string, string>>>()
  readonly #waiting = new Set<Waiting>()
  /** By host. */
  readonly #listening = new Map<string, OnSocketChange>()
  readonly #cheap: boolean
  #timer: NodeJS.Timeout | undefined

  constructor(log: EventLog, tier: Tier | 'compose') {
    this.#log = log
    const cheap = process.platform === 'linux' && tier === 'netns' && smallTables()
    this.#cheap = cheap
    if (process.platform !== 'linux') return
    const everyMs = cheap ? OFTEN_MS : SELDOM_MS
    const because = cheap
      ? 'each host has a small socket table of its own'
      : "the hosts share the machine's large socket table"
    log.emitter('kernel')('kernel:sampling_started', { everyMs, because })
    this.#timer = setInterval(() => this.#look(), everyMs)
  }

  /**
   * Watches the connections of a host from now on, through one of its processes. The open file keeps the
   * host's kernel readable when the process has ended. A later call for the same host replaces it.
   */
  watch(host: Pick<Host, 'name' | 'incarnation'>, pid: number): void {
    if (this.#timer === undefined) return
    closeAll(this.#watched.get(host.name))
    this.#watched.set(host.name, {
      pid,
      // IPv4 clients of a server on :: are in the other table.
      readers: tables
        .filter((table) => table === 'tcp' || (this.#cheap && existsSync(`/proc/${pid}/net/${table}`)))
        .map((table) => new SocketTableReader(pid, table)),
      table: new Map(),
      listeners: new Map(),
      emit: this.#log.emitter('kernel', host),
      told: [],
    })
  }

  /**
   * What a host speaks at a server's `address:port`, its own or a remote one. Other connections are not told
   * of: where hosts share one table, they may be anybody's.
   * @param address as `10.0.1.2:7000`, or `*:7000` where the host's table is its own
   */
  learn(host: Pick<Host, 'name'>, server: 'own' | 'remote', address: string, mechanism: string): void {
    const known = this.#conversations.get(host.name) ?? { own: new Map(), remote: new Map() }
    const table = this.#watched.get(host.name)?.table ?? new Map()
    const untold = [...table].filter(([, { local, remote }]) => !this.#groupOf(host.name, local, remote))
    known[server].set(address, mechanism)
    this.#conversations.set(host.name, known)
    // What was there before anybody knew what it is has not been told yet.
    for (const [key, { local, remote }] of untold) {
      if (this.#groupOf(host.name, local, remote) !== undefined) table.delete(key)
    }
  }

  /** A host's sockets as they are now; null of a host that is not watched. Nothing of it is logged. */
  look(host: Pick<Host, 'name'>): HostSockets | null {
    const watched = this.#watched.get(host.name)
    if (watched === undefined) return null
    const read = (file: string) => readOrEmpty(`/proc/${watched.pid}/net/${file}`)
    const { connections, listeners } = readAll(watched)
    return {
      connections: [...connections.values()].map((entry) => {
        const groupId = this.#groupOf(host.name, entry.local, entry.remote)
        return groupId === undefined ? entry : { ...entry, groupId }
      }),
      listeners,
      datagramSockets: ['udp', 'udp6'].flatMap((file) => parseDatagramSockets(read(file))),
      datagramsReceived:
        snmpCounter(read('snmp'), 'Udp', 'InDatagrams') + snmp6Counter(read('snmp6'), 'Udp6InDatagrams'),
    }
  }

  /** Tells each change of a host's connections beside logging it. */
  listen(host: Pick<Host, 'name'>, onChange: OnSocketChange): void {
    this.#listening.set(host.name, onChange)
  }

  /**
   * Resolves when a look at the host's table shows a connection so. What is shorter-lived than the time
   * between two looks may never be seen.
   * @param about a mechanism, or the group id of one connection
   * @throws Error that tells the states seen, when it does not come in time
   */
  until(host: Host, about: string, wanted: WantedSocket, withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let told: readonly string[] = []
      const settle = (act: () => void) => {
        clearTimeout(limit)
        this.#waiting.delete(waiting)
        act()
      }
      const waiting: Waiting = {
        host: host.name,
        look: (table, toldSoFar) => {
          told = toldSoFar
          const sockets = [...table.values()].filter(({ local, remote }) => {
            const groupId = this.#groupOf(host.name, local, remote)
            return groupId === about || groupId?.startsWith(`${about}:`)
          })
          if (isAsWanted(sockets, wanted)) settle(resolve)
        },
      }
      const limit = setTimeout(() => {
        const seen = told.filter((line) => line.startsWith(about)).slice(-STATES_TOLD)
        const message = `${about} on ${host.name} is not ${JSON.stringify(wanted)} within ${withinMs} ms`
        settle(() => reject(new Error(`${message}; seen: ${seen.join(', ') || 'nothing'}`)))
      }, withinMs)
      this.#waiting.add(waiting)
    })
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#watched.size > 0) this.#look()
    for (const watched of this.#watched.values()) closeAll(watched)
    this.#watched.clear()
  }

  #look(): void {
    for (const [host, watched] of this.#watched) {
      const { connections: table, listeners } = readAll(watched)
      this.#tellListeners(host, watched, listeners)
      for (const { local, remote, old, new: now } of diffTables(watched.table, table)) {
        const groupId = this.#groupOf(host, local, remote)
        // Other connections of the machine, where hosts share its table.
        if (groupId === undefined) continue
        watched.emit('kernel:socket_updated', { local, remote, old, new: now }, groupId)
        this.#listening.get(host)?.(groupId, { local, remote, old, new: now })
        watched.told.push(`${groupId} ${now?.state ?? 'CLOSED'}`)
        if (watched.told.length > TOLD_MAX) watched.told.shift()
      }
      watched.table = table
      for (const waiting of [...this.#waiting]) {
        if (waiting.host === host) waiting.look(table, watched.told)
      }
    }
  }

  #tellListeners(host: string, watched: Watched, now: ListenerTable): void {
    const own = this.#conversations.get(host)?.own ?? new Map<string, string>()
    for (const [local, mechanism] of own) {
      const [before, after] = [watched.listeners.get(local), now.get(local)]
      if (before === after) continue
      const worded = (waiting: number | undefined) => (waiting === undefined ? null : { waiting })
      watched.emit('kernel:listener_updated', { mechanism, local, old: worded(before), new: worded(after) })
      if (after === undefined) watched.listeners.delete(local)
      else watched.listeners.set(local, after)
    }
  }

  #groupOf(host: string, local: string, remote: string): string | undefined {
    const known = this.#conversations.get(host)
    const own = known?.own.get(local) ?? known?.own.get(`*:${portOf(local)}`)
    if (own !== undefined) return `${own}:${portOf(remote)}`
    const asked = known?.remote.get(remote) ?? known?.remote.get(`*:${portOf(remote)}`)
    return asked === undefined ? undefined : `${asked}:${portOf(local)}`
  }
}

function isAsWanted(sockets: readonly SocketTableEntry[], wanted: WantedSocket): boolean {
  if (wanted === 'CLOSED') return sockets.length === 0
  const fields = Object.entries(typeof wanted === 'string' ? { state: wanted } : wanted)
  return sockets.some(({ socket }) =>
    fields.every(([name, value]) => socket[name as keyof KernelSocket] === value),
  )
}

function smallTables(): boolean {
  return existsSync(BUCKETS_SETTING) && Number(readFileSync(BUCKETS_SETTING, 'utf8')) > 0
}

const tables = ['tcp', 'tcp6'] as const

function readAll({ readers }: Watched): { connections: SocketTable; listeners: ListenerTable } {
  const looks = readers.map((reader) => reader.readBoth())
  return {
    connections: new Map(looks.flatMap(({ connections }) => [...connections])),
    listeners: new Map(looks.flatMap(({ listeners }) => [...listeners])),
  }
}

function closeAll(watched: Watched | undefined): void {
  for (const reader of watched?.readers ?? []) reader.close()
}
