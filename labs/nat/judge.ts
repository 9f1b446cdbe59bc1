/** From the log to claims: cell by cell what the three believed, and what the next packet met. */
import type { Check } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Watch } from '../../src/lab/log.ts'
import { cellId, type Plan } from '../../src/lab/plan.ts'
import { Cell, memoryClaim } from './cell.ts'
import { type NatMechanism, natCases } from './conditions.ts'
import { routerInForce } from './expectations.ts'
import { answeredClaims, datagramClaims, lateAnswerClaims } from './judge-datagrams.ts'
import { speakerClaims, tooLateClaims } from './judge-first-segment.ts'
import { proxyClaims } from './judge-proxy.ts'
import { deadClaims, frozenClaims, refreshedClaims } from './judge-refreshed.ts'

const DAY_MS = 86_400_000

export function judgeRun(log: LabLog, plan: Plan): Check[] {
  const claims = natCases.flatMap(({ id, rows }) => {
    const watch = log.watchOf(id)
    if (watch === undefined) return []
    return rows
      .filter((row) => plan.cells.includes(cellId(id, row)))
      .flatMap((row) => claimsOf(log, plan, id, row, watch))
  })
  return judgeCases(log, plan, claims)
}

function claimsOf(
  log: LabLog,
  plan: Plan,
  id: string,
  row: NatMechanism,
  watch: Watch,
): (TimedClaim | null)[] {
  if (row === 'front' || row === 'back') return proxyClaims(log, plan, id, row, watch)
  const started = log.all('router:started').find(({ data }) => data.router === `${id}-router`)
  if (started === undefined) return []
  const cell = new Cell(log, plan, id, row, watch, routerInForce(started.data))
  switch (row) {
    case 'client-first':
    case 'server-first':
      return speakerClaims(cell, row === 'client-first' ? 'client' : 'server')
    case 'keepalive-above':
      return tooLateClaims(cell)
    case 'keepalive-below':
      if (id === 'frozen') return frozenClaims(cell)
      return id === 'dead' ? deadClaims(cell) : refreshedClaims(cell)
    case 'udp-client-first':
      return datagramClaims(cell)
    case 'udp-server-first':
      return [...datagramClaims(cell), ...lateAnswerClaims(cell)]
    case 'udp-answered':
      return answeredClaims(cell)
    case 'tcp-idle':
      return [
        memoryClaim(
          cell,
          'remembered',
          cell.looks.at(-1),
          cell.router.tcpMs,
          'nf_conntrack_tcp_timeout_established',
          {
            claim: 'the TCP connection beside them is remembered for days',
            short: `${Math.round(cell.router.tcpMs / DAY_MS)} DAYS`,
          },
        ),
      ]
  }
}
