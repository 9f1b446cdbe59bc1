/** What cannot be done with the hosts of a tier, and why: the page shows it before anybody tries. */
import type { Fault, Need } from '../faults/fault.ts'
import { faults } from '../faults/registry.ts'
import { missing } from './needs.ts'
import type { Case, RunTier } from './plan.ts'
import { type PlayAction, playActions } from './play-command.ts'

/** What the undos need; other actions bear a fault's name and need what it needs. */
const UNDO_NEEDS: Partial<Record<PlayAction, readonly Need[]>> = { continue: ['signals'], mend: ['network'] }
const BY_NAME: Record<string, Fault> = faults

/** Reasons, by the action that they make impossible. */
export function impossibleActions(
  tier: RunTier,
  platform: NodeJS.Platform,
): Partial<Record<PlayAction, string>> {
  return reasons(playActions, (action) => {
    // They are not ours: somebody else started them, and has other means to strike them.
    if (tier === 'compose') return 'hosts of this run are containers'
    return missing(UNDO_NEEDS[action] ?? BY_NAME[action]?.needs ?? [], tier, platform)
  })
}

/** Reasons, by the case that they make impossible. */
export function impossibleCases(
  cases: readonly Case[],
  tier: RunTier,
  platform: NodeJS.Platform,
): Record<string, string> {
  const needs = new Map(cases.map((one) => [one.id, one.needs ?? []]))
  return reasons([...needs.keys()], (id) => missing(needs.get(id) ?? [], tier, platform))
}

function reasons<T extends string>(
  names: readonly T[],
  why: (name: T) => string | null,
): Partial<Record<T, string>> & Record<string, string> {
  const found = names.flatMap((name) => {
    const reason = why(name)
    return reason === null ? [] : [[name, reason]]
  })
  return Object.fromEntries(found)
}
