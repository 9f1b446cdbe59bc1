import type { Lab } from '../src/lab/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { tcp } from './tcp/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. */
export const labs = { keepalive, tcp } as const satisfies Record<string, Lab>
