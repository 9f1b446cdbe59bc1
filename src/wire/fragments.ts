/**
 * Which conversation a fragment belongs to: only the first of a datagram has ports, so it is remembered by what
 * all of them have in common (RFC 791 section 3.2).
 */
import { withoutPort } from './ip.ts'
import type { Packet } from './packet.ts'

/** Datagrams in fragments, of one host. Those of any lab come one after the other. */
const DATAGRAMS_MAX = 256

export class FragmentMemory {
  readonly #groups = new Map<string, string | undefined>()

  /**
   * Call once for each packet of a host, in order of time. A fragment that overtook its first one, or whose
   * first one was lost, belongs to nobody.
   * @param own what its ports say
   */
  groupOf(packet: Packet, own: string | undefined): string | undefined {
    if (packet.protocol === 'fragment') return this.#groups.get(nameOf(packet))
    if (packet.protocol !== 'udp' || !packet.moreFragments) return own
    this.#groups.set(nameOf(packet), own)
    const [oldest] = this.#groups.keys()
    if (this.#groups.size > DATAGRAMS_MAX && oldest !== undefined) this.#groups.delete(oldest)
    return own
  }
}

function nameOf(packet: Packet & { identification: number }): string {
  const [source, destination] = [packet.source, packet.destination].map(withoutPort)
  return `${source}>${destination} ${packet.identification}`
}
