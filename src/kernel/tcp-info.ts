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
  lastDataSent: 44, // milliseconds ago
  lastDataReceived: 52, // milliseconds ago
  lastAckReceived: 56, // milliseconds ago
  rtt: 68, // microseconds, smoothed (RFC 6298)
  bytesAcked: 120, // 64 bits
  bytesReceived: 128, // 64 bits
  segmentsOut: 136,
  segmentsIn: 140,
  dataSegmentsIn: 152,
  dataSegmentsOut: 156,
  recoveries: 242, // 16 bits
  recoveringTime: 244, // milliseconds
} as const
const NEEDED_BYTES = offsets.rtt + 4
/** Linux 4.2 counts segments, */
const SEGMENTS_BYTES = offsets.segmentsIn + 4
/** Linux 4.6 tells how many segments had data. */
const COUNTED_BYTES = offsets.dataSegmentsOut + 4
/** Linux 6.7 tells for how long timeouts were unanswered. */
const RECOVERY_BYTES = offsets.recoveringTime + 4

/** TCPI_OPT_SACK in linux/tcp.h. */
const OPTION_SACK = 2

/** As much as we ask for. */
export const TCP_INFO_BYTES = RECOVERY_BYTES

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
    ...(info.length < SEGMENTS_BYTES
      ? {}
      : {
          segmentsOut: readUInt32(info, offsets.segmentsOut),
          segmentsIn: readUInt32(info, offsets.segmentsIn),
        }),
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

/** How long ago the last data was sent; retransmissions and probes are none. null as {@link decodeTcpInfo}. */
export function decodeDataSentAgo(info: Buffer): number | null {
  return info.length < NEEDED_BYTES ? null : readUInt32(info, offsets.lastDataSent)
}

/**
 * How long ago the first of the retransmissions was sent that are unanswered now (tcp_update_rto_stats()); null where
 * that is not told: by an older kernel, or since there were others before, whose time is in the sum.
 */
export function decodeRecoveringMs(info: Buffer): number | null {
  if (info.length < RECOVERY_BYTES) return null
  const recoveries = new DataView(info.buffer, info.byteOffset).getUint16(offsets.recoveries, LITTLE_ENDIAN)
  return recoveries === 1 ? readUInt32(info, offsets.recoveringTime) : null
}

/** What was sent and received since a connection began; segments without data are not counted. */
export interface DataCounts {
  segmentsOut: number
  /** Acknowledged by the peer's kernel. */
  bytesOut: number
  segmentsIn: number
  bytesIn: number
}

/** null where the kernel does not count. */
export function decodeDataCounts(info: Buffer): DataCounts | null {
  if (info.length < COUNTED_BYTES) return null
  const view = new DataView(info.buffer, info.byteOffset)
  return {
    segmentsOut: readUInt32(info, offsets.dataSegmentsOut),
    bytesOut: Number(view.getBigUint64(offsets.bytesAcked, LITTLE_ENDIAN)),
    segmentsIn: readUInt32(info, offsets.dataSegmentsIn),
    bytesIn: Number(view.getBigUint64(offsets.bytesReceived, LITTLE_ENDIAN)),
  }
}

const LITTLE_ENDIAN = endianness() === 'LE'

function readUInt32(info: Buffer, offset: number): number {
  return new DataView(info.buffer, info.byteOffset).getUint32(offset, LITTLE_ENDIAN)
}
