/** What a fault needs that a test asks for. */
import type { Fault } from '../faults/fault.ts'
import { faults } from '../faults/registry.ts'
import type { Between, KitFault } from './types.ts'

/** What has to be between the hosts for a fault; null: it strikes wherever they are. */
export function neededBetween(fault: KitFault): Between | null {
  const { needs }: Fault = faults[fault]
  if (needs.includes('router')) return 'router'
  return needs.includes('cable') ? 'cable' : null
}
