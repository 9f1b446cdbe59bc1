/** From the log to verdicts, row by row. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { cellId, type Plan } from '../../src/lab/plan.ts'
import { Cell } from './cell.ts'
import type { HttpSettings } from './conditions.ts'
import * as connections from './judge-connections.ts'
import * as sessions from './judge-sessions.ts'
import * as sites from './judge-sites.ts'

/** null: this run has no source for it. */
export type Claims = (TimedClaim | null)[]

const claims: Record<string, (cell: Cell) => Claims> = {
  'many-conns/per-request': connections.manyConnections,
  'many-conns/kept': connections.manyConnections,
  'many-conns/parallel': connections.manyConnections,
  'one-conn/one-client': connections.oneClient,
  'one-conn/proxied': connections.proxied,
  'keep-alive/persistent': connections.persistent,
  'keep-alive/header': connections.header,
  'keep-alive/probes': connections.probes,
  'keep-alive/heartbeat': connections.heartbeat,
  'tls/host-cookie': connections.hostCookie,
  'tls/ticket': connections.ticket,
  'cookie/session-cookie': sessions.sessionCookie,
  'cookie/ports': sessions.ports,
  'cookie/resources': sessions.resources,
  'restart/memory': sessions.restarted,
  'restart/durable': sessions.restarted,
  'expiry/idle': sessions.idle,
  'expiry/absolute': sessions.absolute,
  'sign-out/here': sessions.signedOut,
  'sign-out/everywhere': sessions.signedOut,
  'theft/copied': sessions.copied,
  'theft/fixed-id': sessions.fixedId,
  'theft/forged-id': sessions.forgedId,
  'theft/replayed': sessions.replayed,
  'theft/oversized': sessions.oversized,
  'cut-answer/same-key': sites.cutAnswer,
  'cut-answer/new-key': sites.cutAnswer,
  'cut-answer/no-key': sites.noKey,
  'balancer/sticky-memory': sites.stickyMemory,
  'balancer/spread-memory': sites.spreadMemory,
  'shared/sticky-redis': sites.stickyShared,
  'shared/spread-redis': sites.spreadShared,
}

export function judgeRun(log: LabLog, plan: Plan<HttpSettings>): Check[] {
  const all = plan.cases.flatMap((caseId) => {
    const watch = log.watchOf(caseId)
    if (watch === undefined) return []
    return plan.mechanisms.flatMap((mechanism) => {
      const claimsOf = claims[cellId(caseId, mechanism)]
      return claimsOf?.(new Cell(log, plan, caseId, mechanism, watch)) ?? []
    })
  })
  return judgeCases(log, plan, all)
}
