/** What hosts of a tier cannot offer, and why: asked by the rig before it acts, and by the page before anybody tries. */
import type { Need } from '../faults/fault.ts'
import { missingFirewall } from '../hosts/capabilities.ts'
import type { RunTier } from './plan.ts'

/** null when everything needed is there; else the reason why it is not. */
export function missing(needs: readonly Need[], tier: RunTier, platform: NodeJS.Platform): string | null {
  if (tier === 'process' && needs.includes('network')) return 'plain processes on loopback have no cable'
  if (needs.includes('firewall')) {
    const firewall = missingFirewall()
    if (firewall !== null) return firewall
  }
  if (platform === 'win32' && needs.includes('signals')) return 'Windows has no SIGSTOP'
  return null
}
