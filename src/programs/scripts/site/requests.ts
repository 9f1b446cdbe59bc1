/** What a lab may ask of the programs of a web site of a host. */
import type { SessionLimits } from '../../../protocols/http-session/constants.ts'
import type { Policy } from '../../balancer.ts'

/** Programs of a web site that run in the host's own process: nobody has to kill them. */
export interface SiteRequests {
  /** A bank with its sessions in memory, at any free port; `certificate` (PEM) where it is `secure`. `address` left out: the host's. */
  bankStart: {
    ask: {
      mechanism: string
      address?: string
      name: string
      secure: boolean
      sessions: Partial<SessionLimits>
    }
    answer: { port: number; certificate: string | null }
  }
  /** Listen at any free port. */
  balancerStart: {
    ask: {
      mechanism: string
      backends: readonly { address: string; port: number }[]
      policy: Policy
      connectionsMax?: number
    }
    answer: { port: number }
  }
}
