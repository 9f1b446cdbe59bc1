import type { Lab } from '../src/lab/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { timeouts } from './timeouts/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. */
export const labs = { keepalive, timeouts } as const satisfies Record<string, Lab>
