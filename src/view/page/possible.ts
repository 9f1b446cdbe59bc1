/** What cannot be done with the hosts of a tier, and why: the page shows it before anybody tries. */
import type { Fault, Need } from '../../faults/fault.ts'
import { faults } from '../../faults/registry.ts'
import type { Tier } from '../../hosts/host.ts'
import { type PlayAction, playActions } from '../../lab/play-command.ts'
import type { Impossible } from './messages.ts'

/** What each action needs; those that bear a fault's name need what it needs. */
const ALSO_NEEDS: Partial<Record<PlayAction, readonly Need[]>> = { continue: ['signals'], mend: ['network'] }

export function impossible(tier: Tier, platform: NodeJS.Platform): Impossible {
  const missing: Partial<Record<Need, string>> = {
    ...(tier === 'process' ? { network: 'plain processes on loopback have no cable' } : {}),
    ...(platform === 'win32' ? { signals: 'Windows has no SIGSTOP' } : {}),
  }
  const why = (needs: readonly Need[]) => needs.map((need) => missing[need]).find((reason) => reason)
  const byName: Record<string, Fault> = faults
  const reasons = (names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const needs = ALSO_NEEDS[name as PlayAction] ?? byName[name]?.needs ?? []
        const reason = why(needs)
        return reason === undefined ? [] : [[name, reason]]
      }),
    )
  return { faults: reasons(Object.keys(faults)), actions: reasons(playActions) }
}
