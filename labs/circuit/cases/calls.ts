/** How many calls are refused, when they come by chance? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'
import { callsOf } from '../conversations.ts'
import { refusals } from '../expectations.ts'
import { blocking } from '../measured.ts'
import { countsOf, percentOf, startedOf } from '../office.ts'

export const calls: CaseOf<CircuitSettings> = {
  id: 'calls',
  promise: 'thousands of calls come by chance, and each is really signalled; their clock waits for nobody',
  needs: ['exchange'],
  middle: 'exchange',
  exchange: officeOf('calls'),
  uncaptured: true,
  inTurn: true,

  async act(rig, pair, { lines, erlangs, callsEach }) {
    await rig.sockets(pair.b).telephone.attach('circuit', pair.a, { tells: false })
    const telephones = await rig.sockets(pair.a).telephone.attach('circuit', pair.b, { tells: false })
    await rig.countExchange(pair)
    for (const each of erlangs) {
      const schedule = callsOf(rig.plan.seed + each, { erlangs: each, count: callsEach })
      await telephones.play(lines, schedule)
      await rig.countExchange(pair)
    }
  },

  rows: {
    circuit(cell) {
      const { erlangs, callsEach } = cell.settings
      const slots = startedOf(cell)?.data.slots ?? Number.NaN
      const played = cell.a.all('telephone:calls_played')
      const counted = countsOf(cell)
      const arithmetic = erlangs.map((each) =>
        sumOf(refusals(callsOf(cell.plan.seed + each, { erlangs: each, count: callsEach }), slots)),
      )
      const byExchange = counted
        .slice(1)
        .map(({ data }, index) => data.blocked - (counted[index]?.data.blocked ?? 0))
      const heard = played.map(({ data }) => data.busy)
      return [
        ...blocking(cell).map(({ offered, theory, measured, within, counted }) => {
          const [expected, around] = [100 * theory, 100 * within]
          return counts(
            cell,
            `erlang-${offered}`,
            { min: Math.max(0, rounded(expected - around)), max: rounded(expected + around) },
            percentOf(measured.mean),
            'percent',
            {
              claim: `where ${offered} calls would be up at a time and there are ${slots} slots, so many are refused`,
              formula: `Erlang's B(${offered}, ${slots}) = ${rounded(expected)} %, within what such a sample can tell: ${rounded(around)}`,
              because: `of ${callsEach} calls by chance, each for a time by chance`,
              source: 'A. K. Erlang, 1917; ITU-T E.501',
              evidence: [counted],
              ...(offered === slots ? { short: `${Math.round(100 * measured.mean)} %` } : {}),
            },
          )
        }),
        says(cell, 'heard', byExchange.join(', '), heard.join(', '), {
          claim: 'the callers heard the busy tone as often as the exchange says that it gave it',
          formula: 'one number for each load, as the exchange counted',
          because: `by ${played.reduce((sum, { data }) => sum + data.calls, 0)} calls over real frames, in ${Math.round(played.reduce((sum, { data }) => sum + data.tookMs, 0))} ms`,
          source: 'src/wire/exchange.ts',
          evidence: [counted.at(-1), played.at(-1)],
        }),
        says(cell, 'exact', arithmetic.join(', '), heard.join(', '), {
          claim: 'and it is those of the schedule that find all slots taken, call by call',
          formula: 'the same schedule in arithmetic',
          because: 'who is refused depends on the others, and on nothing else',
          source: 'labs/circuit/expectations.ts: refusals',
          evidence: [played.at(-1)],
        }),
      ]
    },
  },
}

function rounded(percent: number): number {
  return Math.round(10 * percent) / 10
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
