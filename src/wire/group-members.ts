/**
 * Who wants what is for an IPv4 group: a switch that overhears what stations tell their router (IGMP snooping,
 * RFC 4541), as Linux's own bridge does it.
 *
 *      router:   who is in a group?  (query)     ---> from now on routers, and who answers, are known
 *      station:  I am in 239.1.1.1   (report)    ---> its port is one of that group
 *      router:   and in 239.1.1.1?   (query)     ---> who does not answer soon is forgotten
 *      anybody:  datagram to 239.1.1.1           ---> to that group's ports, and to routers
 *
 * Nobody has to report anything while nobody asks. So without a querier it knows nothing, and such datagrams go to all.
 */
import { ethernet, etherTypes } from './constants.ts'
import { type IpHeader, ipv4Address, readIpv4Header } from './ip.ts'

/** RFC 2236 section 2, RFC 3376 section 4: offsets and types. */
const igmp = { protocol: 2, bytes: 8, code: 1, group: 4, records: 6, firstRecord: 8, recordBytes: 8 } as const
const igmpType = { query: 0x11, report1: 0x12, report2: 0x16, leave: 0x17, report3: 0x22 } as const
/** RFC 3376 section 4.2.12: from nobody is not to want it; every other record is a wish. */
const INCLUDING: readonly number[] = [1, 3]
/** RFC 2236 section 8: in tenths of a second; what version 1, which has no such field, is taken to mean. */
const RESPONSE_UNIT_MS = 100
const RESPONSE_1_MS = 10_000
/** Its sections 8.4 and 8.5. */
const MEMBER_MS = 260_000
const QUERIER_MS = 255_000
/** Its sections 8.8 and 8.9: who is asked of one group is asked twice, once a second where the querier does not say. */
const LAST_QUERIES = 2
const LAST_QUERY_MS = 1000
/** What Linux's bridge has (mcast_hash_max); with more groups it does no longer try. */
const GROUPS_MAX = 4096

export class GroupMembers<Port> {
  /** By group, then by port: until when it is a member without a word. */
  readonly #members = new Map<string, Map<Port, number>>()
  readonly #routers = new Map<Port, number>()
  #querier: { address: number; answeredAtMs: number; untilMs: number } | null = null
  #isFull = false

  /** A frame for a group comes in. @returns the ports that want it; null: nobody can know, so all of them */
  enter(frame: Buffer, port: Port, nowMs: number): readonly Port[] | null {
    if (frame.readUInt16BE(ethernet.type) !== etherTypes.ipv4) return null
    const header = readIpv4Header(frame.subarray(ethernet.bytes))
    if (header === null || this.#isFull) return null
    if (header.protocol === igmp.protocol && header.inside.length >= igmp.bytes) {
      // Reports are for routers alone: who hears one of another station would keep its own for itself.
      return this.#overhear(header, port, nowMs) ? this.#known(new Map(), nowMs) : null
    }
    // 224.0.0.x is for neighbours, and nobody joins it (RFC 4541 section 2.1.2).
    if (isLocal(header.destination)) return null
    return this.#known(this.#members.get(header.destination) ?? new Map(), nowMs)
  }

  /** @returns whether it was a report of one group */
  #overhear({ inside, source }: IpHeader, port: Port, nowMs: number): boolean {
    const type = inside.readUInt8(0)
    const group = ipv4Address(inside, igmp.group)
    if (type === igmpType.query) this.#query(inside, source, port, nowMs)
    else if (type === igmpType.leave) this.#leave(group, port, nowMs)
    else if (type === igmpType.report3) this.#records(inside, port, nowMs)
    else if (type === igmpType.report1 || type === igmpType.report2) {
      this.#join(group, port, nowMs)
      return true
    }
    return false
  }

  #query(inside: Buffer, source: string, port: Port, nowMs: number): void {
    const code = inside.readUInt8(igmp.code)
    const responseMs = code === 0 ? RESPONSE_1_MS : code * RESPONSE_UNIT_MS
    const group = ipv4Address(inside, igmp.group)
    if (code !== 0 && group !== '0.0.0.0') {
      this.#askedLast(group, nowMs + LAST_QUERIES * responseMs)
      return
    }
    const address = source.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
    const before = this.#querierAt(nowMs)
    // Of several the one with the lowest address asks, and the others fall silent (RFC 2236 section 3).
    if (before !== null && address > before.address) return
    const answeredAtMs = before?.answeredAtMs ?? nowMs + responseMs
    this.#querier = { address, answeredAtMs, untilMs: nowMs + QUERIER_MS }
    this.#routers.set(port, nowMs + QUERIER_MS)
  }

  #join(group: string, port: Port, nowMs: number): void {
    if (isLocal(group)) return
    const members = this.#members.get(group) ?? new Map<Port, number>()
    members.set(port, nowMs + MEMBER_MS)
    this.#members.set(group, members)
    if (this.#members.size > GROUPS_MAX) this.#makeRoom(nowMs)
  }

  #makeRoom(nowMs: number): void {
    for (const [group, members] of this.#members) {
      if ([...members.values()].every((untilMs) => untilMs <= nowMs)) this.#members.delete(group)
    }
    this.#isFull = this.#members.size > GROUPS_MAX
  }

  /** Another one behind the same port may want it still: where somebody asks, that will tell. */
  #leave(group: string, port: Port, nowMs: number): void {
    if (this.#querierAt(nowMs) !== null) return
    this.#askedLast(group, nowMs + LAST_QUERIES * LAST_QUERY_MS, [port])
  }

  #records(inside: Buffer, port: Port, nowMs: number): void {
    let at: number = igmp.firstRecord
    for (let left = inside.readUInt16BE(igmp.records); left > 0; left--) {
      if (at + igmp.recordBytes > inside.length) return
      const sources = inside.readUInt16BE(at + 2)
      const group = ipv4Address(inside, at + igmp.group)
      if (INCLUDING.includes(inside.readUInt8(at)) && sources === 0) this.#leave(group, port, nowMs)
      else this.#join(group, port, nowMs)
      at += igmp.recordBytes + 4 * sources + 4 * inside.readUInt8(at + 1)
    }
  }

  /** Who does not answer by then is forgotten. @param asked by default all members */
  #askedLast(group: string, untilMs: number, asked?: readonly Port[]): void {
    const members = this.#members.get(group) ?? new Map<Port, number>()
    for (const [port, before] of members) {
      if (asked?.includes(port) !== false) members.set(port, Math.min(before, untilMs))
    }
  }

  #querierAt(nowMs: number) {
    return this.#querier !== null && this.#querier.untilMs > nowMs ? this.#querier : null
  }

  /** Members and routers; null while not everybody has had the time to answer a query. */
  #known(members: Map<Port, number>, nowMs: number): readonly Port[] | null {
    const querier = this.#querierAt(nowMs)
    if (querier === null || nowMs <= querier.answeredAtMs) return null
    for (const entries of [members, this.#routers]) {
      for (const [port, untilMs] of entries) if (untilMs <= nowMs) entries.delete(port)
    }
    return [...new Set([...members.keys(), ...this.#routers.keys()])]
  }
}

function isLocal(address: string): boolean {
  return address.startsWith('224.0.0.')
}
