/** What an end of a telephone call's media says: the speech itself, in RTP, and the reports about it, in RTCP. */
import * as v from 'valibot'
import { count, ms, nothing, socketAddress, text } from './fields.ts'

export const mediaEvents = {
  /** Two ports are open, the even one for RTP. Nothing was sent, and nobody was asked. */
  'media:opened': v.strictObject({ local: socketAddress, reportsPort: count }),
  /** From now on it sends, 50 packets a second, to where the signalling said. Says nothing about who is there. */
  'media:started': v.strictObject({
    remote: socketAddress,
    ssrc: count,
    payloadType: count,
    sends: v.picklist(['tone', 'silence', 'file']),
  }),
  /** Packets in sequence came from a source that was not heard before. */
  'media:heard': v.strictObject({ ssrc: count, payloadType: count }),
  /** Nothing was heard for so long. Proves nothing: the way, this end's way or the other end may be at fault. */
  'media:silent': v.strictObject({ silentMs: ms }),
  /** Something was heard after all. */
  'media:heard_again': v.strictObject({ silentMs: ms }),
  /** A report was sent. That it arrives nobody knows. */
  'media:report_sent': v.strictObject({ sentPackets: count, lost: v.pipe(v.number(), v.safeInteger()) }),
  /** What the other end says it heard of us; null where it says nothing of us. */
  'media:report_received': v.strictObject({
    ssrc: count,
    fractionLost: v.nullable(count),
    lost: v.nullable(v.pipe(v.number(), v.safeInteger())),
    jitterMs: v.nullable(ms),
    roundTripMs: v.nullable(ms),
  }),
  /** A source says that it leaves. Anybody who knows its number can say so. */
  'media:bye_heard': v.strictObject({ ssrc: count, reason: v.nullable(text) }),
  /** Neither speech nor a report came from it for five intervals of reports (RFC 3550 6.3.5). Proves nothing. */
  'media:source_timed_out': v.strictObject({ ssrc: count, silentMs: ms }),
  /** Somebody else uses this end's number: it takes another (RFC 3550 8.2). */
  'media:collision': v.strictObject({ oldSsrc: count, newSsrc: count }),
  /** ICMP says that nobody has that port. `refusals`: since the last such line; it is told at most once a second. */
  'media:refused': v.strictObject({ code: text, port: v.picklist(['rtp', 'rtcp']), refusals: count }),
  /** This end was stopped for so long: it goes on with what is due now, and does not send the rest in a burst. */
  'media:skipped': v.strictObject({ packets: count }),
  /** The recording is as long as it may be: what comes now is heard, and not kept. */
  'media:recording_full': nothing,
  /** It ended, and said so in an RTCP BYE. */
  'media:stopped': v.strictObject({
    sent: count,
    received: count,
    lost: v.pipe(v.number(), v.safeInteger()),
    late: count,
    jitterMs: ms,
  }),
} as const
