/** Three clients that differ in what they do about a peer that they believe to be down. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress, TcpSocket } from '../../src/rig/sockets.ts'
import type { LateSettings, Policy } from './conditions.ts'

/** The heartbeat that the wait for a phase begins with: round trips have been measured by then. */
const SETTLED = 3
/** After the answers came: long enough to see what they set off, and that nothing else happens. */
const AFTER_MS = 1500

/** One connection, and what its client does at "down". */
export interface Client {
  policy: Policy
  socket: TcpSocket
  /** Where it connects to. */
  at: SocketAddress
}

/**
 * A connection for each policy, both ends speaking the heartbeat. Comes back when some have been exchanged and the
 * kernels have measured round trips.
 * @param before puts something before a server, and says where clients find that
 */
export async function converse(
  rig: Rig,
  { a, b }: Pair,
  policies: readonly Policy[],
  { heartbeat }: LateSettings,
  before: (at: SocketAddress, policy: Policy) => Promise<SocketAddress> = async (at) => at,
): Promise<Client[]> {
  const clients = await Promise.all(
    policies.map(async (policy) => {
      const listener = await rig.sockets(b).tcp.listen(policy, { heartbeat })
      const at = await before(listener.at, policy)
      const socket = await rig.sockets(a).tcp.connect(policy, at, { heartbeat })
      await socket.connected()
      return { policy, socket, at }
    }),
  )
  const withinMs = 2 * SETTLED * heartbeat.intervalMs
  await Promise.all(
    clients.map(async ({ socket }) => {
      const { groupId } = socket
      await rig.untilEvent(a, 'heartbeat:ping_sent', { groupId, occurrence: SETTLED, withinMs })
      await socket.observe()
    }),
  )
  // It stays true all the while: what stands still is a way, or a program, and only for a time.
  rig.alive({ name: a.pair, a, b })
  return clients
}

/** Every client carries out its policy while answers are late; `goOn` ends that after a time. */
export async function carryOut(
  rig: Rig,
  { a }: Pair,
  clients: readonly Client[],
  { heartbeat, frozenMs }: LateSettings,
  goOn: Promise<unknown>,
): Promise<void> {
  const policing = clients.map(async ({ policy, socket, at }) => {
    if (policy === 'forgive') return
    const { groupId } = socket
    // Nothing is late for longer than that.
    await rig.untilEvent(a, 'belief:updated', { groupId, where: { new: 'down' }, withinMs: frozenMs })
    await socket.destroy()
    if (policy === 'close') return
    // Once. What a second doubt would do is for `README.md` to ask.
    const anew = await rig.sockets(a).tcp.connect(policy, at, { heartbeat })
    const { outcome } = await anew.connected(frozenMs)
    if (outcome !== 'connected') throw new Error(`the second connection to ${a.pair} is ${outcome}`)
  })
  await Promise.all([...policing, goOn])
  await rig.sleep(AFTER_MS)
}
