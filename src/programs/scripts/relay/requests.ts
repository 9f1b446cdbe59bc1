/** What a lab may ask of relays of a host. */
import type { RelayDirection } from '../../../events/vocabulary.ts'
import type { ForgottenPorts, IdleLimit } from '../../relay/idle-proxy.ts'
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
  /** Listen at an address of the host, and pass on to a server from the port that each client has. */
  idleProxyStart: {
    ask: { mechanism: string; address: string; port: number; to: { address: string; port: number } }
    answer: null
  }
  /** Of all such proxies: for how long nothing has passed on the most idle connection; null: there is none. */
  idleProxyLook: { ask: null; answer: { idleMs: number | null } }
  /** Forget what is idle for so long, now and from now on: what was at once, by its ports. */
  idleProxyLimit: { ask: IdleLimit; answer: { forgotten: ForgottenPorts[] } }
}
