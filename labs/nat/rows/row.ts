/** A row of a router that forgets: its connection, and what comes when those that were idle are forgotten. */
import type { Pair } from '../../../src/hosts/host.ts'
import type { Claims } from '../../../src/lab/claims.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { NatCell, NatSettings } from '../conditions.ts'
import type { Ends } from '../connections.ts'
import type { RouterInForce } from '../expectations.ts'

export interface ForgottenRow {
  readonly id: string
  /** How the client's kernel probes; not at all where left out. */
  readonly keepalive?: keyof NatSettings['keepalive']
  afterwards(rig: Rig, pair: Pair, ends: Ends): Promise<void>
  claims(cell: NatCell, router: RouterInForce): Claims
}
