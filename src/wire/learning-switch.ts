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
const NOBODY = '000000000000'
const BROADCAST = 'ffffffffffff'
/** These 16 addresses are for the next switch and go no further; the first only where that speaks STP. */
const RESERVED = /^0180c200000[1-9a-f]$/
/** IEEE 802.3 annex 31B: stop sending. It is for the card, and a switch does not even learn from it. */
const PAUSE = '0180c2000001'

interface Heard<Port> {
  port: Port
  atMs: number
}

export class LearningSwitch<Port> implements PortDevice<Port> {
  readonly #ports: readonly Port[]
  readonly #settings: SwitchSettings
  /** By address, in hexadecimal. The one heard longest ago is the first. */
  readonly #table = new Map<string, Heard<Port>>()
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
    this.#forgetOld(nowMs)
    const learned = this.#learn(source, { port, atMs: nowMs })
    const news = learned === null ? {} : { learned }
    if (RESERVED.test(destination)) return { to: [], because: 'reserved', ...news }
    if (isGroup(frame, ethernet.destination)) {
      const wanted = destination === BROADCAST ? null : this.#groups.enter(frame, port, nowMs)
      if (wanted === null) return { ...this.#flood(port, 'group'), ...news }
      return { to: wanted.filter((one) => one !== port), because: 'joined', ...news }
    }
    const known = this.#table.get(destination)
    if (known === undefined) return { ...this.#flood(port, 'unknown'), ...news }
    if (known.port === port) return { to: [], because: 'same-port', ...news }
    return { to: [known.port], because: 'known', ...news }
  }

  #learn(address: string, heard: Heard<Port>): 'new' | 'moved' | null {
    const { ageingMs, addressesMax } = this.#settings
    if (ageingMs === 0) return null
    const before = this.#table.get(address)
    if (before === undefined && this.#table.size >= addressesMax) return null
    this.#table.delete(address)
    this.#table.set(address, heard)
    if (before === undefined) return 'new'
    return before.port === heard.port ? null : 'moved'
  }

  #forgetOld(nowMs: number): void {
    for (const [address, { atMs }] of this.#table) {
      if (nowMs - atMs < this.#settings.ageingMs) return
      this.#table.delete(address)
    }
  }

  #flood(from: Port, because: ForwardingReason): Forwarding<Port> {
    return { to: this.#ports.filter((port) => port !== from), because }
  }
}

function addressAt(frame: Buffer, at: number): string {
  return frame.toString('hex', at, at + 6)
}

function isGroup(frame: Buffer, at: number): boolean {
  return (frame.readUInt8(at) & GROUP_BIT) !== 0
}
