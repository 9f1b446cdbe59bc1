/** What the cases do alike: greet, and wait until the router has forgotten. */
import type { RouterMapping } from '../../src/events/vocabulary.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'
import { cellId } from '../../src/plan/plan.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { TcpSocket } from '../../src/rig/sockets.ts'

/** With tcp_retries2 = 2 a kernel gives up within 4.4 s, and the last keepalive within 9 s. */
export const OUTCOME = { withinMs: 12_000 }
/** What comes at all comes at once; nothing for this long is an observation. */
export const SILENCE_MS = 500
/** A table of a router shows whole seconds, rounded down. */
const ROUNDING_MS = 1000
/** A mapping that goes on being refreshed never goes away, so the router is not looked at for ever. */
const LOOKS_MAX = 5

export interface Ends {
  client: TcpSocket
  server: TcpSocket
  /** `performance.now()` before the connection was opened. */
  begunMs: number
}

/** How a client connects; without a port of its own it gets any. */
interface Client {
  keepalive?: Keepalive
  localPort?: number
}

/** A connection on which either end has heard the other once. */
export async function greet(rig: Rig, pair: Pair, row: string, how: Client = {}): Promise<Ends> {
  const { a, b } = pair
  const begunMs = performance.now()
  const listener = await rig.sockets(b).tcp.listen(row)
  const client = await rig.sockets(a).tcp.connect(row, listener.at, how)
  // Its port may be another one outside.
  const { groupId = '' } = await rig.untilEvent(b, 'tcp:accepted', { mechanism: row })
  const server = listener.accepted({ groupId })
  await client.write('hello')
  await rig.untilEvent(b, 'tcp:received', { mechanism: row })
  await server.write('hello, client')
  await rig.untilEvent(a, 'tcp:received', { mechanism: row })
  await Promise.all([client.observe(), server.observe()])
  rig.alive(pair)
  return { client, server, begunMs }
}

/**
 * Until the router has no mapping of these ports any more: its own table says how long that may take.
 * @throws Error when it goes on remembering
 */
export async function untilForgotten(rig: Rig, pair: Pair, ports: readonly number[]): Promise<void> {
  const router = rig.router(pair)
  for (let look = 0; look < LOOKS_MAX; look++) {
    const held = (await router.mappings()).filter((mapping) => ports.some((port) => isOf(mapping, port)))
    if (held.length === 0) return
    await rig.sleep(longestMs(held))
  }
  throw new Error(`${router.name} still has a mapping on which nothing passed`)
}

/** The mapping of a client's port. */
export function isOf({ source }: RouterMapping, port: number): boolean {
  return source.endsWith(`:${port}`)
}

/** After this long without a packet the router has none of them any more. */
export function longestMs(mappings: readonly RouterMapping[]): number {
  return Math.max(0, ...mappings.map(({ forgetsInMs }) => forgetsInMs)) + ROUNDING_MS
}

/** This run looks into the row: what is not asked for is not done, since the rows of a case share its router. */
export function isAsked(rig: Rig, pair: Pair, row: string): boolean {
  return rig.plan.cells.includes(cellId(pair.name, row))
}
