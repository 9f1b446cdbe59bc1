/**
 * Every protocol whose sockets a lab leads step by step: who leads them in the host's process. What a host may be
 * asked follows from this list; `rig/sockets.ts` has the lab's half of each.
 */
import type { Scripted, ScriptedHost } from '../parts/program.ts'
import { scriptCrowds } from './crowd/script.ts'
import { scriptHttp } from './http/script.ts'
import { scriptRelays } from './relay/script.ts'
import { scriptSessions } from './session/script.ts'
import { scriptSip } from './sip/script.ts'
import { scriptSites } from './site/script.ts'
import { scriptStopAndWait } from './stop-and-wait/script.ts'
import { scriptTcp } from './tcp/script.ts'
import { scriptTelephones } from './telephone/script.ts'
import { scriptTraces } from './trace/script.ts'
import { scriptUdp } from './udp/script.ts'
import { scriptUsers } from './user/script.ts'
import { scriptVpns } from './vpn/script.ts'
import { scriptWebSockets } from './websocket/script.ts'

export const scripts = {
  tcp: scriptTcp,
  udp: scriptUdp,
  stopAndWait: scriptStopAndWait,
  http: scriptHttp,
  user: scriptUsers,
  site: scriptSites,
  webSocket: scriptWebSockets,
  session: scriptSessions,
  relay: scriptRelays,
  telephone: scriptTelephones,
  trace: scriptTraces,
  vpn: scriptVpns,
  sip: scriptSip,
  crowd: scriptCrowds,
}

export type Protocol = keyof typeof scripts

type RequestsOf<Script> = Script extends (host: ScriptedHost) => Scripted<infer Requests> ? Requests : never
type AllOf<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The requests of all of them. */
export type ScriptRequests = AllOf<{ [P in Protocol]: RequestsOf<(typeof scripts)[P]> }[Protocol]>
