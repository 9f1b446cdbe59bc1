/** A few words on what a packet carries, for the arrow that stands for it. */
import { webSocketOpcodes } from './constants.ts'
import type { Packet } from './packet.ts'

/** What fits on an arrow. */
const LABEL_LENGTH_MAX = 40

/** No method that anybody uses is longer. */
const METHOD_LENGTH_MAX = 16

/** Undefined when there is nothing to read. Whoever sent the packet chose the words. */
export function labelOf(packet: Packet): string | undefined {
  if (packet.protocol === 'other') return undefined
  if (packet.protocol === 'fragment') return `from byte ${packet.offsetBytes}`
  if (packet.protocol === 'icmp') return packet.words
  if (packet.protocol === 'arp') {
    return packet.isRequest ? `who has ${packet.destination}?` : `${packet.source} is at ${packet.senderMac}`
  }
  return (
    stunLabel(packet.payload) ??
    webSocketLabel(packet.payload, packet.bytes) ??
    sipLabel(packet.payload) ??
    textLabel(packet.payload)
  )
}

/** The four classes of a STUN message, by the two bits that say so (RFC 8489 section 5). */
const stunClasses: Readonly<Record<number, string>> = {
  0: 'STUN request',
  16: 'STUN indication',
  256: 'STUN answer',
  272: 'STUN error',
}
const STUN_CLASS = 0x0110
const STUN_HEADER_BYTES = 20
const MAGIC_COOKIE = 0x2112a442
const MAGIC_COOKIE_AT = 4

/** Of STUN, which may come at any port beside something else: it is told by a number in its header. */
function stunLabel(payload: Buffer): string | undefined {
  if (payload.length < STUN_HEADER_BYTES || payload.readUInt32BE(MAGIC_COOKIE_AT) !== MAGIC_COOKIE)
    return undefined
  return stunClasses[payload.readUInt16BE(0) & STUN_CLASS]
}

/**
 * Of SIP (RFC 3261 section 7) what is asked of whom, or the answer and what it answers: `200 OK (INVITE)`. That is in
 * another line than the first.
 */
function sipLabel(payload: Buffer): string | undefined {
  const text = payload.toString('latin1')
  const request = /^([A-Z]+ sips?:[\x21-\x7e]+) SIP\/2\.0\r?\n/.exec(text)?.[1]
  const status = /^SIP\/2\.0 (\d{3}[\x20-\x7e]*)\r?\n/.exec(text)?.[1]
  if (status === undefined) return request?.slice(0, LABEL_LENGTH_MAX)
  const answered = /\ncseq[ \t]*:[ \t]*\d+[ \t]+([A-Z]+)\r?\n/i.exec(text)?.[1]
  if (answered === undefined) return status.slice(0, LABEL_LENGTH_MAX)
  const what = ` (${answered.slice(0, METHOD_LENGTH_MAX)})`
  return `${status.slice(0, LABEL_LENGTH_MAX - what.length)}${what}`
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
