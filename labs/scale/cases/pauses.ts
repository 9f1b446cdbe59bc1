/** Who watches thousands may stand still itself. Whom does it suspect then, and when those who are really silent? */
import { availableParallelism } from 'node:os'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, took } from '../../../src/lab/claims.ts'
import type { ScaleSettings } from '../conditions.ts'
import { sourcesAt } from '../crowd.ts'
import { detection } from '../expectations.ts'
import { peersOf, whenCounted } from '../measured.ts'

/** Both of them on the same process, so that the same pause strikes both; each has half of the clients. */
const JUDGING = { guarded: 'guarded', watchdog: 'watchdog' } as const
type Row = keyof typeof JUDGING
const rows = Object.keys(JUDGING) as Row[]

/** Programs that do nothing but take processor time, for each processor. */
const HOGS_EACH = 2
const HOG = ['sh', '-c', 'while :; do :; done']

const LIFEGUARD = 'src/protocols/heartbeat/README.md; Dadgar, Phillips, Currey: Lifeguard, arXiv 1707.00788'
const CHEN = 'Chen, Toueg, Aguilera, IEEE TC 51(5), 2002'

export const pauses: CaseOf<ScaleSettings> = {
  id: 'pauses',
  promise: 'the watcher stands still; then processors are scarce; then all of its peers do',
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const [clients, server] = [rig.sockets(a).crowd, rig.sockets(b).crowd]
    const { beats: heartbeat, stallMs, hogsMs } = settings
    const count = peersEach(settings)
    const sources = await sourcesAt(rig, b, a, count)
    for (const row of rows) {
      const { backlog } = settings.restart
      const at = await server.serve(row, { port: 0, backlog, heartbeat, judging: JUDGING[row] })
      await clients.join(row, at, { count, sources, heartbeat })
    }
    await rig.sleep(2 * heartbeat.intervalMs)

    rig.mark(pair, 'stalling')
    await server.stall(rows[0] as Row, stallMs)
    await rig.sleep(2 * heartbeat.intervalMs)
    rig.mark(pair, 'recovered')

    const processors = HOGS_EACH * availableParallelism()
    const hogs = await Promise.all(
      Array.from({ length: processors }, () => rig.start(b, HOG, { name: 'hog' })),
    )
    rig.mark(pair, 'scarce')
    await rig.sleep(hogsMs)
    await Promise.all(hogs.map((hog) => hog.end()))
    rig.mark(pair, 'plenty')

    await rig.sleep(heartbeat.intervalMs)
    rig.mark(pair, 'silent')
    await clients.stall(rows[0] as Row, heartbeat.suspectAfterMs + 2 * SLACK_MS)
    rig.mark(pair, 'speaking')
    for (const row of rows) await Promise.all([clients.leave(row), server.leave(row)])
  },

  rows: {
    guarded: (cell) => [stalled(cell, 0), ...scarce(cell), ...silence(cell)],
    watchdog: (cell) => [stalled(cell, peersEach(cell.settings)), ...silence(cell)],
  },
}

function peersEach({ connections }: ScaleSettings): number {
  return Math.floor(connections / rows.length)
}

/** @param suspects whom it suspects, who were there all the time */
function stalled(cell: Cell<ScaleSettings>, suspects: number): Claims[number] {
  const { suspectAfterMs, stallMs } = { ...cell.settings.beats, ...cell.settings }
  const pause = cell.between('stalling', 'recovered')
  const found = pause === null ? undefined : cell.b.all('crowd:suspected', pause)
  const paused = pause === null ? 0 : cell.b.pausedMs(pause)
  return counts(cell, 'stalled', suspects, found && peersOf(found), 'peers', {
    claim:
      suspects === 0
        ? 'it stands still for longer than it allows its peers to, and suspects none of them'
        : 'it stands still for longer than it allows its peers to, and then suspects all of them',
    formula:
      suspects === 0
        ? `a pause of its own is no silence of a peer: 0 of ${peersEach(cell.settings)}`
        : `${stallMs} ms > ${suspectAfterMs} ms: each of ${suspects} timers is over before anything is read`,
    because:
      suspects === 0
        ? `it noticed that it had not run for ${paused} ms`
        : 'what they said meanwhile waits in its sockets, and timers come first',
    source: LIFEGUARD,
    evidence: [...(found ?? []), ...(pause === null ? [] : cell.b.ofHost('crowd:stalled', pause))],
    short: `${peersOf(found ?? [])}`,
  })
}

function scarce(cell: Cell<ScaleSettings>): Claims {
  const period = cell.between('scarce', 'plenty')
  const found = period === null ? undefined : cell.b.all('crowd:suspected', period)
  return [
    counts(cell, 'scarce', 0, found && peersOf(found), 'peers', {
      claim: 'where programs wait for a processor, it suspects nobody who is there',
      formula: `0 of ${peersEach(cell.settings)}`,
      because: `${HOGS_EACH} busy programs for each processor, for ${cell.settings.hogsMs} ms; its own process did not run for ${period === null ? '?' : cell.b.pausedMs(period)} ms of it, as far as it noticed`,
      source: LIFEGUARD,
      evidence: found ?? [],
    }),
  ]
}

function silence(cell: Cell<ScaleSettings>): Claims {
  const period = cell.between('silent', 'speaking')
  const stood = period && cell.a.ofHost('crowd:stalled', period)[0]
  if (!stood) return []
  // Who stood still says so afterwards.
  const silent = { from: stood.time - stood.data.stalledMs, to: stood.time }
  const suspected = cell.b.all('crowd:suspected', silent)
  const peers = peersEach(cell.settings)
  const { minMs, maxMs } = detection(cell.settings.beats)
  const paused = cell.b.pausedMs(silent)
  const noticed = paused === 0 ? '' : ` + ${paused} ms in which it did not run`
  return [
    counts(cell, 'found', peers, peersOf(suspected), 'peers', {
      claim: 'all of them fall silent, and it suspects each of them',
      formula: `${peers} silent peers`,
      because: 'their program stands still: its kernel acknowledges what is sent to them, and nobody answers',
      source: CHEN,
      evidence: suspected,
    }),
    took(cell, 'first', { minMs, maxMs: maxMs + paused }, silent.from, suspected[0], {
      claim: 'the first no sooner than its limit allows',
      formula: `limit - interval .. limit = ${minMs} .. ${maxMs} ms${noticed} + slack`,
      because: 'each was heard last at most an interval before',
      source: CHEN,
    }),
    took(cell, 'last', { minMs, maxMs: maxMs + paused }, silent.from, whenCounted(suspected, peers), {
      claim: 'and the last no later, however many they are',
      formula: `limit - interval .. limit = ${minMs} .. ${maxMs} ms${noticed} + slack`,
      because: 'a timer that is over is not late for the number of the others',
      source: CHEN,
    }),
  ]
}
