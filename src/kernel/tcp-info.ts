/**
 * TCP_INFO: what the kernel tells about one connection (tcp(7), struct tcp_info in linux/tcp.h).
 *
 * The struct has only ever grown at its end, and getsockopt returns as much of it as kernel and caller
 * both know. So offsets are stable, and a length decides what can be read.
 */
import { endianness } from 'node:os'
import type { EventData } from '../events/vocabulary.ts'
import { tcpStateOfKernel } from './tcp-state.ts'

/** Offsets in bytes. Fields of one byte first, then 32 bits each, in the byte order of the machine. */
const offsets = {
  state: 0,
  retransmits: 2,
  probes: 3,
  backoff: 4,
  options: 5, // TCPI_OPT_*
  rto: 8, // microseconds
  unacked: 24, // segments
  lastDataReceived: 52, // milliseconds ago
  lastAckReceived: 56, // milliseconds ago
  rtt: 68, // microseconds, smoothed (RFC 6298)
} as const
const NEEDED_BYTES = offsets.rtt + 4

/** TCPI_OPT_SACK in linux/tcp.h. */
const OPTION_SACK = 2

/** As much as we ask for: the first 104 bytes are the same since Linux 2.6. */
export const TCP_INFO_BYTES = 104

/** What TCP_INFO says; null for a socket that is closed, or a struct too short to tell. */
export function decodeTcpInfo(info: Buffer): EventData<'kernel:tcp_info_read'> | null {
  if (info.length < NEEDED_BYTES) return null
  const state = tcpStateOfKernel(info.readUInt8(offsets.state))
  if (state === null) return null
  return {
    state,
    retransmissionTimeoutMs: readUInt32(info, offsets.rto) / 1000,
    roundTripMs: readUInt32(info, offsets.rtt) / 1000,
    unackedSegments: readUInt32(info, offsets.unacked),
    retransmits: info.readUInt8(offsets.retransmits),
    unansweredProbes: info.readUInt8(offsets.probes),
    backoff: info.readUInt8(offsets.backoff),
  }
}

/** Whether the peers agreed on selective acknowledgements (RFC 2018); null as {@link decodeTcpInfo}. */
export function decodeSack(info: Buffer): boolean | null {
  return info.length < NEEDED_BYTES ? null : (info.readUInt8(offsets.options) & OPTION_SACK) !== 0
}

/**
 * How long ago anything arrived, from which keepalive counts (keepalive_time_elapsed() in Linux); null as
 * {@link decodeTcpInfo}.
 */
export function decodeHeardAgo(info: Buffer): number | null {
  if (info.length < NEEDED_BYTES) return null
  return Math.min(readUInt32(info, offsets.lastDataReceived), readUInt32(info, offsets.lastAckReceived))
}

function readUInt32(info: Buffer, offset: number): number {
  return new DataView(info.buffer, info.byteOffset).getUint32(offset, endianness() === 'LE')
}
