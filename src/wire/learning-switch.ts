/**
 * A switch that learns (IEEE 802.1D section 7), frame for frame as Linux's own bridge does it. Of each frame it reads
 * the two addresses, and nothing else; but for what is for a group ([group-members.ts](group-members.ts)):
 *
 *      source: whom have I heard at which port?    ---> learn, or learn anew
 *      destination: have I heard that one?    known ---> to its port alone
 *                                           unknown ---> flood: to all ports but the one it came from
 *
 * Nobody tells it who is where, and nobody tells it who has left: what is not heard for a while is forgotten, and
 * whoever claims an address is believed. No sockets, no clocks: time is passed in.
 */
import type { ForwardingReason } from '../events/vocabulary.ts'
import { ethernet } from './constants.ts'
import { GroupMembers } from './group-members.ts'
import type { Forwarding, PortDevice } from './hub.ts'

export interface SwitchSettings {
  /** An address that was not heard for so long is forgotten. 0: nothing is ever learned, and it is a hub. */
  readonly ageingMs: number
  /** No more addresses are learned; frames for others are flooded. */
  readonly addressesMax: number
}

/** What Linux's bridge has, and IEEE 802.1D table 7-5 recommends. */
export const DEFAULT_AGEING_MS = 300_000
/** A small switch of the shops has room for so many; without a limit anybody could fill our memory. */
export const ADDRESSES_MAX = 8192

/** Of an address's first byte: it is a group's. No frame comes from a group. */
const GROUP_BIT = 0x01
const NOBODY = 0
const BROADCAST = 0xffff_ffff_ffff
/** These are for the next switch and go no further; so is the one before them where that speaks STP. */
const RESERVED = { from: 0x0180_c200_0001, to: 0x0180_c200_000f } as const
/** IEEE 802.3 annex 31B: stop sending. It is for the card, and a switch does not even learn from it. */
const PAUSE = 0x0180_c200_0001

interface Heard<Port> {
  port: Port
  atMs: number
}

export class LearningSwitch<Port> implements PortDevice<Port> {
  readonly #ports: readonly Port[]
  readonly #settings: SwitchSettings
  /** By address. Who was not heard for too long counts for nothing, and goes when there is no room. */
  readonly #table = new Map<number, Heard<Port>>()
  #noneOldBeforeMs = 0
  readonly #groups = new GroupMembers<Port>()

  constructor(ports: readonly Port[], settings: SwitchSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** A frame comes in. @returns where it leaves, and why */
  enter(frame: Buffer, port: Port, nowMs: number): Forwarding<Port> {
    if (frame.length < ethernet.bytes) return { to: [], because: 'invalid' }
    const source = addressAt(frame, ethernet.source)
    const destination = addressAt(frame, ethernet.destination)
    if (isGroup(frame, ethernet.source) || source === NOBODY) return { to: [], because: 'invalid' }
    if (destination === PAUSE) return { to: [], because: 'reserved' }
    const learned = this.#learn(source, port, nowMs)
    const news = learned === null ? {} : { learned }
    if (destination >= RESERVED.from && destination <= RESERVED.to)
      return { to: [], because: 'reserved', ...news }
    if (isGroup(frame, ethernet.destination)) {
      const wanted = destination === BROADCAST ? null : this.#groups.enter(frame, port, nowMs)
      if (wanted === null) return { ...this.#flood(port, 'group'), ...news }
      return { to: wanted.filter((one) => one !== port), because: 'joined', ...news }
    }
    const known = this.#heard(destination, nowMs)
    if (known === null) return { ...this.#flood(port, 'unknown'), ...news }
    if (known.port === port) return { to: [], because: 'same-port', ...news }
    return { to: [known.port], because: 'known', ...news }
  }

  #learn(address: number, port: Port, nowMs: number): 'new' | 'moved' | null {
    const { ageingMs, addressesMax } = this.#settings
    if (ageingMs === 0) return null
    const before = this.#heard(address, nowMs)
    if (before !== null) {
      const hasMoved = before.port !== port
      before.port = port
      before.atMs = nowMs
      return hasMoved ? 'moved' : null
    }
    this.#table.delete(address)
    if (this.#table.size >= addressesMax) this.#forgetOld(nowMs)
    if (this.#table.size >= addressesMax) return null
    this.#table.set(address, { port, atMs: nowMs })
    return 'new'
  }

  #heard(address: number, nowMs: number): Heard<Port> | null {
    const heard = this.#table.get(address)
    return heard !== undefined && nowMs - heard.atMs < this.#settings.ageingMs ? heard : null
  }

  /** Walks only when one can be too old: else whoever makes up addresses would keep us walking. */
  #forgetOld(nowMs: number): void {
    if (nowMs < this.#noneOldBeforeMs) return
    const { ageingMs } = this.#settings
    let oldestMs = nowMs
    for (const [address, { atMs }] of this.#table) {
      if (nowMs - atMs >= ageingMs) this.#table.delete(address)
      else oldestMs = Math.min(oldestMs, atMs)
    }
    this.#noneOldBeforeMs = oldestMs + ageingMs
  }

  #flood(from: Port, because: ForwardingReason): Forwarding<Port> {
    return { to: this.#ports.filter((port) => port !== from), because }
  }
}

/** As a number: to compare. */
function addressAt(frame: Buffer, at: number): number {
  return frame.readUIntBE(at, 6)
}

function isGroup(frame: Buffer, at: number): boolean {
  return (frame.readUInt8(at) & GROUP_BIT) !== 0
}
