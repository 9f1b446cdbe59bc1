/** A few words on what a packet carries, for the arrow that stands for it. */
import { webSocketOpcodes } from './constants.ts'
import type { Packet } from './packet.ts'

/** What fits on an arrow. */
const LABEL_LENGTH_MAX = 40

/** Undefined when there is nothing to read. Whoever sent the packet chose the words. */
export function labelOf(packet: Packet): string | undefined {
  if (packet.protocol === 'other') return undefined
  if (packet.protocol === 'fragment') return `from byte ${packet.offsetBytes}`
  if (packet.protocol === 'icmp') return packet.words
  if (packet.protocol === 'arp') {
    return packet.isRequest ? `who has ${packet.destination}?` : `${packet.source} is at ${packet.senderMac}`
  }
  return webSocketLabel(packet.payload, packet.bytes) ?? textLabel(packet.payload)
}

/** The first line when all of it can be printed. Of HTTP (RFC 9112) the part that differs. */
function textLabel(payload: Buffer): string | undefined {
  const [line = ''] = payload.toString('latin1').split(/\r?\n/, 1)
  if (line === '' || /[^\x20-\x7e]/.test(line)) return undefined
  const request = /^([A-Z]+ \S+) HTTP\/1\.[01]$/.exec(line)?.[1]
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1]
  return (request ?? status ?? line).slice(0, LABEL_LENGTH_MAX)
}

/**
 * A payload that is exactly one short WebSocket frame (RFC 6455 section 5.2): no printable text begins
 * with a byte that has its FIN bit set, and the length must fit, so a mistake is unlikely.
 */
function webSocketLabel(payload: Buffer, bytes: number): string | undefined {
  const [first, second] = payload
  if (first === undefined || second === undefined || (first & 0xf0) !== 0x80) return undefined
  const maskBytes = (second & 0x80) === 0 ? 0 : 4
  if (bytes !== 2 + maskBytes + (second & 0x7f)) return undefined
  const name = webSocketOpcodes[first & 0x0f]
  return name === undefined ? undefined : `ws ${name}`
}
