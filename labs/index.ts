import type { Lab } from '../src/lab/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { udp } from './udp/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. */
export const labs = { keepalive, udp } as const satisfies Record<string, Lab>
