import { expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { skip } from '../../src/lab/checks.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import { plainStyle } from '../../src/lab/tale.ts'
import { type Change, decisiveChange } from '../../src/view/noticed.ts'
import { Cells } from '../../src/view/viewer/cells.ts'
import { htmlOf } from '../../src/view/viewer/markup.ts'
import { signMeanings, Waits } from '../../src/view/viewer/signs.ts'
import { matrixLegend } from '../../src/view/viewer/tables.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { LogBuilder } from './log-builder.ts'

const suspect = (trigger: Change['trigger']): Change => ({ new: 'suspect', trigger })
const down = (trigger: Change['trigger']): Change => ({ new: 'down', trigger })
const up: Change = { new: 'up', trigger: 'heard' }

test.each<[string, Change[], Change | undefined]>([
  ['nothing', [], undefined],
  ['a belief that came back', [up], undefined],
  ['a doubt', [suspect('heartbeat_missed'), up], suspect('heartbeat_missed')],
  ['an end after a doubt', [suspect('heartbeat_missed'), down('heartbeat_missed')], down('heartbeat_missed')],
  ['a kernel before its heartbeat', [suspect('heartbeat_missed'), down('etimedout')], down('etimedout')],
  [
    'an unanswered request, and the kernel later',
    [suspect('answer_missed'), down('etimedout')],
    suspect('answer_missed'),
  ],
  [
    'an unanswered request, and then the peer',
    [suspect('answer_missed'), down('econnreset')],
    down('econnreset'),
  ],
])('what decides is found in %s', (_what, changes, decisive) => {
  expect(decisiveChange(changes, (change) => change)).toEqual(decisive)
})

test('no cell changes its word when the run ends', () => {
  const run = madeUpRun()
  const http = new LogBuilder()
    .add(4000, 'lab', 'fault:striking', { fault: 'cut', pair: 'cut', struck: 'cut-b', promise: 'cut' }, null)
    .add(
      6600,
      'cut-a',
      'belief:updated',
      { old: 'up', new: 'suspect', trigger: 'answer_missed', certainty: 'unknown', silentMs: 1501 },
      'http-session:1',
    )
    .add(
      8400,
      'cut-a',
      'belief:updated',
      { old: 'suspect', new: 'down', trigger: 'etimedout', certainty: 'unknown' },
      'http-session:1',
    )
    .add(16_000, 'lab', 'watch:ended', { fault: 'cut', pair: 'cut', struck: 'cut-b' }, null)
  for (const events of [run.log.events, http.events]) {
    const cells = new Cells(run.plan, null)
    for (const event of events) cells.note(event)
    const before = cells.all().filter(({ text }) => text !== '...')
    expect(before.length).toBeGreaterThan(0)
    // As the judge has it, whose check is decided by the doubt.
    const [own] = run.report.checks.filter(({ id }) => id === 'cut/http-session/detected')
    cells.setChecks(
      run.report.checks.map((check) =>
        check === own ? { ...check, observed: { value: 2600, unit: 'ms' } } : check,
      ),
    )
    for (const { id, pair, mechanism, text } of before) {
      expect(`${id}: ${cells.cell(pair, mechanism).text}`).toBe(`${id}: ${text}`)
    }
  }
  const live = new Cells(run.plan, null)
  for (const event of http.events) live.note(event)
  expect(live.cell('cut', 'http-session').text).toBe('NA? 2.6')
})

test('of what may have no meaning nothing is said before it is judged', () => {
  const run = madeUpRun({ cases: ['reset'], mechanisms: ['udp', 'tcp-idle'] })
  const cells = new Cells(run.plan, null)
  for (const event of run.log.events) if (event.name !== 'belief:updated') cells.note(event)
  expect(cells.cell('reset', 'udp').text).toBe('...')
  cells.setChecks([skip('reset/udp/detected', 'what it notices', 'UDP has no connection to reset')])
  expect(cells.cell('reset', 'udp').text).toBe('n/a')
})

test('a lab with words of its own for its cells is not told in the words of another', () => {
  const run = madeUpRun({ cases: ['cut'] })
  const cells = new Cells({ ...run.plan, strike: null }, null)
  for (const event of run.log.events) cells.note(event)
  expect(new Set(cells.all().map(({ text }) => text))).toEqual(new Set(['...']))
})

test('the legend has the limits of this run', () => {
  const run = madeUpRun({ cases: ['cut'] })
  const halved = run.log.events.map((event) =>
    event.name === 'belief:updated' && event.data.silentMs !== undefined
      ? { ...event, data: { ...event.data, silentMs: event.data.silentMs / 2 } }
      : event,
  )
  const legendOf = (events: readonly LabEvent[]) => {
    const cells = new Cells(run.plan, null)
    for (const event of events) cells.note(event)
    return htmlOf(matrixLegend(cells, null))
  }
  expect(legendOf(run.log.events)).toContain('heard nothing for 3.5 s')
  expect(legendOf(halved)).toContain('heard nothing for 1.8 s')
  const told =
    (keepalive as unknown as Lab).table?.(new LabLog(halved), run.plan, run.report.checks, plainStyle) ?? ''
  expect(told).toContain('HB  the program heard nothing for 1.8 s')
  expect(signMeanings((sign) => sign === 'NA?', new Waits())).toEqual([
    ['NA?', 'the program has no answer after its whole limit, and goes on waiting'],
  ])
})
