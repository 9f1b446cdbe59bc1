/** Connections that say now and then that they are still here. */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Cell, cellOf } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import { type ScaleSettings, timing } from '../conditions.ts'
import { joinInSteps, sourcesAt } from '../crowd.ts'
import { beatsExpected, processorExpected } from '../expectations.ts'
import { costOf, kilobytes } from '../measured.ts'
import { descriptors, memory } from './idle.ts'

/** What was said while they connected has been heard. */
const SETTLED_MS = 300

export const speaking: CaseOf<ScaleSettings> = {
  id: 'speaking',
  promise: 'the same with a heartbeat: first hardly any, then at several intervals',
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const [clients, server] = [rig.sockets(a).crowd, rig.sockets(b).crowd]
    const { connections, seldom, intervalsMs, intervalsWatched, restart } = settings
    const { backlog } = restart
    const sources = await sourcesAt(rig, b, a, connections)
    const seldomAt = await server.serve('heartbeat', { port: 0, backlog, heartbeat: seldom })
    rig.mark(pair, 'growing')
    await joinInSteps(rig, pair, 'heartbeat', settings, (count) =>
      clients.join('heartbeat', seldomAt, { count, sources, heartbeat: seldom }),
    )
    rig.mark(pair, 'grown')
    await Promise.all([clients.leave('heartbeat'), server.leave('heartbeat')])
    for (const intervalMs of intervalsMs) {
      const heartbeat = timing(intervalMs)
      const at = await server.serve('heartbeat', { port: 0, backlog, heartbeat })
      await clients.join('heartbeat', at, { count: connections, sources, heartbeat })
      await rig.sleep(SETTLED_MS)
      rig.mark(pair, `every-${intervalMs}`)
      await server.measure('heartbeat', { collects: false })
      await rig.sleep(intervalsWatched * intervalMs)
      await server.measure('heartbeat', { collects: false })
      rig.mark(pair, `end-${intervalMs}`)
      await Promise.all([clients.leave('heartbeat'), server.leave('heartbeat')])
    }
  },

  rows: {
    heartbeat: (cell) => [
      descriptors(cell, cell.settings.connections),
      memory(cell),
      dearer(cell),
      ...processor(cell),
    ],
  },
}

/** Beside connections without a heartbeat. */
function dearer(cell: Cell<ScaleSettings>): Claims[number] {
  const bareCell = cellOf(cell.log, cell.plan, 'idle/tcp')
  const [own, bare] = [costOf(cell), bareCell && costOf(bareCell)]
  const whole = (bare?.user ?? 0) + (bare?.kernel ?? 0)
  const more = own === null || bare === null ? undefined : Math.round(own.user - bare.user)
  return counts(cell, 'more', { min: 0, max: Math.ceil(whole) }, bare === null ? null : more, 'bytes', {
    claim: 'the heartbeat costs the program something, and less than the connection that it is on',
    formula: `0 .. ${kilobytes(whole)}: what an idle connection costs its program and its kernel`,
    because: `${kilobytes(own?.user ?? 0)} with it and ${kilobytes(bare?.user ?? 0)} without: two timers, a detector, the numbers of PINGs under way`,
    source: "what is in use of V8's heap and of malloc(3) (mallinfo(3)), after the garbage was collected",
    unseen: 'connections without a heartbeat were not looked at in this run',
  })
}

interface Beating {
  intervalMs: number
  periodMs: number
  heard: number
  processorMs: number
  evidence: EventOf<'crowd:measured'>[]
}

/** What one interval cost; null where the run did not come to it. */
export function beatingAt(cell: Cell<ScaleSettings>, intervalMs: number): Beating | null {
  const period = cell.between(`every-${intervalMs}`, `end-${intervalMs}`)
  if (period === null) return null
  const [first, last] = cell.b.all('crowd:measured', period)
  if (first === undefined || last === undefined) return null
  return {
    intervalMs,
    periodMs: last.time - first.time,
    heard: last.data.heard - first.data.heard,
    processorMs: last.data.processorMs - first.data.processorMs,
    evidence: [first, last],
  }
}

function processor(cell: Cell<ScaleSettings>): Claims {
  const { connections, intervalsMs } = cell.settings
  const all = [...intervalsMs].reverse().map((intervalMs) => beatingAt(cell, intervalMs))
  const slowest = all[0]
  return all.flatMap((beating) => {
    if (beating === null || slowest == null) return []
    const { intervalMs, periodMs, heard, processorMs, evidence } = beating
    const eachMs = slowest.processorMs / slowest.heard
    const share = ((100 * processorMs) / periodMs).toFixed(1)
    const claims = [
      counts(
        cell,
        `heard-${intervalMs}`,
        beatsExpected(connections, periodMs, intervalMs),
        heard,
        'heartbeats',
        {
          claim: `every ${intervalMs} ms: a PING of each client, and its PONG, in each interval`,
          formula: `2 x ${connections} x (${Math.round(periodMs)} / ${intervalMs} +- 1)`,
          because: `${share} % of a processor for them at the server`,
          source: 'src/protocols/heartbeat/README.md',
          evidence,
        },
      ),
    ]
    if (beating === slowest) return claims
    return [
      ...claims,
      counts(
        cell,
        `processor-${intervalMs}`,
        processorExpected(heard, eachMs),
        Math.round(processorMs),
        'ms',
        {
          claim: `every ${intervalMs} ms: processor time grows with the heartbeats, not with the connections`,
          formula: `${heard} heartbeats x ${(1000 * eachMs).toFixed(1)} us, as at ${slowest.intervalMs} ms; those that come together are cheaper: half to twice`,
          because: `${((1000 * processorMs) / heard).toFixed(1)} us for each that was heard, its answer and its deadline among it`,
          source: 'getrusage(2): user and system time of the server',
          evidence,
          short: `${share} %`,
        },
      ),
    ]
  })
}
