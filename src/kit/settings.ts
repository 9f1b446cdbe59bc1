/** What is settled of a test's lab before it is opened. */
import type { RunAs } from '../try/run-as.ts'
import type { Between } from './types.ts'

/** Its id, and the name of its pair of hosts. */
export const KIT = 'kit'

/** A `type`: it is part of a plan, which is JSON. */
export type KitSettings = {
  between: Between
  runAs: RunAs
  /** Where the programs run. */
  folder: string
  family: 4
  secondServer: null
  allowOutside: false
  allowTun: false
}
