/**
 * The options by which a program asks its kernel to notice that a peer no longer answers, and what the
 * kernel says about one connection.
 *
 * Node sets only the idle time of keepalive (before Node 24), and TCP_USER_TIMEOUT not at all; hence
 * setsockopt(2) on the descriptor, which Node keeps in an undocumented place.
 */
import type { Server, Socket } from 'node:net'
import type { Emitter } from '../events/emit.ts'
import type { EventData } from '../events/vocabulary.ts'
import { libc, libcProblem } from './libc.ts'
import {
  type DataCounts,
  decodeDataCounts,
  decodeDataSentAgo,
  decodeHeardAgo,
  decodeRecoveringMs,
  decodeSack,
  decodeTcpInfo,
  TCP_INFO_BYTES,
} from './tcp-info.ts'

/** tcp(7), socket(7): numbers from Linux's asm-generic/socket.h and linux/tcp.h. */
const SOL_SOCKET = 1
const SO_KEEPALIVE = 9
const SO_PROTOCOL = 38
const IPPROTO_TCP = 6
const IPPROTO_MPTCP = 262
const TCP_KEEPIDLE = 4 // seconds
const TCP_KEEPINTVL = 5 // seconds
const TCP_KEEPCNT = 6
const TCP_SYNCNT = 7
const TCP_INFO = 11
const TCP_USER_TIMEOUT = 18 // milliseconds
const TCP_RTO_MAX_MS = 44 // since Linux 6.15

export interface Keepalive {
  /** For how long nothing must arrive before the first probe. Whole seconds. */
  idleMs: number
  /** Between a probe and the next, while none is answered. Whole seconds. */
  intervalMs: number
  /** After this many unanswered ones the kernel gives up. */
  probes: number
}

/**
 * Lets the kernel probe an idle connection (RFC 9293 section 3.8.4). Where it cannot be told more than
 * Node tells it, only the idle time is as asked: Node 20 then sets 1 s between probes, and 10 of them.
 * @param socket a listener's settings are those of what it accepts
 * @throws RangeError for times that the kernel cannot hold
 */
export function applyKeepalive(socket: Socket | Server, { idleMs, intervalMs, probes }: Keepalive): void {
  const idleSeconds = wholeSeconds('idleMs', idleMs)
  const intervalSeconds = wholeSeconds('intervalMs', intervalMs)
  if (libc() === null) {
    if ('setKeepAlive' in socket) socket.setKeepAlive(true, idleMs)
    return
  }
  const fd = descriptor(socket)
  if (fd === null) return
  setNumber(fd, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds)
  setNumber(fd, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds)
  setNumber(fd, IPPROTO_TCP, TCP_KEEPCNT, probes)
  setNumber(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
}

/** Whether {@link applyUserTimeout} works on this machine. */
export function canSetUserTimeout(): boolean {
  return libc() !== null
}

/**
 * Lets the kernel give up after `ms` without an answer (RFC 5482) instead of after a number of
 * retransmissions or probes. Alone it does nothing on an idle connection, which expects no answer.
 * @throws TypeError where the system has no such option: see {@link canSetUserTimeout}
 */
export function applyUserTimeout(socket: Socket | Server, ms: number): void {
  if (libc() === null) throw new TypeError(`cannot set TCP_USER_TIMEOUT: ${libcProblem()}`)
  const fd = descriptor(socket)
  if (fd !== null) setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms)
}

/**
 * Logs what the kernel says about this connection; nothing where it cannot be asked, or is gone.
 * @param remote the other end: a socket that is still connecting does not tell
 * @returns TCP_INFO, null where nothing was logged
 */
export function observeTcp(
  socket: Socket,
  emit: Emitter,
  groupId: string,
  remote = socketAddress(socket.remoteAddress, socket.remotePort),
): EventData<'kernel:tcp_info_read'> | null {
  const fd = descriptorOf(socket)
  const read = fd === null ? null : readTcp(fd)
  if (read === null) return null
  const local = socketAddress(socket.localAddress, socket.localPort)
  emit('kernel:options_read', { local, remote, ...read.options }, groupId)
  emit('kernel:tcp_info_read', read.info, groupId)
  return read.info
}

/** How a socket is set. */
export type TcpOptions = Omit<EventData<'kernel:options_read'>, 'local' | 'remote'>

export interface TcpReading {
  options: TcpOptions
  info: EventData<'kernel:tcp_info_read'>
  /** The peers agreed on selective acknowledgements. */
  sack: boolean
  /** How long ago something last arrived. */
  heardAgoMs: number
  /** How long ago data was last sent. */
  dataSentAgoMs: number
  /** How long ago the first unanswered retransmission was sent; null where the kernel does not tell. */
  recoveringMs: number | null
  /** null where the kernel does not count. */
  data: DataCounts | null
  /** Multipath TCP (RFC 8684): what is read is of its first subflow. */
  multipath: boolean
  /** Of SYN-SENT, TCP_SYNCNT: the socket's own, or net.ipv4.tcp_syn_retries; null where that is not told, or is over. */
  synRetries: number | null
  /** TCP_RTO_MAX_MS: the socket's own, or net.ipv4.tcp_rto_max_ms; null where the kernel has no such limit to set. */
  rtoMaxMs: number | null
}

/** Filled and read again at once; thousands of sockets are read in a row. */
const infoBuffer = Buffer.alloc(TCP_INFO_BYTES)
const numberView = new Int32Array(1)
const numberBuffer = Buffer.from(numberView.buffer)

/**
 * Options and TCP_INFO of a descriptor of this process. Reading changes nothing.
 * @returns null where the kernel cannot be asked, has closed the connection, or the descriptor is not of TCP
 */
export function readTcp(fd: number): TcpReading | null {
  const system = libc()
  if (system === null) return null
  try {
    const bytes = infoBuffer.subarray(0, system.getsockopt(fd, IPPROTO_TCP, TCP_INFO, infoBuffer))
    const info = decodeTcpInfo(bytes)
    if (info === null) return null
    const userTimeoutMs = getNumberOrNull(fd, TCP_USER_TIMEOUT)
    return {
      options: {
        keepalive: getNumber(fd, SOL_SOCKET, SO_KEEPALIVE) !== 0,
        keepaliveIdleMs: getNumber(fd, IPPROTO_TCP, TCP_KEEPIDLE) * 1000,
        keepaliveIntervalMs: getNumber(fd, IPPROTO_TCP, TCP_KEEPINTVL) * 1000,
        keepaliveProbes: getNumber(fd, IPPROTO_TCP, TCP_KEEPCNT),
        userTimeoutMs: userTimeoutMs ?? 0,
      },
      info,
      sack: decodeSack(bytes) ?? false,
      heardAgoMs: decodeHeardAgo(bytes) ?? 0,
      dataSentAgoMs: decodeDataSentAgo(bytes) ?? 0,
      recoveringMs: decodeRecoveringMs(bytes),
      data: decodeDataCounts(bytes),
      // It has some of the options of TCP, and not this one.
      multipath: userTimeoutMs === null && getNumber(fd, SOL_SOCKET, SO_PROTOCOL) === IPPROTO_MPTCP,
      // It decides nothing later.
      synRetries: info.state === 'SYN-SENT' ? getNumberOrNull(fd, TCP_SYNCNT) : null,
      rtoMaxMs: getNumberOrNull(fd, TCP_RTO_MAX_MS),
    }
  } catch {
    // EBADF, ENOPROTOOPT: no descriptor any more, or of something else.
    return null
  }
}

/** null where this kernel, or this kind of TCP, has no such option. */
function getNumberOrNull(fd: number, option: number): number | null {
  try {
    return getNumber(fd, IPPROTO_TCP, option)
  } catch {
    return null
  }
}

function getNumber(fd: number, level: number, option: number): number {
  libc()?.getsockopt(fd, level, option, numberBuffer)
  return numberView[0] ?? 0
}

function setNumber(fd: number, level: number, option: number, value: number): void {
  libc()?.setsockopt(fd, level, option, Buffer.from(Int32Array.of(value).buffer))
}

/**
 * The descriptor of a socket; null when it is gone already, which can happen at any moment.
 * @throws TypeError before the kernel was asked to connect: until then it has no socket to set anything on
 */
function descriptor(socket: Socket | Server): number | null {
  const fd = descriptorOf(socket)
  if (fd === null && 'connecting' in socket && socket.connecting) {
    throw new TypeError('cannot set options of a socket that has not begun to connect')
  }
  return fd
}

function descriptorOf(socket: Socket | Server): number | null {
  const { _handle: handle } = socket as { _handle?: { fd: number } | null }
  return handle && handle.fd >= 0 ? handle.fd : null
}

function wholeSeconds(name: string, ms: number): number {
  // The option counts seconds. Rounding in silence would make every prediction wrong.
  if (!Number.isInteger(ms / 1000) || ms < 1000) {
    throw new RangeError(`cannot set keepalive: "${name}" must be whole seconds, is ${ms} ms`)
  }
  return ms / 1000
}

/** As the socket table has it: a server on :: sees IPv4 clients as ::ffff:10.0.1.2. */
function socketAddress(address = '?', port = 0): string {
  return `${address.replace(/^::ffff:/, '')}:${port}`
}
