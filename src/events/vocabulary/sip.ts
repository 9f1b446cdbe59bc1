/** What telephones and registrars say: of messages, calls, registrations. None of it proves that somebody is there now. */
import * as v from 'valibot'
import { count, nothing, socketAddress, text } from './fields.ts'

export const sipRefusedProofs = ['wrong', 'replayed', 'stale', 'not-ours', 'unknown-user', 'missing'] as const

export const sipEvents = {
  /** It can be called here; nobody was told. */
  'sip:opened': v.strictObject({ local: socketAddress, transport: v.picklist(['udp', 'tcp']), user: text }),
  /** `message` as in `INVITE`, `200 INVITE`. `again`: so often it was sent before. That it arrived nobody knows. */
  'sip:sent': v.strictObject({ message: text, remote: socketAddress, again: count }),
  'sip:received': v.strictObject({ message: text, remote: socketAddress }),
  /** RFC 3261 section 17: of one request with its answers, between two neighbours. */
  'sip:transaction_updated': v.strictObject({
    kind: v.picklist(['invite-client', 'client', 'invite-server', 'server']),
    old: text,
    new: text,
    trigger: text,
  }),
  /** What this end takes its call for. */
  'sip:call_updated': v.strictObject({ old: text, new: text, trigger: text }),
  'sip:call_incoming': v.strictObject({ from: text }),
  /** Offer and answer have met: speech goes there, from now on or anew. */
  'sip:media_agreed': v.strictObject({ remote: socketAddress, payloadType: count, direction: text }),
  /** `bye`: the other said so. All else this end decided by itself; the other may not know. */
  'sip:call_ended': v.strictObject({
    because: v.picklist(['bye', 'hung-up', 'cancelled', 'expired', 'never-acknowledged', 'refresh-failed']),
  }),
  /** It never came to a call. */
  'sip:call_failed': v.strictObject({
    because: v.picklist(['refused', 'no-answer', 'unreachable', 'no-common-code', 'cancelled']),
    status: v.optional(count),
  }),
  /** RFC 4028: one end says again and again that it is there; without that the other ends the call. */
  'sip:session_agreed': v.strictObject({ seconds: count, isRefresher: v.boolean() }),
  'sip:session_refreshed': nothing,
  'sip:session_expired': nothing,
  /** The registrar knows where it is, for so long; whether that is still true when somebody calls nobody knows. */
  'sip:registered': v.strictObject({ seconds: count }),
  'sip:unregistered': nothing,
  /** Refused with this status, or no answer at all. */
  'sip:registration_lost': v.strictObject({ status: v.optional(count) }),
  /** RFC 5626: two empty lines over a connection, which ask for one back; over UDP a STUN question. */
  'sip:keepalive_sent': nothing,
  /** `seen`: from where the question came, as STUN's answer has it. */
  'sip:keepalive_answered': v.strictObject({ seen: v.optional(socketAddress) }),
  /** Over UDP: nobody answered, however often it was sent. */
  'sip:keepalive_missed': nothing,
  /** A router in between shows it as somebody else now: it registers again. */
  'sip:mapping_changed': v.strictObject({ old: socketAddress, new: socketAddress }),
  /** A message was not taken. `status`: what its sender was told. */
  'sip:refused': v.strictObject({ because: text, status: v.optional(count), remote: socketAddress }),
  /** The registrar's: this user is called there, so long. */
  'sip:binding_added': v.strictObject({ user: text, contact: text, seconds: count, remote: socketAddress }),
  'sip:binding_removed': v.strictObject({
    user: text,
    contact: text,
    because: v.picklist(['asked', 'expired']),
  }),
  /** Who wanted to register did not show that it knows the password; it may ask again. */
  'sip:proof_refused': v.strictObject({
    user: text,
    because: v.picklist(sipRefusedProofs),
    remote: socketAddress,
  }),
} as const
