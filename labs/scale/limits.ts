/** How many connections this machine holds for the lab, and what would have to change for more. */
import { readOrEmpty } from '../../src/kernel/proc-file.ts'
import { DESCRIPTORS_BESIDE } from './conditions.ts'

/** What of a machine limits the number of connections. */
export interface Limits {
  /** Open descriptors of one process, at most (ulimit -Hn); Node raises its own to it. */
  descriptors: number
  /** Ports that the kernel gives out for each source address. */
  ports: number
  /** Memory that is free for programs. */
  availableBytes: number
}

/** Both ends of a connection with a heartbeat, program and kernel together: more than the dearest was seen to be. */
const BYTES_EACH = 48 * 1024
/** One side of a lab takes one end of each. */
const SOURCES_MAX = 200

/** Why so many are too many here, in a line that says how to have more; null: they are not. */
export function problemOf(
  connections: number,
  { descriptors, ports, availableBytes }: Limits,
): string | null {
  const asked = `--connections ${connections}`
  const most = descriptors - DESCRIPTORS_BESIDE
  if (connections > most) {
    return `${asked}: a process may have ${descriptors} open descriptors here, so ${most} connections at most; raise it with ulimit -Hn ${connections + DESCRIPTORS_BESIDE} (root may), then run it again`
  }
  const reachable = ports * SOURCES_MAX
  if (connections > reachable) {
    return `${asked}: ${SOURCES_MAX} addresses with ${ports} ports each (net.ipv4.ip_local_port_range) reach ${reachable}; widen that range with sysctl`
  }
  if (connections * BYTES_EACH > availableBytes) {
    const fits = Math.floor(availableBytes / BYTES_EACH)
    return `${asked}: both ends of one may take ${BYTES_EACH / 1024} KB, and ${Math.floor(availableBytes / 2 ** 20)} MB are free here: ${fits} at most, or more memory`
  }
  return null
}

/** How many source addresses clients need: a port of each can be in one connection to a server's port. */
export function sourcesNeeded(connections: number, { ports }: Pick<Limits, 'ports'>): number {
  return Math.ceil(connections / ports)
}

/** Of this process and its network; what the system does not tell limits nothing. */
export function limitsHere(): Limits {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readOrEmpty('/proc/self/limits')) ?? []
  const [, first, last] = /^(\d+)\s+(\d+)/.exec(readOrEmpty('/proc/sys/net/ipv4/ip_local_port_range')) ?? []
  const [, available] = /^MemAvailable:\s+(\d+) kB/m.exec(readOrEmpty('/proc/meminfo')) ?? []
  return {
    descriptors: Number(hard ?? Number.NaN) || Number.POSITIVE_INFINITY,
    ports: first === undefined ? Number.POSITIVE_INFINITY : Number(last) - Number(first) + 1,
    availableBytes: available === undefined ? Number.POSITIVE_INFINITY : Number(available) * 1024,
  }
}
