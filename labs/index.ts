import type { Lab } from '../src/lab/lab.ts'
import { circuit } from './circuit/lab.ts'
import { frames } from './frames/lab.ts'
import { http } from './http/lab.ts'
import { keepalive } from './keepalive/lab.ts'
import { late } from './late/lab.ts'
import { nat } from './nat/lab.ts'
import { paths } from './paths/lab.ts'
import { scale } from './scale/lab.ts'
import { session } from './session/lab.ts'
import { sip } from './sip/lab.ts'
import { tcp } from './tcp/lab.ts'
import { timeouts } from './timeouts/lab.ts'
import { udp } from './udp/lab.ts'
import { vpn } from './vpn/lab.ts'
import { websocket } from './websocket/lab.ts'

/** Every lab: id = folder = `npm run lab:<id>`. In the order in which to take them. */
export const labs = {
  keepalive,
  frames,
  circuit,
  paths,
  udp,
  tcp,
  timeouts,
  late,
  nat,
  vpn,
  http,
  session,
  websocket,
  sip,
  scale,
} as const satisfies Record<string, Lab>
