/** What a lab may ask of traceroute on a host. */
import type { Hop } from '../../traceroute.ts'

export interface TraceRequests {
  /** Which way does the flow from that port of this host to there take? */
  traceRoute: {
    ask: { mechanism: string; port: number; to: { address: string; port: number } }
    answer: { hops: Hop[] }
  }
}
