/**
 * Who is heard in a call's media, and what the ends tell each other about it (RTCP).
 *
 *     source: unheard --two packets in sequence--> heard --BYE, or silent for five intervals--> gone
 *
 * Gone is not dead: when it speaks again it is heard again.
 */
import { randomBytes, randomInt } from 'node:crypto'
import type { Emitter } from '../../events/emit.ts'
import {
  REPORT_INTERVAL_MS_MIN,
  SAMPLES_PER_SECOND,
  SENDER_TIMEOUT_INTERVALS,
} from '../../protocols/rtp/constants.ts'
import type { RtpPacket } from '../../protocols/rtp/packet.ts'
import { Reception } from '../../protocols/rtp/reception.ts'
import {
  compactOf,
  type RtcpPacket,
  readRtcp,
  roundTripMs,
  type SenderInfo,
  writeBye,
  writeName,
  writeReport,
} from '../../protocols/rtp/rtcp.ts'
import { RtcpTiming, type Session } from '../../protocols/rtp/rtcp-timing.ts'

/** A call has two ends; a peer that starts again has another number. What is beyond is not heard. */
const SOURCES_MAX = 8
/** Whoever sends our own packets back to us collides with every number that we take. */
const COLLISIONS_MAX = 5
/** RFC 3550 6.3.3 counts what the network carries. */
const UDP_IPV4_BYTES = 28
/** RFC 7022 4.2: random, so that it tells nothing of who this is. */
const NAME_BYTES = 12
/** Timeouts are of seconds. */
const LOOK_EVERY_MS = 250

interface Source {
  ssrc: number
  reception: Reception
  /** Anything, RTP or RTCP. */
  lastMs: number
  lastRtpMs: number
  isGone: boolean
  /** The middle of its last SR's time, and when it came. */
  lastReport: number
  lastReportAtMs: number
}

/** Since the beginning, and the timestamp of what is said at this moment. */
export type SentSoFar = Pick<SenderInfo, 'packets' | 'bytes' | 'timestamp'>

export interface ReportsOptions {
  tell: Emitter
  leastMs?: number | undefined
  send(compound: Buffer): void
}

export class MediaReports {
  readonly #options: ReportsOptions
  readonly #name = randomBytes(NAME_BYTES).toString('base64')
  readonly #sources = new Map<number, Source>()
  #ssrc = randomInt(2 ** 32)
  #collisions = 0
  #current: Source | null = null
  #timing: RtcpTiming | null = null
  #roundTripMs: number | null = null
  #lookAtMs = 0
  #sent: SentSoFar & { atMs: number } = { packets: 0, bytes: 0, timestamp: 0, atMs: 0 }
  #spokeAtMs = -Infinity
  /** What was sent under an earlier number is not counted under this one. */
  #earlier = { packets: 0, bytes: 0 }

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  get ssrc(): number {
    return this.#ssrc
  }

  /** Of the source that is heard. */
  get reception(): Reception | null {
    return this.#current?.reception ?? null
  }

  get roundTripMs(): number | null {
    return this.#roundTripMs
  }

  /** The first report comes after half an interval, at random (RFC 3550 6.2). */
  start(nowMs: number): void {
    this.#timing ??= new RtcpTiming(this.#session(), nowMs, Math.random, this.#options.leastMs)
  }

  /** @returns whether this is to be heard: from a source that has shown two packets in sequence */
  heard(packet: RtpPacket, nowMs: number): boolean {
    if (packet.ssrc === this.#ssrc) {
      this.#collide()
      return false
    }
    const source = this.#sourceOf(packet, nowMs)
    if (source === null) return false
    const wasValid = source.reception.isValid
    const counts = source.reception.accept(packet.sequence, packet.timestamp, nowMs)
    source.lastMs = nowMs
    source.lastRtpMs = nowMs
    if (!counts) return false
    if (!wasValid || source.isGone) {
      source.isGone = false
      this.#current = source
      this.#options.tell('media:heard', { ssrc: source.ssrc, payloadType: packet.payloadType })
    }
    return source === this.#current
  }

  #sourceOf({ ssrc, sequence }: RtpPacket, nowMs: number): Source | null {
    const known = this.#sources.get(ssrc)
    if (known !== undefined) return known
    if (!this.#makeRoom()) return null
    const source = {
      ssrc,
      reception: new Reception(sequence),
      lastMs: nowMs,
      lastRtpMs: nowMs,
      isGone: false,
      lastReport: 0,
      lastReportAtMs: 0,
    }
    this.#sources.set(ssrc, source)
    return source
  }

  /** Those that never proved themselves go first. */
  #makeRoom(): boolean {
    if (this.#sources.size < SOURCES_MAX) return true
    const useless = [...this.#sources.values()].find(
      (source) => source !== this.#current && (source.isGone || !source.reception.isValid),
    )
    return useless !== undefined && this.#sources.delete(useless.ssrc)
  }

  /** RFC 3550 8.2: says goodbye under the number that two have, and goes on under another. */
  #collide(): void {
    if (this.#collisions === COLLISIONS_MAX) return
    this.#collisions += 1
    if (this.#timing !== null) this.#options.send(this.#compound(performance.now(), 'SSRC collision'))
    const oldSsrc = this.#ssrc
    this.#ssrc = randomInt(2 ** 32)
    this.#earlier = { packets: this.#sent.packets, bytes: this.#sent.bytes }
    this.#options.tell('media:collision', { oldSsrc, newSsrc: this.#ssrc })
  }

  /** A datagram on the port of reports. What is no RTCP is dropped. */
  receive(bytes: Buffer, nowMs: number): void {
    const packets = readRtcp(bytes)
    if (packets === null) return
    this.#timing?.received(bytes.length + UDP_IPV4_BYTES)
    for (const packet of packets) {
      if (packet.kind === 'report') this.#noteReport(packet, nowMs)
      else if (packet.kind === 'bye') this.#noteBye(packet, nowMs)
    }
  }

  #noteReport(report: Extract<RtcpPacket, { kind: 'report' }>, nowMs: number): void {
    const source = this.#sources.get(report.ssrc)
    if (source !== undefined) {
      source.lastMs = nowMs
      if (report.sender !== null) {
        source.lastReport = report.lastReport
        source.lastReportAtMs = nowMs
      }
    }
    const block = report.blocks.find(({ ssrc }) => ssrc === this.#ssrc)
    const tripMs = block === undefined ? null : roundTripMs(block, Date.now())
    this.#roundTripMs = tripMs ?? this.#roundTripMs
    this.#options.tell('media:report_received', {
      ssrc: report.ssrc,
      fractionLost: block?.fractionLost ?? null,
      lost: block?.lost ?? null,
      jitterMs: block === undefined ? null : (1000 * block.jitterSamples) / SAMPLES_PER_SECOND,
      roundTripMs: tripMs,
    })
  }

  #noteBye({ ssrcs, reason }: Extract<RtcpPacket, { kind: 'bye' }>, nowMs: number): void {
    for (const ssrc of ssrcs) {
      const source = this.#sources.get(ssrc)
      if (source === undefined || source.isGone) continue
      source.isGone = true
      this.#options.tell('media:bye_heard', { ssrc, reason })
    }
    this.#timing?.left(this.#session().members, nowMs)
  }

  /** Once in 20 ms: reports when it is time, and looks who is silent for too long. */
  beat(sent: SentSoFar, nowMs: number): void {
    if (sent.packets !== this.#sent.packets) this.#spokeAtMs = nowMs
    this.#sent = { ...sent, atMs: nowMs }
    if (nowMs < this.#lookAtMs) return
    this.#lookAtMs = nowMs + LOOK_EVERY_MS
    this.#dropSilent(nowMs)
    const session = this.#session()
    if (this.#timing?.isDue(session, nowMs) !== true) return
    const compound = this.#compound(nowMs)
    this.#options.send(compound)
    this.#timing.reported(session, compound.length + UDP_IPV4_BYTES, nowMs)
    this.#options.tell('media:report_sent', {
      sentPackets: this.#sent.packets - this.#earlier.packets,
      lost: this.reception?.lost ?? 0,
    })
  }

  #dropSilent(nowMs: number): void {
    const limitMs = this.#timing?.memberTimeoutMs(this.#session()) ?? Infinity
    for (const source of this.#members()) {
      const silentMs = nowMs - source.lastMs
      if (silentMs < limitMs) continue
      source.isGone = true
      this.#options.tell('media:source_timed_out', { ssrc: source.ssrc, silentMs: Math.round(silentMs) })
    }
  }

  /** The last report, with a BYE. @returns null where nothing was ever sent: nobody is to be told (6.3.7) */
  bye(nowMs: number): Buffer | null {
    return this.#sent.packets === 0 ? null : this.#compound(nowMs, 'the call is over')
  }

  #compound(nowMs: number, byeReason?: string): Buffer {
    const { packets, bytes, timestamp, atMs } = this.#sent
    const later = Math.round(((nowMs - atMs) * SAMPLES_PER_SECOND) / 1000)
    const sender = {
      wallMs: Date.now(),
      timestamp: (timestamp + later) % 2 ** 32,
      packets: packets - this.#earlier.packets,
      bytes: bytes - this.#earlier.bytes,
    }
    const blocks = this.#members().map((source) => ({
      ssrc: source.ssrc,
      fractionLost: source.reception.fractionLost(),
      lost: source.reception.lost,
      extendedGreatest: source.reception.extendedGreatest,
      jitterSamples: source.reception.jitterSamples,
      lastReport: source.lastReport,
      sinceLastReport: source.lastReport === 0 ? 0 : compactOf(nowMs - source.lastReportAtMs),
    }))
    const pieces = [
      writeReport(this.#ssrc, this.#session().weSend ? sender : null, blocks),
      writeName(this.#ssrc, this.#name),
    ]
    if (byeReason !== undefined) pieces.push(writeBye(this.#ssrc, byeReason))
    return Buffer.concat(pieces)
  }

  #members(): Source[] {
    return [...this.#sources.values()].filter(({ reception, isGone }) => reception.isValid && !isGone)
  }

  /** Who sent no RTP for two intervals is no sender (6.3.5). */
  #session(): Session {
    const members = this.#members()
    const limitMs = SENDER_TIMEOUT_INTERVALS * (this.#options.leastMs ?? REPORT_INTERVAL_MS_MIN)
    const senders = members.filter(({ lastRtpMs }) => this.#sent.atMs - lastRtpMs < limitMs)
    const weSend = this.#sent.atMs - this.#spokeAtMs < limitMs
    return { members: members.length + 1, senders: senders.length + (weSend ? 1 : 0), weSend }
  }
}
