/** Keepalive that comes often enough: what it keeps alive. */
import type { Cell } from '../../src/lab/cell.ts'
import { counts, says } from '../../src/lab/claims.ts'
import type { Period } from '../../src/lab/log.ts'
import { received } from '../../src/lab/packets.ts'
import { probesIn, type RouterInForce } from './expectations.ts'
import { believersAt, CONNTRACK, type Look, seconds } from './router-table.ts'

/** The router remembers, although no program has spoken for longer than it would. */
export function kept(cell: Cell, router: RouterInForce, look: Look, expected: string) {
  const spoken = lastData(cell, look.time)
  const quietMs = spoken === null ? null : look.time - spoken
  return says(cell, 'refreshed', expected, quietMs === null ? null : believersAt(cell, look), {
    claim: 'keepalive has kept the router from forgetting',
    formula: `no program spoke for ${seconds(quietMs)}, a probe each ${seconds(cell.a.keepalive()?.idleMs ?? null)}`,
    because: `remembered for ${seconds(router.tcpMs)}; every packet that passes restarts that`,
    source: CONNTRACK,
    evidence: [look],
  })
}

/** Keepalive alone passed, as often as it should, and was answered each time. */
export function probesAnswered(cell: Cell, { from, to }: Period) {
  const { a } = cell
  const spoken = lastData(cell, to)
  const since = Math.max(from, spoken ?? from)
  const answers = received(a.packets({ from: since, to }))?.filter(
    ({ data }) => data.kind === 'keepalive-answer',
  )
  const keepalive = a.keepalive() ?? { idleMs: Number.NaN, intervalMs: Number.NaN, probes: 0 }
  const quietMs = to - (spoken ?? from)
  const { min, max } = probesIn(quietMs, keepalive, cell.jiffyMs)
  return counts(cell, 'answered', { min: Math.max(0, min - 1), max }, answers ?? null, 'answers', {
    claim: `the kernel of ${cell.b.host} answers each probe`,
    formula: `${seconds(quietMs)} / idle ${seconds(keepalive.idleMs)}`,
    because: 'keepalive asks a kernel, and kernels answer',
    source: 'RFC 9293 3.8.4',
    evidence: [answers?.[0], answers?.at(-1)],
  })
}

/** When a program last spoke, by a moment: the beginning of the case where none did; null: not every packet is known. */
function lastData(cell: Cell, to: number): number | null {
  const packets = cell.a.packets({ to })
  if (packets === null) return null
  return packets.findLast(({ data }) => data.kind === 'data')?.time ?? cell.watch.from
}
