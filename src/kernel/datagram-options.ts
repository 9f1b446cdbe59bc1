/**
 * What a program may ask of its kernel about the size of its datagrams: ip(7), IP_MTU_DISCOVER and IP_MTU. Node
 * offers none of it.
 */
import type { Socket } from 'node:dgram'
import { libc, libcProblem } from './libc.ts'

/** Numbers from Linux's linux/in.h. */
const IPPROTO_IP = 0
const IP_MTU_DISCOVER = 10
const IP_MTU = 14
const IP_PMTUDISC_DONT = 0
const IP_PMTUDISC_DO = 2

/**
 * Whether datagrams must not be fragmented (RFC 1191: with the DF bit set, and EMSGSIZE for one larger than the
 * path is known to take) or may be, here and by any router. Unset, Linux does the first where a datagram fits
 * and the second where it does not.
 * @throws TypeError where the system cannot be told, or before the socket is bound
 */
export function setDontFragment(socket: Socket, dontFragment: boolean): void {
  const system = libc()
  if (system === null) throw new TypeError(`cannot set IP_MTU_DISCOVER: ${libcProblem()}`)
  const value = dontFragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT
  system.setsockopt(descriptor(socket), IPPROTO_IP, IP_MTU_DISCOVER, Buffer.from(Int32Array.of(value).buffer))
}

/**
 * The largest IP packet that the kernel believes to reach the peer of a connected socket without fragments:
 * the MTU of its own network card, until somebody tells it of a smaller one (RFC 1191). null where the
 * system does not say.
 */
export function pathMtuBytes(socket: Socket): number | null {
  const system = libc()
  if (system === null) return null
  const value = Buffer.alloc(4)
  system.getsockopt(descriptor(socket), IPPROTO_IP, IP_MTU, value)
  return value.readInt32LE()
}

/** Node keeps it behind a symbol. */
function descriptor(socket: Socket): number {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  const state = key && (socket as unknown as Record<symbol, { handle: { fd: number } | null }>)[key]
  if (!state?.handle || state.handle.fd < 0) throw new TypeError('cannot find the descriptor of a UDP socket')
  return state.handle.fd
}
