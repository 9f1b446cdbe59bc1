/** Fifty clients lose their server at one moment: when do they come back? Counted from their SYNs. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS, STAMP_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, took } from '../../../src/lab/claims.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import { randomFrom } from '../../../src/lab/random.ts'
import { AFTERWARDS_MS } from '../clients.ts'
import type { WebSocketSettings } from '../conditions.ts'
import { RFC_6455 } from '../connection.ts'
import { ARRIVAL_WINDOW_MS, peakExpected, peakOf } from '../expectations.ts'

/** How each kind draws its waits. */
const JITTER = { lockstep: 'none', jitter: 'full' } as const
/** More draws than any client makes attempts. */
const DRAWS = 20
/** Each client tries again after two seconds at the latest; the machine has a hundred of them. */
const ALL_BACK = { withinMs: 20_000 }

const BACKOFF = `${RFC_6455} section 7.2.3; src/protocols/reconnect/backoff.ts`
const BROOKER = 'M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015'

export const storm: CaseOf<WebSocketSettings> = {
  id: 'storm',
  promise: 'the server is killed and started again, and fifty clients of each kind want it back',
  needs: ['network'],
  inTurn: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { clients, downMs, baseMs, capMs, steadyAfterMs } = settings.storm
    const random = randomFrom(rig.plan.seed)
    const kinds = (['lockstep', 'jitter'] as const).filter((row) => rig.plan.cells.includes(`storm/${row}`))
    const ports = new Map<string, number>()
    for (const kind of kinds) {
      const { at } = await rig.sockets(b).webSocket.listen(kind)
      ports.set(kind, at.port)
      const limits = { baseMs, capMs, steadyAfterMs, jitter: JITTER[kind] }
      const draws = Array.from({ length: clients }, () => Array.from({ length: DRAWS }, random))
      await rig.sockets(a).webSocket.reconnecting(kind, at, { limits, draws })
      await rig.untilEvent(b, 'websocket:opened', { mechanism: kind, occurrence: clients })
    }
    rig.truth(a, 'answering', 'it answers')
    // All of them have lasted long enough for their next delay to be a first one.
    await rig.sleep(2 * steadyAfterMs)

    const { sinceMs } = await rig.strike('kill', pair, b)
    await rig.sleep(sinceMs + downMs - performance.now())
    await rig.restart(pair, b)
    for (const [kind, port] of ports) await rig.sockets(b).webSocket.listen(kind, { port })
    const back = { occurrence: clients, ...ALL_BACK }
    await Promise.all(kinds.map((mechanism) => rig.untilEvent(b, 'websocket:opened', { mechanism, ...back })))
    await rig.sleep(AFTERWARDS_MS)
  },

  rows: {
    lockstep: (cell) => [...inStep(cell), ...comeBack(cell)],
    jitter: comeBack,
  },
}

/** What came of the kill: who waited, until when, and the SYNs that arrived; null where not every one is known. */
function stormOf(cell: Cell, killedAt: number) {
  const since = { from: killedAt }
  const { a, b } = cell
  const waits = a.all('reconnect:waiting', since)
  const lateMs = a.all('reconnect:tried', since).map(({ data }) => data.lateMs)
  return {
    waits,
    due: waits.map(({ time, data }) => time + data.delayMs).sort((one, other) => one - other),
    /** By how much their own timers were late at the most. */
    ownLateMs: Math.ceil(Math.max(0, ...lateMs)),
    syns: ofKind(received(b.packets(since)), 'syn'),
    back: b.all('websocket:opened', since),
  }
}

function inStep(cell: Cell): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const { waits, ownLateMs, syns } = stormOf(cell, strike.began)
  const learned = waits.filter(({ data }) => data.attempt === 0)
  const learnedOverMs = Math.ceil((learned.at(-1)?.time ?? 0) - (learned[0]?.time ?? 0))
  const span = { minMs: 0, maxMs: learnedOverMs + ownLateMs }
  return [
    took(cell, 'first-round', span, syns === null ? null : syns[0], syns?.[learned.length - 1], {
      claim: 'the first attempts of all of them come together: doubling alone keeps them in step',
      formula: `all wait for the same bound: as far apart as they learned of it, ${learnedOverMs} ms, + ${ownLateMs} ms that their own timers were late + slack`,
      because: 'from the first SYN of the round to the last',
      source: BROOKER,
    }),
  ]
}

function comeBack(cell: Cell<WebSocketSettings>): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const { clients } = cell.settings.storm
  const { waits, due, ownLateMs, syns, back } = stormOf(cell, strike.began)
  const arrivals = syns?.map(({ time }) => time) ?? null
  // The one due first arrives first, or is as late as the one that overtook it: so they can be compared in order.
  const lateMs = arrivals?.map((moment, index) => moment - (due[index] ?? moment))
  const furthestMs = lateMs?.reduce((worst, ms) => (Math.abs(ms) > Math.abs(worst) ? ms : worst), 0) ?? null
  const inTime = { min: -STAMP_MS, max: ownLateMs + SLACK_MS }
  const peak = arrivals && peakOf(arrivals, ARRIVAL_WINDOW_MS)
  return [
    counts(cell, 'attempts', waits.length, syns, 'SYNs', {
      claim: 'each wait ends with one SYN, and there is no other',
      formula: 'as many as waits',
      because: `${clients} clients, ${waits.length} waits`,
      source: BACKOFF,
    }),
    counts(cell, 'as-drawn', inTime, furthestMs && Math.round(furthestMs), 'ms', {
      claim: 'and each comes when its wait is over',
      formula: `0 + ${ownLateMs} ms that its own timers were late + slack, after the moment that was drawn`,
      because: 'the one that is furthest from its moment',
      source: BACKOFF,
    }),
    counts(cell, 'peak', peakExpected(due, ownLateMs), peak, 'SYNs', {
      claim: `the fullest ${ARRIVAL_WINDOW_MS} ms have as many SYNs as the waits that were drawn allow`,
      formula: `as many as were due within ${ARRIVAL_WINDOW_MS} ms and the slack, at most; those due within ${ARRIVAL_WINDOW_MS} ms, spread over that and the slack, at least`,
      because: perWindow(arrivals ?? []),
      source: BROOKER,
      short: `${peak} SYNs`,
    }),
    counts(cell, 'back', clients, back, 'connections', {
      claim: 'all of them have the server back',
      formula: 'each of them once',
      because: `the last ${Math.round((back.at(-1)?.time ?? cell.watch.to) - strike.at)} ms after the server was killed`,
      source: BACKOFF,
    }),
  ]
}

/** `+0 ms: 50, +2000 ms: 50`: the windows that have any, counted from the first. */
function perWindow(arrivals: readonly number[]): string {
  const [start = 0] = arrivals
  const counts = new Map<number, number>()
  for (const moment of arrivals) {
    const window = Math.floor((moment - start) / ARRIVAL_WINDOW_MS) * ARRIVAL_WINDOW_MS
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  return [...counts].map(([window, count]) => `+${window} ms: ${count}`).join(', ')
}
