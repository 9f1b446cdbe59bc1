/** What several cases of this lab do alike. */
import type { Host, Pair } from '../../src/hosts/host.ts'
import { snmpCounter } from '../../src/kernel/card.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress } from '../../src/rig/sockets.ts'
import type { ScaleSettings } from './conditions.ts'
import { limitsHere, sourcesNeeded } from './limits.ts'

/** What was begun is done, and the kernel has freed what it frees a moment later. */
const SETTLED_MS = 150

/** The addresses from which clients connect, where the ports of one are not enough; else none, and the kernel chooses. */
export async function sourcesAt(rig: Rig, { address }: Host, host: Host, count: number): Promise<string[]> {
  const needed = sourcesNeeded(count, limitsHere())
  if (needed <= 1) return []
  // The hosts of a pair have the lowest addresses of its network.
  const sources = Array.from({ length: needed }, (_, index) => address.replace(/\d+$/, String(10 + index)))
  if (address.startsWith('127.')) return sources
  for (const source of sources) await rig.run(host, ['ip', 'address', 'add', `${source}/24`, 'dev', 'eth0'])
  return sources
}

/** Connects clients in equal steps, from none to all, and has both ends measured after each. */
export async function joinInSteps(
  rig: Rig,
  { a, b }: Pair,
  row: string,
  { connections, steps }: ScaleSettings,
  join: (count: number) => Promise<void>,
): Promise<void> {
  for (let step = 0; step <= steps; step++) {
    if (step > 0) await join(shareOf(connections, step, steps))
    await rig.sleep(SETTLED_MS)
    await rig.sockets(a).crowd.measure(row, { collects: true })
    // Last, since it has what the kernel keeps for both.
    await rig.sockets(b).crowd.measure(row, { collects: true })
  }
}

/** Of so many in all, those of one step: as even as whole numbers allow. */
function shareOf(all: number, step: number, steps: number): number {
  return Math.floor((all * step) / steps) - Math.floor((all * (step - 1)) / steps)
}

/** Has a number of clients, with nothing else to say, connect to a server. */
export function joining(rig: Rig, a: Host, row: string, at: SocketAddress, sources: string[]) {
  return (count: number) => rig.sockets(a).crowd.join(row, at, { count, sources })
}

const COUNTERS = ['ListenOverflows', 'ListenDrops', 'TCPTimeouts'] as const
export type Counter = (typeof COUNTERS)[number]

/** Logs what a host's TCP has counted: on plain processes, that of the machine, whoever it was. */
export async function readCounters(rig: Rig, host: Host): Promise<void> {
  const text = await rig.run(host, ['cat', '/proc/net/netstat'])
  rig.emitterOf(host, 'kernel')('kernel:counters_read', {
    values: Object.fromEntries(COUNTERS.map((name) => [name, snmpCounter(text, 'TcpExt', name)])),
  })
}
