/**
 * What the kernels believe: the socket table of every host, read again and again; only changes are logged.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Emitter, EventLog } from '../events/emit.ts'
import type { Host, Tier } from '../hosts/host.ts'
import { diffTables, type SocketTable, SocketTableReader } from '../kernel/socket-table.ts'
import type { Ports } from '../programs/host-messages.ts'

/** Where a table has few buckets a look costs about 15 microseconds. */
const OFTEN_MS = 50
/** The machine's own table has hundreds of thousands of buckets, and a look takes milliseconds. */
const SELDOM_MS = 500
const BUCKETS_SETTING = '/proc/sys/net/ipv4/tcp_child_ehash_entries'

interface Watched {
  reader: SocketTableReader
  table: SocketTable
  emit: Emitter
  side: 'server' | 'client'
  mechanismOfPort: Map<number, string>
}

export class KernelObserver {
  readonly #log: EventLog
  readonly #watched = new Map<string, Watched>()
  #timer: NodeJS.Timeout | undefined

  constructor(log: EventLog, tier: Tier | 'compose') {
    this.#log = log
    if (process.platform !== 'linux') return
    const cheap = tier === 'netns' && smallTables()
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
   * @param ports the servers' ports, by mechanism
   */
  watch(
    host: Pick<Host, 'name' | 'incarnation'>,
    pid: number,
    side: 'server' | 'client',
    ports: Ports,
  ): void {
    if (this.#timer === undefined) return
    this.#watched.get(host.name)?.reader.close()
    this.#watched.set(host.name, {
      reader: new SocketTableReader(pid),
      table: new Map(),
      emit: this.#log.emitter('kernel', host),
      side,
      mechanismOfPort: new Map(Object.entries(ports).map(([mechanism, port]) => [port, mechanism])),
    })
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#watched.size > 0) this.#look()
    for (const { reader } of this.#watched.values()) reader.close()
    this.#watched.clear()
  }

  #look(): void {
    for (const watched of this.#watched.values()) {
      const table = watched.reader.read()
      for (const { local, remote, old, new: now } of diffTables(watched.table, table)) {
        const [server, client] = watched.side === 'server' ? [local, remote] : [remote, local]
        const mechanism = watched.mechanismOfPort.get(portOf(server))
        // Other connections of the machine, where hosts share its table.
        if (mechanism === undefined) continue
        watched.emit(
          'kernel:socket_updated',
          { local, remote, old, new: now },
          `${mechanism}:${portOf(client)}`,
        )
      }
      watched.table = table
    }
  }
}

function smallTables(): boolean {
  return existsSync(BUCKETS_SETTING) && Number(readFileSync(BUCKETS_SETTING, 'utf8')) > 0
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
