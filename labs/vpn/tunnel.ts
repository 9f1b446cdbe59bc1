/**
 * A tunnel with the kernels inside: whatever programs of a and b say to the addresses inside goes through it.
 *
 *      a: a program - TCP - wg0, 10.9.0.1                           10.9.0.2, wg0 - TCP - a program :b
 *                            |                                          |
 *                        [Device] <== UDP, from 10.0.n.1 to 10.0.n.2 ==> [Device]
 */
import type { Host, Pair } from '../../src/hosts/host.ts'
import type { Span } from '../../src/kernel/give-up.ts'
import type { End } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import { KEEPALIVE_TIMEOUT_MS, MTU } from '../../src/protocols/wireguard/constants.ts'
import { PATIENCE_MS, type Rig } from '../../src/rig/rig.ts'
import { INSIDE, openEnds } from './ends.ts'

const TUN = 'wg0'

/** What is lost is sent again after so long at most: twice as long each time, for outages of a second. */
export const OUTCOME_WITHIN_MS = 10_000
/** What the cases say and hear inside. */
export const HELLO = 'hello'

/** @param clockRate so many seconds of the protocol pass in one */
export async function openTunnel(
  rig: Rig,
  pair: Pair,
  clockRate: number,
  row: 'vpn' | 'vpn-persistent' = 'vpn',
) {
  const ends = await openEnds(rig, pair, row, 0, { tun: TUN, clockRate })
  await setUp(rig, pair.a, INSIDE.a)
  await setUp(rig, pair.b, INSIDE.b)
  return {
    ...ends,
    /** The server anew, with its configuration and without its keys; its device and its address with it. */
    async startAgain() {
      await ends.startAgain()
      await setUp(rig, pair.b, INSIDE.b)
    },
  }
}

/** The device was made by the program; its address and the way to the other end are the system's own business. */
async function setUp(rig: Rig, host: Host, inside: string): Promise<void> {
  await rig.run(host, ['ip', 'addr', 'add', `${inside}/24`, 'dev', TUN])
  await rig.run(host, ['ip', 'link', 'set', TUN, 'mtu', String(MTU), 'up'])
}

/** A TCP connection between the two ends of the tunnel, over which either has said something. */
export function connectInside(rig: Rig, pair: Pair) {
  return greet(rig, pair, 'inner-tcp', INSIDE.b)
}

/** The same beside the tunnel, from address to address. */
export function connectBeside(rig: Rig, pair: Pair) {
  return greet(rig, pair, 'plain-tcp', pair.b.address)
}

async function greet(rig: Rig, { a, b }: Pair, row: string, at: string) {
  const listener = await rig.sockets(b, at).tcp.listen(row, { does: 'echo' })
  const client = await rig.sockets(a).tcp.connect(row, listener.at)
  await client.connected()
  await client.write(HELLO)
  await rig.untilEvent(a, 'tcp:received', { mechanism: row })
  await client.observe()
  return client
}

/** Whether a has heard so many echoes, or does within a time. */
export function echoed(
  rig: Rig,
  { a }: Pair,
  row: string,
  occurrence: number,
  withinMs: number,
): Promise<boolean> {
  return rig.came(rig.untilEvent(a, 'tcp:received', { mechanism: row, occurrence, withinMs }))
}

/** Both ends have said all that they owe each other: the last ACK inside was answered by an empty packet. */
export async function untilQuiet(rig: Rig, { a }: Pair, clockRate: number): Promise<void> {
  const withinMs = (2 * KEEPALIVE_TIMEOUT_MS) / clockRate + PATIENCE_MS
  await rig.untilEvent(a, 'vpn:keepalive_received', { mechanism: 'vpn', withinMs })
}

/**
 * How long after a moment TCP says again at most what it said first before: it waits twice as long after each try, so
 * the next comes before the whole time has passed again, and its first timeout (RFC 6298 section 5.5).
 * @param period from the first try until the tunnel takes what it is given
 */
export function saidAgain(end: End, { from, to }: Period): Span {
  const firstMs = end.last('kernel:tcp_info_read', { to: from })?.data.retransmissionTimeoutMs ?? Number.NaN
  return { minMs: 0, maxMs: to - from + firstMs }
}
