/**
 * The media of one call: what two people say, in RTP over UDP, on ports of its own beside the signalling.
 *
 *     tone or file --> G.711 --> RTP, 50 a second --> UDP socket (even port)
 *     recording, meter <-- G.711 <-- jitter buffer <-- RTP <-- the same
 *     reports both ways, some seconds apart: RTCP, on the port after it
 *
 * What is heard comes from the very address and port to which this end sends, which the signalling named: RFC 4961, as
 * nearly all telephones have it. Whoever sends from another port is not heard, and behind a router without help that is
 * everybody; but to follow whoever speaks first ("latching") would hand the call to any stranger (RFC 7362 section 5).
 *
 * No connection: that packets leave says nothing about who is there. What tells something is what comes back: speech,
 * reports, a BYE, or an ICMP message that nobody has that port.
 */
import { randomInt } from 'node:crypto'
import type { Socket } from 'node:dgram'
import type { Emitter } from '../../events/emit.ts'
import { UsageError } from '../../foreign/usage.ts'
import { placeText } from '../../protocols/ip-address.ts'
import { SAMPLES_PER_PACKET } from '../../protocols/rtp/constants.ts'
import type { JitterCounts } from '../../protocols/rtp/jitter-buffer.ts'
import { readRtp, writeRtp } from '../../protocols/rtp/packet.ts'
import type { Direction } from '../../protocols/sdp/description.ts'
import { hears, sends } from '../../protocols/sdp/negotiation.ts'
import { isStun, readStun, writeBindingSuccess } from '../../protocols/stun/message.ts'
import { openEar } from './ear.ts'
import { Lateness } from './lateness.ts'
import { type Beat, startMediaClock } from './media-clock.ts'
import { MediaReports } from './media-reports.ts'
import { openPortPair } from './port-pair.ts'
import { watchRefusals } from './refusals.ts'
import { lawOf, type Speech, type SpeechName, speechOf } from './speech.ts'
import { closeUdp, connectUdp } from './udp-socket.ts'

const NOWHERE = '0.0.0.0'
/** A hundred packets missing are no accident of the wire. It is only told: what to do about it is the caller's. */
const SILENT_AFTER_MS = 2_000

export interface MediaOptions {
  /** This end's own. */
  address: string
  /** Even; any free one where left out. */
  port?: number | undefined
  /** Of the events: the call that this is the media of. */
  groupId: string
  /** A WAV file, written anew. */
  recordTo?: string | undefined
  /** After so long without a packet `media:silent` is told; once, until something is heard again. */
  silentAfterMs?: number | undefined
  /** Least time between two reports (RFC 3550: 5 s; a session may choose a shorter one, and then all its ends must). */
  reportEveryMs?: number | undefined
}

export interface MediaTarget {
  remoteAddress: string
  remotePort: number
  /** 0: G.711 u-law, 8: A-law. */
  payloadType: number
  /** On hold (`recvonly`, `inactive`) nothing is said but reports (RFC 3264 8.4); where nothing is awaited, no silence is told. */
  direction: Direction
  send: SpeechName
}

export interface MediaStatistics {
  /** RTP packets that send() took. */
  sent: number
  /** Of the source that is heard, by its numbers: RFC 3550 A.3. */
  received: number
  lost: number
  jitterMs: number
  /** Of all that arrived: what was no RTP, of an unknown source, or in no code that is known here. */
  ignored: number
  buffer: Readonly<JitterCounts>
  /** ICMP messages that nobody has the port. */
  refusals: number
  skipped: number
  /** Of an RTCP report that answered ours; null: none yet. */
  roundTripMs: number | null
  /** Behind its beat of 20 ms: what this end adds to the jitter. */
  sendLateMs: { p50: number; p99: number; max: number }
  /** -Infinity: silence. See level-meter.ts. */
  levelDbfs: number
  toneHz: number | null
}

export interface CallMedia {
  readonly localPort: number
  /**
   * Sends from now on, and hears only this address and port. Again: goes on with another target (a re-INVITE).
   * @throws UsageError where the payload type is unknown, or the WAV file cannot be sent
   */
  start(target: MediaTarget): Promise<void>
  /** Says BYE, closes the ports and the recording. A second call does nothing. */
  stop(): Promise<void>
  statistics(): MediaStatistics
}

/**
 * Opens the ports: what they are is told to the other end by the signalling, before anything is sent.
 * @throws UsageError for an odd port; Error where it is taken or the recording cannot be written
 */
export async function openMedia(options: MediaOptions, emit: Emitter): Promise<CallMedia> {
  const { address, groupId, silentAfterMs = SILENT_AFTER_MS } = options
  const { rtp, rtcp, port } = await openPortPair(address, options.port)
  const tell: Emitter = (name, data) => emit(name, data, groupId)
  const ear = openEarOrClose()
  const reports = new MediaReports({ tell, leastMs: options.reportEveryMs, send: sendReport })
  const sendLate = new Lateness()
  const refusals = watchRefusals(tell)
  const firstSequence = randomInt(2 ** 16)
  const firstTimestamp = randomInt(2 ** 32)

  let speech: Speech | null = null
  let target: MediaTarget | null = null
  let [sent, sentBytes, skipped, ignored] = [0, 0, 0, 0]
  let isAfterSilence = true
  let heardAtMs = Infinity
  let isSilent = false
  let stopping: Promise<void> | null = null

  function openEarOrClose() {
    try {
      return openEar(options.recordTo)
    } catch (error) {
      rtp.close()
      rtcp.close()
      throw new UsageError(`cannot record to "${options.recordTo}": ${(error as Error).message}`)
    }
  }

  rtp.on('message', (bytes, from) => {
    // Before it is known from where: anybody.
    if (target === null) return
    if (isStun(bytes)) return answerStun(bytes, from)
    const nowMs = performance.now()
    const packet = readRtp(bytes)
    if (packet === null || !reports.heard(packet, nowMs)) ignored += 1
    else if (ear.take(packet, nowMs)) noteHeard(nowMs)
    else ignored += 1
  })
  rtcp.on('message', (bytes) => reports.receive(bytes, performance.now()))
  rtp.on('error', (error) => refusals.note('rtp', error))
  rtcp.on('error', (error) => refusals.note('rtcp', error))
  const stopClock = startMediaClock(onBeat)
  tell('media:opened', { local: placeText(address, port), reportsPort: port + 1 })

  function onBeat({ number, skipped: justSkipped, lateMs }: Beat): void {
    const nowMs = performance.now()
    if (ear.hear(nowMs)) tell('media:recording_full', {})
    if (speech === null || target === null) return
    if (sends(target.direction)) {
      if (justSkipped > 0) noteSkipped(justSkipped)
      sendLate.add(lateMs)
      sendSpeech(speech.next(), number)
    } else isAfterSilence = true
    if (hears(target.direction)) noteSilence(nowMs)
    reports.beat({ packets: sent, bytes: sentBytes, timestamp: timestampOf(number) }, nowMs)
  }

  const timestampOf = (beat: number) => (firstTimestamp + beat * SAMPLES_PER_PACKET) % 2 ** 32

  function sendSpeech(payload: Buffer, beat: number): void {
    const packet = writeRtp({
      payloadType: target?.payloadType ?? 0,
      sequence: (firstSequence + sent) % 2 ** 16,
      timestamp: timestampOf(beat),
      ssrc: reports.ssrc,
      marker: isAfterSilence,
      payload,
    })
    isAfterSilence = false
    sent += 1
    sentBytes += payload.length
    rtp.send(packet, (error) => error && refusals.note('rtp', error))
  }

  function sendReport(compound: Buffer): void {
    if (target !== null) rtcp.send(compound, (error) => error && refusals.note('rtcp', error))
  }

  /** Only to the end that the signalling named: an answer is longer than a question, and anybody can ask in another's name. */
  function answerStun(bytes: Buffer, from: { address: string; port: number }): void {
    const message = readStun(bytes)
    if (target === null || message?.kind !== 'binding-request' || message.unknown.length > 0) return
    rtp.send(writeBindingSuccess(message.transaction, from), (error) => error && refusals.note('rtp', error))
  }

  function noteSkipped(packets: number): void {
    skipped += packets
    isAfterSilence = true
    tell('media:skipped', { packets })
  }

  function noteHeard(nowMs: number): void {
    if (isSilent) tell('media:heard_again', { silentMs: Math.round(nowMs - heardAtMs) })
    isSilent = false
    heardAtMs = nowMs
  }

  function noteSilence(nowMs: number): void {
    if (isSilent || nowMs - heardAtMs < silentAfterMs) return
    isSilent = true
    tell('media:silent', { silentMs: Math.round(nowMs - heardAtMs) })
  }

  async function connectBoth({ remoteAddress: host, remotePort }: MediaTarget): Promise<void> {
    // Before RFC 3264 it meant "on hold"; to connect there would be to speak to oneself.
    if (host === NOWHERE) return
    if (target !== null) for (const socket of [rtp, rtcp]) socket.disconnect()
    await connectUdp(rtp, { host, port: remotePort })
    await connectUdp(rtcp, { host, port: remotePort + 1 })
  }

  async function end(): Promise<void> {
    stopClock()
    const { reception } = reports
    const farewell = reports.bye(performance.now())
    if (farewell !== null) await sendLast(rtcp, farewell)
    await Promise.all([closeUdp(rtp), closeUdp(rtcp)])
    ear.close()
    refusals.close()
    tell('media:stopped', {
      sent,
      received: reception?.received ?? 0,
      lost: reception?.lost ?? 0,
      late: ear.counts.late,
      jitterMs: reception?.jitterMs ?? 0,
    })
  }

  return {
    localPort: port,
    async start(next) {
      const law = lawOf(next.payloadType)
      if (law === null)
        throw new UsageError(`payload type ${next.payloadType} is neither 0 (u-law) nor 8 (A-law)`)
      if (stopping !== null) return
      const nextSpeech = speechOf(next.send, law)
      await connectBoth(next)
      if (stopping !== null) return
      // Who was never anywhere is not reported to either.
      target = next.remoteAddress === NOWHERE ? target && { ...target, direction: next.direction } : next
      heardAtMs = performance.now()
      isSilent = false
      isAfterSilence = true
      speech = nextSpeech
      reports.start(heardAtMs)
      tell('media:started', {
        remote: placeText(next.remoteAddress, next.remotePort),
        ssrc: reports.ssrc,
        payloadType: next.payloadType,
        sends: nextSpeech.kind,
      })
    },
    stop() {
      stopping ??= end()
      return stopping
    },
    statistics: () => ({
      sent,
      received: reports.reception?.received ?? 0,
      lost: reports.reception?.lost ?? 0,
      jitterMs: reports.reception?.jitterMs ?? 0,
      ignored,
      buffer: { ...ear.counts },
      refusals: refusals.count,
      skipped,
      roundTripMs: reports.roundTripMs,
      sendLateMs: { p50: sendLate.percentileMs(0.5), p99: sendLate.percentileMs(0.99), max: sendLate.maxMs },
      levelDbfs: ear.levelDbfs(),
      toneHz: ear.toneHz(),
    }),
  }
}

/** Before its socket is closed: what was not handed to the kernel by then is never sent. A refusal tells nothing new. */
function sendLast(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.send(bytes, () => resolve()))
}
