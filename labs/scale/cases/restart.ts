/** All lose their server at one moment. It comes back, and they with it. */
import type { Pair } from '../../../src/hosts/host.ts'
import { SYN_TIMEOUT_MS } from '../../../src/kernel/give-up-by-state.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS, STAMP_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, type Claims, counts, took } from '../../../src/lab/claims.ts'
import { randomFrom } from '../../../src/lab/random.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { backoffOf, type ScaleSettings } from '../conditions.ts'
import { readCounters, sourcesAt } from '../crowd.ts'
import { lastIn, overflowsExpected, queueHolds } from '../expectations.ts'
import { counted, fullest, peersOf, whenCounted } from '../measured.ts'

/** How each kind draws its waits. */
const JITTER = { lockstep: 'none', jitter: 'full' } as const
type Kind = keyof typeof JITTER

/** More draws than any client makes attempts. */
const DRAWS = 12
/** They come within seconds; beyond, the SYNs of the last may have been sent again and again. */
const BACK_WITHIN_MS = 20_000
/** What comes together, comes within so long, beside what it takes to tell them. */
const TOGETHER_MS = 100
/** Chance, at most: five standard deviations. */
const SIGMAS = 5

const BROOKER = 'M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015'
const LISTEN = 'listen(2); tcp_conn_request() in net/ipv4/tcp_input.c'

export const restart: CaseOf<ScaleSettings> = {
  id: 'restart',
  promise: 'the server is killed; started again it listens, and reads its files before it accepts anybody',
  needs: ['socket-table'],
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    for (const kind of ['lockstep', 'jitter'] as const) {
      if (rig.plan.cells.includes(`restart/${kind}`)) await loseAndReturn(rig, pair, kind, settings)
    }
  },

  rows: { lockstep: claims, jitter: claims },
}

async function loseAndReturn(rig: Rig, pair: Pair, kind: Kind, settings: ScaleSettings): Promise<void> {
  const { a, b } = pair
  const { connections: count } = settings
  const { backlog, baseMs, beforeMs, loadsMs, steadyAfterMs } = settings.restart
  const random = randomFrom(rig.plan.seed)
  const limits = backoffOf(settings, JITTER[kind])
  const returning = Array.from({ length: count }, () => ({
    limits,
    draws: Array.from({ length: DRAWS }, random),
  }))
  const at = await rig.sockets(b).crowd.serve(kind, { port: 0, backlog })
  const sources = await sourcesAt(rig, b, a, count)
  await rig.sockets(a).crowd.join(kind, at, { count, sources, returning })
  await rig.sockets(b).crowd.untilHeld(kind, count, BACK_WITHIN_MS)
  // All of them have lasted long enough for their next wait to be a first one.
  await rig.sleep(2 * steadyAfterMs)

  rig.mark(pair, `${kind}-lost`)
  await readCounters(rig, b)
  const { sinceMs } = await rig.strike('kill', pair, b)
  await rig.restart(pair, b)
  await rig.sleep(sinceMs + baseMs - beforeMs - performance.now())
  await rig.sockets(b).crowd.serve(kind, { port: at.port, backlog })
  await rig.sockets(b).crowd.stall(kind, loadsMs)
  await rig.sockets(b).crowd.untilHeld(kind, count, BACK_WITHIN_MS)
  // What was counted and told a moment later.
  await rig.sleep(SLACK_MS)
  await readCounters(rig, b)
  rig.mark(pair, `${kind}-back`)
  rig.endWatch('kill', pair, b)
  await Promise.all([rig.sockets(a).crowd.leave(kind), rig.sockets(b).crowd.leave(kind)])
}

/** What came of the kill; null where the run did not come to it. */
export function stormOf(cell: Cell<ScaleSettings>) {
  const lost = cell.between(`${cell.row}-lost`, `${cell.row}-back`)
  if (lost === null) return null
  const { a, b } = cell
  return {
    lost,
    told: a.all('crowd:disconnected', lost),
    tried: a.all('crowd:tried', lost),
    serving: b.first('crowd:serving', lost),
    stalled: b.first('crowd:stalled', lost),
    back: b.all('crowd:connected', lost),
  }
}

function claims(cell: Cell<ScaleSettings>): Claims {
  const storm = stormOf(cell)
  if (storm === null) return []
  const { connections } = cell.settings
  const kind = cell.row as Kind
  const limits = backoffOf(cell.settings, JITTER[kind])
  const { lost, told, tried, serving, stalled, back } = storm
  const [listensAt, acceptsAt] = [serving?.time ?? Number.NaN, stalled?.time ?? Number.NaN]
  const room = queueHolds(serving?.data.backlog ?? Number.NaN)
  /** How many asked while the server listened and did not accept: surely, and perhaps. */
  const least = tried.filter(({ time, data }) => time - data.withinMs > listensAt && time < acceptsAt)
  const most = tried.filter(
    ({ time, data }) => time > listensAt && time - data.withinMs < acceptsAt + STAMP_MS,
  )
  const overflows = {
    min: overflowsExpected(peersOf(least), room).min,
    max: overflowsExpected(peersOf(most), room).max,
  }
  const lastTry = tried.at(-1)
  const killed = cell.log.strikes.find(({ pair, began }) => pair === cell.pair && began >= lost.from)?.began
  // The line is written when they have all been counted.
  const firstTold = told[0] && told[0].time - told[0].data.withinMs
  const newsMs = (told.at(-1)?.time ?? 0) - (told[0]?.time ?? 0) + (told[0]?.data.withinMs ?? 0)
  const lateMs = Math.max(0, ...tried.map(({ data }) => Math.max(data.lateMs, data.withinMs)))
  /** As long as it took to tell them, and as their own process was late. */
  const windowMs = Math.ceil(newsMs + lateMs + TOGETHER_MS)
  const together = fullest(tried, windowMs)
  const waits = { min: lastIn(peersOf(least), room), max: lastIn(peersOf(most), room) }
  const stillReadsMs = Math.max(0, Math.ceil(acceptsAt - (lastTry?.time ?? acceptsAt)))
  const all = whenCounted(back, connections)
  return [
    took(cell, 'first-told', AT_ONCE, killed, firstTold, {
      claim: 'the first of them are told at once',
      formula: '0 .. slack after the kill',
      because: "a killed program's connections are ended by its kernel",
      source: 'RFC 9293 section 3.10.4; exit_files() in kernel/exit.c',
      evidence: [told[0]],
    }),
    counts(cell, 'told', connections, peersOf(told), 'connections', {
      claim: 'and each of them is, in its turn',
      formula: `${connections} connections`,
      because: `the last ${Math.round(newsMs)} ms after the first: somebody has to read it`,
      source: 'RFC 9293 section 3.10.4; exit_files() in kernel/exit.c',
      evidence: told,
    }),
    counts(
      cell,
      'together',
      togetherExpected(kind, cell.settings, peersOf(tried), windowMs),
      together,
      'attempts',
      {
        claim:
          kind === 'lockstep'
            ? 'all of them ask again together'
            : 'at no time do more of them ask together than chance allows',
        formula:
          kind === 'lockstep'
            ? `${connections} within ${windowMs} ms: each waits ${limits.baseMs} ms`
            : `${peersOf(tried)} attempts, each spread over ${limits.baseMs} ms or more: the share of ${windowMs} ms, up to the slack more where timers are late, +${SIGMAS} sd`,
        because: `${windowMs} ms: as long as it took to tell them, as their timers were late, and ${TOGETHER_MS} ms`,
        source: BROOKER,
        evidence: tried,
        short: `${together}`,
      },
    ),
    counts(cell, 'overflows', overflows, counted(cell.b, 'ListenOverflows', lost), 'overflows', {
      claim: "the queue of the server's kernel overflows for those who find no room in it",
      formula: `${peersOf(most)} asked while it listened and accepted nobody; room for ${room - 1} + 1`,
      because: 'the kernel throws their SYN away and says nothing; counted on the whole of this host',
      source: `${LISTEN}; nstat(8): TcpExtListenOverflows`,
      evidence: cell.b.ofHost('kernel:counters_read', lost),
      unseen: "this host's kernel does not tell",
    }),
    took(
      cell,
      'back',
      { minMs: waits.min.minMs, maxMs: Math.max(stillReadsMs, waits.max.maxMs) },
      lastTry,
      all,
      {
        claim: 'the last is back when its kernel has sent its SYN often enough',
        formula:
          waits.max.maxMs === 0
            ? `they find room: when the server accepts again, ${stillReadsMs} ms after the last attempt, + slack`
            : `a SYN that was thrown away is sent again after ${SYN_TIMEOUT_MS} ms, then after twice as long; once more where too many come again at once; + slack`,
        because: `${Math.round((all?.time ?? Number.NaN) - lost.from)} ms after the kill`,
        source: 'RFC 6298 section 2.1; ip-sysctl: tcp_syn_retries',
        evidence: [lastTry, all],
      },
    ),
  ]
}

function togetherExpected(
  kind: Kind,
  settings: ScaleSettings,
  attempts: number,
  windowMs: number,
): { min: number; max: number } {
  const { connections } = settings
  if (kind === 'lockstep') return { min: connections, max: connections }
  const { baseMs } = backoffOf(settings, JITTER[kind])
  const share = Math.min(1, TOGETHER_MS / baseMs)
  const late = Math.min(1, (windowMs + SLACK_MS) / baseMs)
  const spread = SIGMAS * Math.sqrt(attempts * late * (1 - late))
  return { min: Math.floor(connections * share), max: Math.ceil(attempts * late + spread) }
}
