/**
 * What the router remembers, as conntrack(8) tells it line by line (`conntrack -E`). Each line names two
 * tuples: how the client sent it, and how the answer will come. Where they differ, something was translated.
 */
import type { EventData } from '../events/vocabulary.ts'

type Mapping = EventData<'router:mapping_updated'>

/**
 * @param line as in `[NEW] tcp 6 120 SYN_SENT src=... dst=... sport=... dport=... [UNREPLIED] src=... ...`
 * @param serverAddress as the router reaches it
 * @returns null for what is no conversation with the server, or no news
 */
export function parseMapping(line: string, serverAddress: string): Mapping | null {
  const kind = /\[(NEW|DESTROY)\]/.exec(line)?.[1]
  const protocol = /\b(tcp|udp)\b/.exec(line)?.[1]
  const tuples = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)]
  const [, client, , clientPort] = tuples[0] ?? []
  const [, server, outside, serverPort, outsidePort] = tuples[1] ?? []
  if (kind === undefined || protocol === undefined || server !== serverAddress) return null
  return {
    protocol: protocol === 'tcp' ? 'tcp' : 'udp',
    client: `${client}:${clientPort}`,
    outside: `${outside}:${outsidePort}`,
    server: `${server}:${serverPort}`,
    isKnown: kind === 'NEW',
  }
}
