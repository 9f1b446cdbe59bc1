/** Which claims of a run count, and what stands in the place of those that do not. */
import { describe, expect, test } from 'vitest'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'

const plan = { cells: ['loss/udp'] } as unknown as Plan
const strike = { fault: 'cut', pair: 'loss', struck: 'loss-b' }

function claim(id: string, value: number | null): TimedClaim {
  const expected = { min: 3, max: 3, unit: 'packets' }
  const words = { claim: '', formula: '', because: '', source: '', evidence: [] }
  return { claim: { id, ...words, expected, observed: { value, unit: 'packets' } }, from: 0, to: 10 }
}

function logOf(...events: { [N in EventName]: [N, EventData<N>] }[EventName][]): LabLog {
  return new LabLog(
    events.map(([name, data], seq) => ({ host: 'lab', time: seq, seq, name, data }) as unknown as LabEvent),
  )
}

function verdictsOf(log: LabLog, ...claims: TimedClaim[]): string[] {
  return judgeCases(log, plan, claims).map(({ id, verdict, because }) => `${id} ${verdict} ${because}`.trim())
}

const began = ['case:started', { pair: 'loss', promise: '' }] as const
const over = ['case:ended', { pair: 'loss' }] as const

describe('a claim counts', () => {
  test('when its case was run to its end', () => {
    expect(verdictsOf(logOf([...began], [...over]), claim('loss/udp/seen', 3))).toEqual([
      'loss/udp/seen pass',
    ])
    expect(verdictsOf(logOf([...began], [...over]), claim('loss/udp/seen', 2))).toEqual([
      'loss/udp/seen fail',
    ])
  })

  test('when its case is a strike whose watch has ended', () => {
    const log = logOf(['fault:striking', { ...strike, promise: '' }], ['watch:ended', strike])
    expect(verdictsOf(log, claim('loss/udp/seen', 3))).toEqual(['loss/udp/seen pass'])
  })

  test('only of a cell that the run has', () => {
    expect(verdictsOf(logOf([...began], [...over]), claim('loss/tcp/seen', 3))).toEqual([
      'loss/udp/observed skipped nothing was observed that could be judged',
    ])
  })
})

test.each<[string, LabLog, string]>([
  [
    'the run was interrupted',
    logOf([...began], ['run:ended', { because: 'SIGINT' }]),
    'the run ended before: SIGINT',
  ],
  ['the run broke off', logOf([...began]), 'the run did not come to its end'],
  ['the hosts cannot show it', logOf(['case:skipped', { case: 'loss', because: 'no netem' }]), 'no netem'],
  [
    'the fault was not seen to happen',
    logOf(
      ['fault:striking', { ...strike, promise: '' }],
      ['fault:unverified', { ...strike, problem: 'it answers' }],
      ['watch:ended', strike],
    ),
    'the fault was not seen to happen: it answers',
  ],
])('no claim counts when %s', (_what, log, because) => {
  expect(verdictsOf(log, claim('loss/udp/seen', 3))).toEqual([`loss/udp/observed skipped ${because}`])
})
