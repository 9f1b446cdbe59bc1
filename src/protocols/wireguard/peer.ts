/**
 * What one end knows of one peer: up to three sessions, one handshake, five timers, and where it was last heard from.
 *
 *                  initiate               response                      data confirms it
 *      [none] ------------------> ( ) ----------------> [current]   [next] -----------> [current] --> [previous]
 *                                                          ^           ^
 *                                       who initiated -----+           +----- who responded: the initiator may
 *                                                                             never have got the answer
 */
import { randomBytes } from 'node:crypto'
import { INITIATION_GAP_MS, REKEY_TIMEOUT_MS, WAITING_PACKETS_MAX } from './constants.ts'
import type { PeerChange } from './control.ts'
import { CookieKeeper } from './cookie.ts'
import type { Endpoint } from './endpoint.ts'
import {
  DATA_BYTES_MIN,
  INITIATION_BYTES,
  type Message,
  RESPONSE_BYTES,
  writeInitiation,
  writeResponse,
} from './messages.ts'
import { Initiator, type Responder, type TransportKeys } from './noise.ts'
import { type KeyPair, keyPair } from './primitives.ts'
import { Session } from './session.ts'
import { Timers } from './timers.ts'
import { isLater, timestampAt } from './timestamp.ts'

export interface PeerSettings {
  public: Buffer
  /** 32 zero bytes: none. */
  preshared: Buffer
  /** null until it is heard from: this end cannot begin. */
  endpoint: Endpoint | null
  /** Infinity: none. */
  persistentKeepaliveMs: number
}

export type Note =
  | { name: 'initiation-sent' | 'response-sent' | 'keepalive-sent' | 'keepalive-received' }
  | { name: 'session-made'; isInitiator: boolean }
  | { name: 'session-confirmed' | 'gave-up' | 'keys-erased' }
  | { name: 'roamed'; from: Endpoint | null; to: Endpoint }
  | { name: 'cookie-received' }

export type PeerAction = { do: 'send'; to: Endpoint; bytes: Buffer } | { do: 'note'; peer: Peer; note: Note }

/** What a device lends its peers. */
export interface PeerSurroundings {
  own: KeyPair
  mtu: number
  /** From 0 up to 1. */
  random: () => number
  /** The time of day: a peer refuses an initiation that is not later than the last. */
  wallMs: () => number
  /** A number that no other handshake or session of the device has. */
  takeIndex(peer: Peer): number
  freeIndex(index: number): void
  act(action: PeerAction): void
}

export class Peer {
  /** Of datagrams outside: what was sent to it, and what came that only it can have sent. */
  readonly traffic = { sentBytes: 0, receivedBytes: 0 }
  readonly timers: Timers
  readonly #device: PeerSurroundings
  readonly #cookies: CookieKeeper
  #settings: PeerSettings
  #endpoint: Endpoint | null
  #latestHandshakeMs: number | null = null
  #handshake: { index: number; noise: Initiator } | null = null
  #sessions: Record<'previous' | 'current' | 'next', Session | null> = {
    previous: null,
    current: null,
    next: null,
  }
  #waiting: Buffer[] = []
  #lastTimestamp: Buffer | null = null
  #lastInitiationMs = -Infinity
  #initiationSentMs = -Infinity

  constructor(settings: PeerSettings, device: PeerSurroundings) {
    this.#settings = settings
    this.timers = new Timers(settings.persistentKeepaliveMs, device.random)
    this.#device = device
    this.#cookies = new CookieKeeper(settings.public)
    this.#endpoint = settings.endpoint
  }

  get settings(): Readonly<PeerSettings> {
    return this.#settings
  }

  get endpoint(): Endpoint | null {
    return this.#endpoint
  }

  /** When both ends last were known to have the same keys, by the time of day; null: never. */
  get latestHandshakeMs(): number | null {
    return this.#latestHandshakeMs
  }

  /** Other settings from now on; sessions that there are stay. */
  change({ preshared, endpoint, persistentKeepaliveMs }: PeerChange, nowMs: number): void {
    if (preshared !== undefined) this.#settings = { ...this.#settings, preshared }
    if (endpoint !== undefined) this.#endpoint = endpoint
    if (persistentKeepaliveMs !== undefined) {
      this.#settings = { ...this.#settings, persistentKeepaliveMs }
      this.timers.changePersistent(persistentKeepaliveMs)
      if (persistentKeepaliveMs !== Infinity) this.saySomething(nowMs)
    }
    // What waited for somewhere to go.
    if (this.#waiting.length > 0) this.#flush(nowMs)
  }

  /** Nothing of it is left: it was removed. */
  end(): void {
    this.#waiting = []
    this.timers.stop()
    this.#eraseAll()
  }

  /** This end has another key: what was agreed on with the old one is of no use. */
  restart(nowMs: number): void {
    this.end()
    this.#initiationSentMs = -Infinity
    if (this.#settings.persistentKeepaliveMs !== Infinity) this.saySomething(nowMs)
  }

  /** At once, or as soon as there is a session. @param packet an IP packet that is for this peer */
  send(packet: Buffer, nowMs: number): void {
    if (this.#waiting.length === WAITING_PACKETS_MAX) this.#waiting.shift()
    this.#waiting.push(packet)
    this.#flush(nowMs)
  }

  /** Says that we are here: an empty packet, which is not answered. */
  saySomething(nowMs: number): void {
    if (this.#waiting.length === 0) this.send(Buffer.alloc(0), nowMs)
    else this.#flush(nowMs)
  }

  due(nowMs: number): void {
    for (const task of this.timers.due(nowMs)) {
      if (task === 'initiate') this.initiate(nowMs)
      if (task === 'say-something') this.saySomething(nowMs)
      if (task === 'give-up') this.#giveUp()
      if (task === 'zero-keys') this.#eraseAll()
    }
  }

  /** Not more often than every five seconds, whatever asks for it. */
  initiate(nowMs: number): void {
    if (nowMs - this.#initiationSentMs < REKEY_TIMEOUT_MS || this.#endpoint === null) return
    const { own, wallMs } = this.#device
    const noise = new Initiator(own, this.settings.public, keyPair())
    const first = noise.writeFirst(timestampAt(wallMs()))
    if (first === null) return
    this.#dropHandshake()
    const index = this.#device.takeIndex(this)
    this.#handshake = { index, noise }
    this.#initiationSentMs = nowMs
    this.#send(this.#cookies.sign(writeInitiation(index, first), nowMs), nowMs)
    this.timers.initiated(nowMs)
    this.#note({ name: 'initiation-sent' })
  }

  /**
   * Its initiation, of which the responder has already read who sent it.
   * @returns what is wrong with it; null when it was answered
   */
  respond(
    message: Extract<Message, { kind: 'initiation' }>,
    noise: Responder,
    from: Endpoint,
    nowMs: number,
  ): 'not-authentic' | 'replayed' | 'flood' | null {
    const timestamp = noise.readPayload(message)
    if (timestamp === null) return 'not-authentic'
    // Whoever recorded an initiation must not be able to make us forget a session by it.
    if (this.#lastTimestamp !== null && !isLater(timestamp, this.#lastTimestamp)) return 'replayed'
    if (nowMs - this.#lastInitiationMs < INITIATION_GAP_MS) return 'flood'
    const written = noise.writeSecond(Buffer.alloc(0), keyPair(), this.settings.preshared)
    if (written === null) return 'not-authentic'
    this.#lastTimestamp = timestamp
    this.#lastInitiationMs = nowMs
    this.#heardFrom(from, INITIATION_BYTES, nowMs)
    const index = this.#device.takeIndex(this)
    const response = writeResponse(index, message.sender, written.message)
    this.#forget('next')
    this.#sessions.next = this.#sessionOf(index, message.sender, false, written.keys, nowMs)
    this.#send(this.#cookies.sign(response, nowMs), nowMs)
    this.#note({ name: 'response-sent' })
    return null
  }

  /** The answer to our own initiation. @returns false for any other */
  complete(message: Extract<Message, { kind: 'response' }>, from: Endpoint, nowMs: number): boolean {
    const handshake = this.#handshake
    if (handshake === null || handshake.index !== message.receiver) return false
    const read = handshake.noise.readSecond(message, this.settings.preshared)
    // It may be forged, and the right one still on its way.
    if (read === null) return false
    this.#handshake = null
    this.#heardFrom(from, RESPONSE_BYTES, nowMs)
    this.#latestHandshakeMs = this.#device.wallMs()
    this.timers.answered()
    const { next, current } = this.#sessions
    this.#forget('previous')
    // A session of the other end's making that was never used is newer than the one we had.
    this.#sessions.previous = next ?? current
    if (next !== null && current !== null) this.#drop(current)
    this.#sessions.next = null
    this.#sessions.current = this.#sessionOf(handshake.index, message.sender, true, read.keys, nowMs)
    // The responder may use its keys only when it has heard from us in them.
    this.saySomething(nowMs)
    return true
  }

  /** @returns the packet inside, empty for a keepalive; null for what is not authentic or came before */
  open(message: Extract<Message, { kind: 'data' }>, from: Endpoint, nowMs: number): Buffer | null {
    const session = Object.values(this.#sessions).find((each) => each?.ownIndex === message.receiver)
    const packet = session?.open(message.counter, message.packet, nowMs) ?? null
    if (session == null || packet === null) return null
    if (session === this.#sessions.next) this.#confirm(session, nowMs)
    this.#heardFrom(from, DATA_BYTES_MIN + packet.length, nowMs)
    if (packet.length === 0) this.#note({ name: 'keepalive-received' })
    else this.timers.dataReceived(nowMs)
    if (session.wantsNextOnReceiving(nowMs)) this.initiate(nowMs)
    return packet
  }

  takeCookie(message: Extract<Message, { kind: 'cookie-reply' }>, nowMs: number): boolean {
    if (this.#handshake?.index !== message.receiver && this.#sessions.next?.ownIndex !== message.receiver) {
      return false
    }
    if (!this.#cookies.take(message, nowMs)) return false
    this.#note({ name: 'cookie-received' })
    return true
  }

  #flush(nowMs: number): void {
    const session = this.#sessions.current
    if (session === null || !session.isUsable(nowMs)) {
      this.initiate(nowMs)
      return
    }
    const waiting = this.#waiting
    this.#waiting = []
    for (const packet of waiting) {
      this.#send(session.seal(packet), nowMs)
      if (packet.length === 0) this.#note({ name: 'keepalive-sent' })
      else this.timers.dataSent(nowMs)
    }
    if (session.wantsNextOnSending(nowMs)) this.initiate(nowMs)
  }

  #send(bytes: Buffer, nowMs: number): void {
    if (this.#endpoint === null) return
    this.#device.act({ do: 'send', to: this.#endpoint, bytes })
    this.traffic.sentBytes += bytes.length
    this.timers.sent(nowMs)
  }

  /** From wherever it was: the newest authentic packet says where a peer is (section 2.1). */
  #heardFrom(from: Endpoint, bytes: number, nowMs: number): void {
    this.traffic.receivedBytes += bytes
    const old = this.#endpoint
    this.#endpoint = from
    if (old?.address !== from.address || old.port !== from.port) {
      this.#note({ name: 'roamed', from: old, to: from })
    }
    this.timers.received(nowMs)
  }

  #sessionOf(
    ownIndex: number,
    peerIndex: number,
    isInitiator: boolean,
    keys: TransportKeys,
    nowMs: number,
  ): Session {
    this.timers.sessionMade(nowMs)
    this.#note({ name: 'session-made', isInitiator })
    return new Session({ ownIndex, peerIndex, isInitiator, keys, mtu: this.#device.mtu }, nowMs)
  }

  /** The initiator has spoken in it, so it has our answer: from now on we speak in it, too. */
  #confirm(session: Session, nowMs: number): void {
    this.#latestHandshakeMs = this.#device.wallMs()
    this.#forget('previous')
    this.#sessions = { previous: this.#sessions.current, current: session, next: null }
    this.timers.answered()
    this.#dropHandshake()
    this.#note({ name: 'session-confirmed' })
    if (this.#waiting.length > 0) this.#flush(nowMs)
  }

  #giveUp(): void {
    this.#dropHandshake()
    this.#waiting = []
    this.#note({ name: 'gave-up' })
  }

  #eraseAll(): void {
    for (const which of ['previous', 'current', 'next'] as const) this.#forget(which)
    this.#dropHandshake()
    this.#note({ name: 'keys-erased' })
  }

  #forget(which: 'previous' | 'current' | 'next'): void {
    const session = this.#sessions[which]
    if (session !== null) this.#drop(session)
    this.#sessions[which] = null
  }

  #drop(session: Session): void {
    session.erase()
    this.#device.freeIndex(session.ownIndex)
  }

  #dropHandshake(): void {
    if (this.#handshake !== null) this.#device.freeIndex(this.#handshake.index)
    this.#handshake = null
  }

  #note(note: Note): void {
    this.#device.act({ do: 'note', peer: this, note })
  }
}

/** 32 random bits. */
export function randomIndex(): number {
  return randomBytes(4).readUInt32LE()
}
