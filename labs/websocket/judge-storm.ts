/** Fifty clients lose their server at one moment: when do they come back? Counted from their SYNs. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, RFC_6455 } from './cell.ts'
import { ARRIVAL_WINDOW_MS, peakExpected, peakOf } from './expectations.ts'
import { exactly } from './judge-upgrade.ts'

const BACKOFF = `${RFC_6455} section 7.2.3; src/protocols/reconnect/backoff.ts`
const BROOKER = 'M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015'

export function stormClaims(cell: Cell): (TimedClaim | null)[] {
  const strike = cell.log.strikes.find(({ pair }) => pair === cell.id)
  if (strike === undefined || !cell.hasPackets) return []
  const { clients } = cell.plan.settings.storm
  const { a, b, row } = cell
  const waits = cell.log.all('reconnect:waiting', { host: a, mechanism: row, from: strike.began })
  const syns = cell.log
    .all('packet:captured', { host: b, mechanism: row, from: strike.began })
    .filter(({ data }) => data.kind === 'syn' && data.direction === 'received')
  const back = cell.log.all('websocket:opened', { host: b, mechanism: row, from: strike.began })
  const due = (wait: EventOf<'reconnect:waiting'>) => wait.time + wait.data.delayMs
  const arrivals = syns.map(({ time }) => time)
  const tried = cell.log.all('reconnect:tried', { host: a, mechanism: row, from: strike.began })
  const ownLateMs = Math.ceil(Math.max(0, ...tried.map(({ data }) => data.lateMs)))
  const learned = waits.filter(({ data }) => data.attempt === 0).map(({ time }) => time)
  const learnedOverMs = Math.ceil(Math.max(...learned) - Math.min(...learned))
  const expected = peakExpected(waits.map(due), ownLateMs)
  const peak = peakOf(arrivals, ARRIVAL_WINDOW_MS)
  const wholeRange = [strike.began, cell.watch.to] as const
  const isLockstep = row === 'lockstep'
  const firstArrivals = arrivals.slice(0, learned.length)
  // Who is due first arrives first, or is as late as whoever overtook it: so in order they can be compared.
  const inOrder = waits.map(due).sort((one, other) => one - other)
  const lateMs = arrivals.map((moment, index) => moment - (inOrder[index] ?? moment))
  const arrivedOver = Math.max(...firstArrivals) - Math.min(...firstArrivals)
  return [
    cell.timed('attempts', wholeRange, {
      claim: 'each wait ends with one SYN, and there is no other',
      formula: 'as many as waits',
      expected: exactly(waits.length, 'SYNs'),
      observed: { value: syns.length, unit: 'SYNs' },
      because: `${clients} clients, ${waits.length} waits`,
      source: BACKOFF,
    }),
    cell.timed('as-drawn', wholeRange, {
      claim: 'and each comes when its wait is over',
      formula: `0 + ${ownLateMs} ms that its own timers were late + slack, after the moment that was drawn`,
      expected: { min: -STAMP_MS, max: ownLateMs + SLACK_MS, unit: 'ms' },
      observed: {
        value: Math.round(lateMs.reduce((worst, ms) => (Math.abs(ms) > Math.abs(worst) ? ms : worst), 0)),
        unit: 'ms',
      },
      because: 'the one that is furthest from its moment',
      source: BACKOFF,
    }),
    isLockstep
      ? cell.timed('first-round', [strike.began, Math.max(...firstArrivals)], {
          claim: 'the first attempts of all of them come together: doubling alone keeps them in step',
          formula: `all wait for the same bound: as far apart as they learned of it, ${learnedOverMs} ms, + ${ownLateMs} ms that their own timers were late + slack`,
          expected: { min: 0, max: learnedOverMs + ownLateMs + SLACK_MS, unit: 'ms' },
          observed: { value: Math.round(arrivedOver), unit: 'ms' },
          because: 'from the first SYN of the round to the last',
          source: BROOKER,
        })
      : null,
    cell.timed('peak', wholeRange, {
      claim: `so many SYNs arrive in the fullest ${ARRIVAL_WINDOW_MS} ms`,
      formula: `as many as were due within ${ARRIVAL_WINDOW_MS} ms and the slack, at most; those due within ${ARRIVAL_WINDOW_MS} ms, spread over that and the slack, at least`,
      expected: { ...expected, unit: 'SYNs' },
      observed: { value: peak, unit: 'SYNs' },
      because: `${perWindow(arrivals)}`,
      source: BROOKER,
      short: `${peak} SYNs`,
    }),
    cell.timed('back', wholeRange, {
      claim: 'all of them have the server back',
      formula: 'each of them once',
      expected: exactly(clients, 'connections'),
      observed: { value: back.length, unit: 'connections' },
      because: `the last ${Math.round(Math.max(...back.map(({ time }) => time)) - strike.at)} ms after the server was killed`,
      source: BACKOFF,
    }),
  ]
}

/** `at +1000 ms 50, at +3000 ms 50`: the windows that have any, counted from the first. */
function perWindow(arrivals: readonly number[]): string {
  const [start = 0] = arrivals
  const counts = new Map<number, number>()
  for (const moment of arrivals) {
    const window = Math.floor((moment - start) / ARRIVAL_WINDOW_MS) * ARRIVAL_WINDOW_MS
    counts.set(window, (counts.get(window) ?? 0) + 1)
  }
  return [...counts].map(([window, count]) => `+${window} ms: ${count}`).join(', ')
}
