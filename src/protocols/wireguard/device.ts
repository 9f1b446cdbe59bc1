/**
 * One end of WireGuard: datagrams and IP packets in, actions out, the time passed in. It has one key and any number of
 * peers, and does not know what carries either: {@link file://../../programs/vpn-peer.ts} does.
 */
import type { vpnRefusals } from '../../events/vocabulary/vpn.ts'
import { RateLimit } from '../rate-limit.ts'
import { AllowedIps, type Range, readInner } from './allowed-ips.ts'
import {
  ADDRESSES_MAX,
  HANDSHAKES_PER_ADDRESS_MAX,
  HANDSHAKES_PER_SECOND_MAX,
  KEY_BYTES,
  MTU,
  PEERS_MAX,
} from './constants.ts'
import type { DeviceChange, DeviceStatus, PeerChange } from './control.ts'
import { CookieMaker } from './cookie.ts'
import type { Endpoint } from './endpoint.ts'
import { type Message, readMessage } from './messages.ts'
import { Responder } from './noise.ts'
import { Peer, type PeerAction, type PeerSettings, type PeerSurroundings, randomIndex } from './peer.ts'
import { type KeyPair, keyPair } from './primitives.ts'

/**
 * Why a datagram was dropped. Nobody is told but the own log: a stranger gets silence.
 *
 *     no-message      not WireGuard
 *     mac1            its sender does not know our public key
 *     no-cookie       under load; a cookie was sent instead
 *     too-many        with a cookie, but too often
 *     unknown-peer    a key that is nobody's here
 *     unknown-index   no handshake and no session of ours has this number
 *     not-authentic   wrong key, wrong preshared key, changed on the way, or it came before
 *     replayed        an initiation that is no later than the last
 *     flood           initiations too close together, whoever signed them
 *     no-packet       inside is no IP packet
 *     not-allowed     inside is a source address that is not this peer's
 */
export type Refusal = (typeof vpnRefusals)[number]

export type Action =
  | PeerAction
  /** An IP packet from a peer, for whoever is behind this end. */
  | { do: 'deliver'; peer: Peer; packet: Buffer }
  | { do: 'note-refused'; refusal: Refusal; from: Endpoint; peer: Peer | null }
  | { do: 'note-cookie-sent'; to: Endpoint }

export interface DeviceOptions {
  own: KeyPair
  peers: readonly (PeerSettings & { allowedIps: readonly Range[] })[]
  wallMs: () => number
  random?: () => number
  mtu?: number
}

/** Of a peer of which `wg set` has told nothing but its key. */
const NO_SETTINGS = { preshared: Buffer.alloc(KEY_BYTES), endpoint: null, persistentKeepaliveMs: Infinity }

/** `peer` where it is known whose it claims to be. */
type Refused = { refusal: Refusal; peer?: Peer }
type Handshake = Extract<Message, { kind: 'initiation' | 'response' }>

export class Device {
  readonly #surroundings: PeerSurroundings
  readonly #peers = new Map<string, Peer>()
  readonly #routes = new AllowedIps<Peer>()
  readonly #byIndex = new Map<number, Peer>()
  #cookies: CookieMaker
  readonly #handshakes = new RateLimit(HANDSHAKES_PER_SECOND_MAX)
  readonly #ofAddress = new Map<string, RateLimit>()
  #actions: Action[] = []

  /** @throws RangeError for too many peers or ranges, or a peer that is there twice */
  constructor(options: DeviceOptions) {
    this.#cookies = new CookieMaker(options.own.public)
    this.#surroundings = {
      own: options.own,
      mtu: options.mtu ?? MTU,
      random: options.random ?? Math.random,
      wallMs: options.wallMs,
      takeIndex: (peer: Peer) => this.#takeIndex(peer),
      freeIndex: (index: number) => void this.#byIndex.delete(index),
      act: (action: PeerAction) => void this.#actions.push(action),
    }
    for (const { allowedIps, ...settings } of options.peers) {
      const name = nameOf(settings.public)
      if (this.#peers.has(name)) throw new RangeError(`the peer ${name} is there twice`)
      const peer = this.#add(settings)
      for (const range of allowedIps) this.#routes.add(range, peer)
    }
  }

  /** What `wg show` asks for. */
  status(listenPort: number): DeviceStatus {
    const peers = [...this.#peers.values()].map((peer) => ({
      ...peer.settings,
      ...peer.traffic,
      endpoint: peer.endpoint,
      latestHandshakeMs: peer.latestHandshakeMs,
      allowedIps: this.#routes.rangesOf(peer),
    }))
    return { private: this.#surroundings.own.private, listenPort, peers }
  }

  /**
   * What `wg set` asks for, in the order of its lines; its `listenPort` is for whoever has the socket.
   * @throws RangeError for too many peers or ranges; what came before them is done
   */
  change(change: DeviceChange, nowMs: number): Action[] {
    if (change.private !== undefined) this.#changeKey(keyPair(change.private), nowMs)
    if (change.replacesPeers) for (const peer of this.#peers.values()) this.#remove(peer)
    for (const each of change.peers) this.#changePeer(each, nowMs)
    return this.#taken()
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values()
  }

  /** When to call {@link due} next. */
  get dueAtMs(): number {
    return Math.min(Infinity, ...[...this.#peers.values()].map(({ timers }) => timers.dueAtMs))
  }

  due(nowMs: number): Action[] {
    for (const peer of this.#peers.values()) peer.due(nowMs)
    return this.#taken()
  }

  /** Peers with a persistent keepalive begin by themselves. */
  start(nowMs: number): Action[] {
    for (const peer of this.#peers.values()) {
      if (peer.settings.persistentKeepaliveMs !== Infinity) peer.saySomething(nowMs)
    }
    return this.#taken()
  }

  /**
   * An IP packet of this end.
   * @returns null where its destination is no peer's: whoever sent it may be told that there is no route
   */
  send(packet: Buffer, nowMs: number): Action[] | null {
    const inner = readInner(packet)
    const peer = inner && this.#routes.peerOf(inner.destination)
    if (inner == null || peer == null) return null
    peer.send(Buffer.from(inner.bytes), nowMs)
    return this.#taken()
  }

  /** A datagram of the network, from anybody. */
  receive(bytes: Buffer, from: Endpoint, nowMs: number): Action[] {
    const refused = this.#received(bytes, from, nowMs)
    if (refused !== null) this.#actions.push({ do: 'note-refused', from, peer: null, ...refused })
    return this.#taken()
  }

  #received(bytes: Buffer, from: Endpoint, nowMs: number): Refused | null {
    const message = readMessage(bytes)
    if (message === null) return { refusal: 'no-message' }
    if (message.kind === 'data') return this.#receiveData(message, from, nowMs)
    if (message.kind === 'cookie-reply') return this.#receiveCookie(message, nowMs)
    const tooMuch = this.#refuseBeforeReading(bytes, message, from, nowMs)
    if (tooMuch !== null) return { refusal: tooMuch }
    if (message.kind === 'response') return this.#receiveResponse(message, from, nowMs)
    return this.#receiveInitiation(message, from, nowMs)
  }

  #receiveData(message: Extract<Message, { kind: 'data' }>, from: Endpoint, nowMs: number): Refused | null {
    const peer = this.#byIndex.get(message.receiver)
    if (peer === undefined) return { refusal: 'unknown-index' }
    const opened = peer.open(message, from, nowMs)
    if (opened === null) return { refusal: 'not-authentic', peer }
    if (opened.length === 0) return null
    const inner = readInner(opened)
    if (inner === null) return { refusal: 'no-packet', peer }
    if (this.#routes.peerOf(inner.source) !== peer) return { refusal: 'not-allowed', peer }
    this.#actions.push({ do: 'deliver', peer, packet: inner.bytes })
    return null
  }

  #receiveCookie(message: Extract<Message, { kind: 'cookie-reply' }>, nowMs: number): Refused | null {
    const peer = this.#byIndex.get(message.receiver)
    if (peer === undefined) return { refusal: 'unknown-index' }
    return peer.takeCookie(message, nowMs) ? null : { refusal: 'not-authentic', peer }
  }

  #receiveResponse(
    message: Extract<Message, { kind: 'response' }>,
    from: Endpoint,
    nowMs: number,
  ): Refused | null {
    const peer = this.#byIndex.get(message.receiver)
    if (peer === undefined) return { refusal: 'unknown-index' }
    return peer.complete(message, from, nowMs) ? null : { refusal: 'not-authentic', peer }
  }

  #receiveInitiation(
    message: Extract<Message, { kind: 'initiation' }>,
    from: Endpoint,
    nowMs: number,
  ): Refused | null {
    const noise = new Responder(this.#surroundings.own)
    const initiator = noise.readStatic(message)
    if (initiator === null) return { refusal: 'not-authentic' }
    const peer = this.#peers.get(nameOf(initiator))
    if (peer === undefined) return { refusal: 'unknown-peer' }
    const refusal = peer.respond(message, noise, from, nowMs)
    return refusal === null ? null : { refusal, peer }
  }

  /** Before any key is computed: a mac costs a thousandth of it. */
  #refuseBeforeReading(bytes: Buffer, message: Handshake, from: Endpoint, nowMs: number): Refusal | null {
    if (!this.#cookies.isForUs(bytes)) return 'mac1'
    if (this.#handshakes.take(nowMs) === 'admit') return null
    const place = `${from.address} ${from.port}`
    if (!this.#cookies.hasCookie(bytes, place, nowMs)) {
      const reply = this.#cookies.reply(bytes, message.sender, place, nowMs)
      this.#actions.push({ do: 'send', to: from, bytes: reply }, { do: 'note-cookie-sent', to: from })
      return 'no-cookie'
    }
    return this.#limitOf(from.address).take(nowMs) === 'admit' ? null : 'too-many'
  }

  /** Only who has shown that it receives at its address is counted; who was counted longest ago makes room. */
  #limitOf(address: string): RateLimit {
    const limit = this.#ofAddress.get(address) ?? new RateLimit(HANDSHAKES_PER_ADDRESS_MAX)
    this.#ofAddress.delete(address)
    this.#ofAddress.set(address, limit)
    const [oldest] = this.#ofAddress.keys()
    if (this.#ofAddress.size > ADDRESSES_MAX && oldest !== undefined) this.#ofAddress.delete(oldest)
    return limit
  }

  /** Sessions were agreed on with the old one. */
  #changeKey(own: KeyPair, nowMs: number): void {
    this.#surroundings.own = own
    this.#cookies = new CookieMaker(own.public)
    for (const peer of this.#peers.values()) {
      if (peer.settings.public.equals(own.public)) this.#remove(peer)
      else peer.restart(nowMs)
    }
  }

  #changePeer(change: PeerChange, nowMs: number): void {
    const known = this.#peers.get(nameOf(change.public))
    if (change.isRemoved) {
      if (known !== undefined) this.#remove(known)
      return
    }
    // Nobody is their own peer: other implementations pass over it as well.
    const isSelf = change.public.equals(this.#surroundings.own.public)
    if (isSelf || (known === undefined && change.isUpdateOnly)) return
    const peer = known ?? this.#add({ ...NO_SETTINGS, public: change.public })
    if (change.replacesAllowedIps) this.#routes.removeAll(peer)
    for (const { range, isRemoved } of change.allowedIps) {
      if (isRemoved) this.#routes.remove(range, peer)
      else this.#routes.add(range, peer)
    }
    peer.change(change, nowMs)
  }

  #add(settings: PeerSettings): Peer {
    if (this.#peers.size >= PEERS_MAX) throw new RangeError(`more than ${PEERS_MAX} peers`)
    const peer = new Peer(settings, this.#surroundings)
    this.#peers.set(nameOf(settings.public), peer)
    return peer
  }

  #remove(peer: Peer): void {
    peer.end()
    this.#routes.removeAll(peer)
    this.#peers.delete(nameOf(peer.settings.public))
  }

  #takeIndex(peer: Peer): number {
    let index = randomIndex()
    while (this.#byIndex.has(index)) index = randomIndex()
    this.#byIndex.set(index, peer)
    return index
  }

  #taken(): Action[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}

/** As `wg show` prints it. */
export function nameOf(key: Buffer): string {
  return key.toString('base64')
}
