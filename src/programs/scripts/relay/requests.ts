/** What a lab may ask of relays of a host. */
import type { RelayDirection } from '../../../events/vocabulary.ts'
import type { LaneMode } from '../../relay/lane.ts'

export interface RelayRequests {
  /** Listen, and pass on to a server; port 0: any free one. */
  relayStart: {
    ask: { mechanism: string; protocol: 'tcp' | 'udp'; port: number; to: { address: string; port: number } }
    answer: { port: number }
  }
  /** Both directions where none is given. */
  relaySet: { ask: { mechanism: string; direction?: RelayDirection; mode: LaneMode }; answer: null }
  /** RST to both ends of every TCP connection. */
  relayReset: { ask: { mechanism: string }; answer: null }
}
