/** What should be seen, as functions of what is in force. Pure. */

/** Two addresses and a type (IEEE 802.3). Preamble and check sequence come on top, and no program sees them. */
export const ETHERNET_BYTES = 14
/** Preamble and start delimiter, check sequence, gap (IEEE 802.3 sections 3.2 and 4.4.2): no program sees them. */
export const AROUND_BYTES = 8 + 4 + 12
/** Without options (RFC 791 section 3.1). */
export const IP_BYTES = 20
const UDP_BYTES = 8
/** Without options (RFC 9293 section 3.1). */
const TCP_BYTES = 20
/** Ten bytes, and two of padding (RFC 7323 appendix A). */
const TIMESTAMPS_BYTES = 12

/**
 * A TCP header in the middle of a connection.
 * @param timestamps the sysctl `tcp_timestamps` of its sender: 0 is off
 */
export function tcpHeaderBytes(timestamps: number): number {
  return TCP_BYTES + (timestamps > 0 ? TIMESTAMPS_BYTES : 0)
}

/** What of a full frame is left for the user of a TCP connection. */
export function leftBytes(mtuBytes: number, timestamps: number): number {
  return mtuBytes - IP_BYTES - tcpHeaderBytes(timestamps)
}

/** What of a full frame is left for IP, for TCP, and for its user. */
export function eachLayer(mtuBytes: number, timestamps: number): [number, number, number] {
  return [mtuBytes, mtuBytes - IP_BYTES, leftBytes(mtuBytes, timestamps)]
}

/**
 * Into how many packets IP cuts a datagram of UDP: all but the last carry whole units of eight bytes behind their IP
 * header (RFC 791 section 3.2).
 */
export function piecesOf(bytes: number, mtuBytes: number): number {
  const room = mtuBytes - IP_BYTES
  if (bytes + UDP_BYTES <= room) return 1
  return Math.ceil((bytes + UDP_BYTES) / (room - (room % 8)))
}

/** The headers of each frame of a TCP connection. */
export function headersBytes(timestamps: number): number {
  return ETHERNET_BYTES + IP_BYTES + tcpHeaderBytes(timestamps)
}
