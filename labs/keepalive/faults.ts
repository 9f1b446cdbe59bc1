/** Which faults this lab looks at: a new one in the registry is no column here before it stands in this list. */
import type { FaultId } from '../../src/faults/registry.ts'

/** In the order in which people meet them: from what the peer says to what nobody says. */
export const FAULTS = [
  'none',
  'exit',
  'kill',
  'reset',
  'reboot',
  'power-off',
  'cut',
  'blip',
  'freeze',
] as const satisfies FaultId[]

export type KeepaliveFault = (typeof FAULTS)[number]
