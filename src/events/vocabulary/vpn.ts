/** What an end of a VPN says: of its handshakes, its keys, and where its peer is. Never a key, never what is inside. */
import * as v from 'valibot'
import { count, nothing, socketAddress, text } from './fields.ts'

/** Why a datagram was dropped: src/protocols/wireguard/device.ts says what each means. */
export const vpnRefusals = [
  'no-message',
  'mac1',
  'no-cookie',
  'too-many',
  'unknown-peer',
  'unknown-index',
  'not-authentic',
  'replayed',
  'flood',
  'no-packet',
  'not-allowed',
] as const

export const vpnEvents = {
  /** Its socket and what is inside are there; nothing was sent. `publicKey` is what others may know. */
  'vpn:opened': v.strictObject({
    local: socketAddress,
    publicKey: text,
    inside: v.array(text),
    mtuBytes: count,
  }),
  /** First or second message of a handshake. That it arrived nobody knows. */
  'vpn:handshake_sent': v.strictObject({
    message: v.picklist(['initiation', 'response']),
    remote: socketAddress,
  }),
  /** This end has keys. The other may not: the responder has them before its answer has arrived. */
  'vpn:session_made': v.strictObject({ role: v.picklist(['initiator', 'responder']) }),
  /** The initiator has spoken in the new keys: now the responder knows that both have them. */
  'vpn:session_confirmed': nothing,
  /** An empty packet: it says that this end is there, and is not answered. */
  'vpn:keepalive_sent': nothing,
  'vpn:keepalive_received': nothing,
  /** A packet from inside was encrypted and sent, or arrived and was authentic. `bytes`: the packet, without padding. */
  'vpn:packet_sent': v.strictObject({ bytes: count }),
  'vpn:packet_received': v.strictObject({ bytes: count }),
  /** An authentic packet came from another place than the last: answers go there from now on. */
  'vpn:roamed': v.strictObject({ from: v.optional(socketAddress), to: socketAddress }),
  /** Too many handshakes: whoever sent this one has to show that it receives at its address. */
  'vpn:cookie_sent': v.strictObject({ remote: socketAddress }),
  'vpn:cookie_received': nothing,
  /** Dropped. Its sender is told nothing, and may be anybody. */
  'vpn:refused': v.strictObject({ because: v.picklist(vpnRefusals), remote: socketAddress }),
  /** Nobody answered for a minute and a half: it asks no more until there is something to say. Proves nothing. */
  'vpn:gave_up': nothing,
  /** Nobody made new keys for nine minutes: the old ones are no more. */
  'vpn:keys_erased': nothing,
  /** The host inside was asked for an echo, asked for one, or got one. */
  'vpn:ping_sent': v.strictObject({ to: text, number: count }),
  'vpn:ping_answered': v.strictObject({
    from: text,
    number: count,
    roundTripMs: v.pipe(v.number(), v.minValue(0)),
  }),
} as const
