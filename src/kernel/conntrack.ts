/**
 * What a router believes: its table of connections, as /proc/net/nf_conntrack and `conntrack -L` print it
 * (conntrack(8); net/netfilter/nf_conntrack_standalone.c). One line a connection, with the addresses of a
 * packet and those of its answer; they differ where the router translates.
 */
import type { RouterMapping } from '../events/vocabulary.ts'

const LINE =
  /(?:^|\s)(tcp|udp|icmp)\s+\d+\s+(\d+)\s+(?:([A-Z_0-9]+)\s+)?src=(\S+)\s+dst=(\S+)\s+(.*?)src=(\S+)\s+dst=(\S+)\s+(.*)$/

/** The connections that are translated; others, such as those to the router itself, are left out. */
export function parseMappings(text: string): RouterMapping[] {
  const mappings: RouterMapping[] = []
  for (const line of text.split('\n')) {
    const [, protocol, seconds, state, source, destination, there, , answerTo, back] = LINE.exec(line) ?? []
    if (!protocol || !source || !destination || !answerTo) continue
    if (source === answerTo) continue
    mappings.push({
      protocol,
      ...(state === undefined ? {} : { state: state.replaceAll('_', '-') }),
      forgetsInMs: Number(seconds) * 1000,
      source: withPort(source, 'sport', there),
      destination: withPort(destination, 'dport', there),
      seenAs: withPort(answerTo, 'dport', back),
      answered: !line.includes('[UNREPLIED]'),
    })
  }
  return mappings
}

/** ICMP has none. */
function withPort(address: string, name: 'sport' | 'dport', fields = ''): string {
  const port = new RegExp(`\\b${name}=(\\d+)`).exec(fields)?.[1]
  return port === undefined ? address : `${address}:${port}`
}
