import type { Lab } from '../src/lab/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { late } from './late/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. */
export const labs = { keepalive, late } as const satisfies Record<string, Lab>
