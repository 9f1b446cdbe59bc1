/** What hosts of a tier cannot offer, and why: asked by the rig before it acts, and by the page before anybody tries. */
import type { Need } from '../faults/fault.ts'
import { missingBrowser, missingFirewall } from '../hosts/capabilities.ts'
import { libcProblem } from '../kernel/libc.ts'
import { tunProblem } from '../kernel/tun.ts'
import type { RunTier } from './plan.ts'

/** null when everything needed is there; else the reason why it is not. */
export function missing(needs: readonly Need[], tier: RunTier, platform: NodeJS.Platform): string | null {
  for (const need of needs) {
    const reason = missingOne(need, tier, platform)
    if (reason !== null) return reason
  }
  return null
}

function missingOne(need: Need, tier: RunTier, platform: NodeJS.Platform): string | null {
  if (need === 'signals') return platform === 'win32' ? 'Windows has no SIGSTOP' : null
  if (need === 'socket-table') {
    return platform === 'linux' ? null : 'only Linux shows the states of its sockets in /proc'
  }
  if (need === 'browser' && tier === 'process') {
    return 'a browser is many processes, and only namespaces end all of them with the run'
  }
  // On loopback it is a program at ports.
  if (need === 'exchange' && tier === 'process') return null
  if (tier === 'process')
    return `plain processes on loopback have no ${need === 'router' ? 'router' : 'cable'}`
  if (need === 'network') return null
  // Made by the lab itself, of namespaces: not among containers that somebody else started.
  if (tier !== 'netns') return 'there is no such thing between containers'
  if (need === 'browser') return missingBrowser()
  if (need === 'tun') return libcProblem() ?? tunProblem()
  return need === 'cable' || need === 'exchange' ? libcProblem() : missingFirewall()
}
