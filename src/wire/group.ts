/** The connection or session that a packet belongs to. */
import type { Packet } from './packet.ts'

/**
 * Mechanism and client port, `tcp-idle:41234`: as the programs log it.
 * @param mechanisms what the servers speak, by `address:port`
 */
export function groupOf(packet: Packet, mechanisms: ReadonlyMap<string, string>): string | undefined {
  // An ICMP error belongs to the packet it is about.
  const ends = packet.protocol === 'icmp' ? packet.about : packet
  if (ends === null) return undefined
  for (const [server, client] of [
    [ends.destination, ends.source],
    [ends.source, ends.destination],
  ] as const) {
    const mechanism = mechanisms.get(server)
    if (mechanism !== undefined) return `${mechanism}:${client.slice(client.lastIndexOf(':') + 1)}`
  }
  return undefined
}
