import type { Lab } from '../src/lab/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { nat } from './nat/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. */
export const labs = { keepalive, nat } as const satisfies Record<string, Lab>
