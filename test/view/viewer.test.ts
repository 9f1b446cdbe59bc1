import { describe, expect, test } from 'vitest'
import { escapedXml } from '../../src/foreign/printable.ts'
import { layout } from '../../src/view/layout.ts'
import { toSvg } from '../../src/view/svg.ts'
import { Cells, storyCell } from '../../src/view/viewer/cells.ts'
import { EventIndex } from '../../src/view/viewer/event-index.ts'
import { element, htmlOf } from '../../src/view/viewer/markup.ts'
import { binsOf } from '../../src/view/viewer/overview.ts'
import { evidenceOf, partsOf } from '../../src/view/viewer/parts.ts'
import { inWindow, moved } from '../../src/view/viewer/time-window.ts'
import { fromOneEnd, visible } from '../../src/view/viewer/visible.ts'
import { madeUpRun } from '../support/made-up-run.ts'

const run = madeUpRun()
const { events } = run.log
const cut = layout(events, { pair: 'cut', connection: 'tcp-keepalive' })

function cellsOf({ plan, log, report }: typeof run, judged = true): Cells {
  const cells = new Cells(plan, null)
  for (const event of log.events) cells.note(event)
  if (judged) cells.setChecks(report.checks)
  return cells
}

describe('the matrix', () => {
  test('has a cell for each fault and mechanism, with sign, seconds and verdict', () => {
    const all = cellsOf(run).all()
    expect(all).toHaveLength(81)
    const cell = all.find(({ id }) => id === 'cut/tcp-keepalive')
    expect(cell).toMatchObject({ verdict: 'pass', origin: 'observed' })
    expect(cell?.text).toMatch(/^HB \d\.\d$/)
    expect(all.find(({ id }) => id === 'none/udp')).toMatchObject({ text: 'quiet', verdict: 'pass' })
  })

  test('shows while the run goes on what has been seen, and judges nothing', () => {
    const cells = new Cells(run.plan, null)
    const texts = () => cells.cell('cut', 'tcp-idle').text
    expect(texts()).toBe('...')
    const down = events.findIndex(
      (event) =>
        event.name === 'belief:updated' &&
        event.data.new === 'suspect' &&
        event.host === 'cut-a' &&
        event.group_id?.startsWith('tcp-idle') === true,
    )
    for (const event of events.slice(0, down)) cells.note(event)
    expect(texts()).toBe('...')
    for (const event of events.slice(down)) cells.note(event)
    expect(texts()).toMatch(/^HB /)
    expect(cells.all().every(({ verdict }) => verdict === null)).toBe(true)
  })

  test('says which cells nobody could observe', () => {
    const cells = cellsOf(madeUpRun({ impossible: ['cut', 'blip'] }))
    expect(cells.cell('cut', 'udp')).toMatchObject({ text: 'skipped', origin: 'skipped', verdict: 'skipped' })
    expect(storyCell(cells, run.plan)?.id).toBe('freeze/tcp-heartbeat')
    expect(storyCell(cellsOf(run), run.plan)?.id).toBe('cut/tcp-keepalive')
  })
})

describe('parts of a ladder', () => {
  test('are in the order in which toSvg draws them, each with a name', () => {
    for (const pair of ['none', 'cut', 'freeze']) {
      for (const connection of ['tcp-keepalive', 'udp']) {
        const ladder = layout(events, { pair, connection })
        for (const one of [ladder, visible(ladder, 200, 400), fromOneEnd(ladder, `${pair}-a`)]) {
          const names = [...toSvg(one).matchAll(/<g role="img" aria-label="([^"]*)"/g)].map(
            ([, name]) => name,
          )
          const parts = partsOf(one)
          expect(names).toHaveLength(parts.length)
          for (const [index, { key }] of parts.entries()) {
            const [kind = '', host = ''] = key.split(' ')
            if (['truth', 'belief', 'kernel', 'timer'].includes(kind))
              expect(names[index]?.toLowerCase()).toContain(escapedXml(host))
          }
        }
      }
    }
  })

  test('name the events that justify them', () => {
    const belief = partsOf(cut).find(({ key }) => key.startsWith('belief cut-a down'))
    const evidence = evidenceOf(belief ?? { reasons: [] }, events)
    expect(evidence[0]?.event).toMatchObject({ name: 'belief:updated', host: 'cut-a', data: { new: 'down' } })
    expect(evidence.length).toBeGreaterThan(1)
    const fault = partsOf(cut).find(({ key }) => key.startsWith('fault'))
    expect(evidenceOf(fault ?? { reasons: [] }, events).map(({ event }) => event?.name)).toEqual([
      'fault:striking',
      'fault:struck',
    ])
  })

  test('visible() keeps what crosses the window, and nothing else', () => {
    const rows = visible(cut, 300, 320)
    expect(rows.arrows.length).toBeLessThan(cut.arrows.length)
    expect(rows.beliefs.length).toBeGreaterThan(0)
    expect(rows.beliefs.every(({ y, height }) => y <= 320 && y + height >= 300)).toBe(true)
    expect(rows.height).toBe(cut.height)
  })

  test('one end alone knows neither the truth nor what became of what it sent', () => {
    const alone = fromOneEnd(cut, 'cut-a')
    expect(alone.truths).toEqual([])
    expect(alone.disagreements).toEqual([])
    expect(alone.faults).toEqual([])
    expect(new Set(alone.beliefs.map(({ host }) => host))).toEqual(new Set(['cut-a']))
    const sent = alone.arrows.filter(({ source }) => source === 'cut-a')
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.every(({ outcome, arrivedAt }) => outcome === 'unseen' && arrivedAt === null)).toBe(true)
    expect(alone.arrows.every(({ source, outcome }) => source === 'cut-a' || outcome === 'arrived')).toBe(
      true,
    )
  })
})

describe('time', () => {
  test('zooms around a moment, pans to the ends and no further, and out to everything', () => {
    const whole = { from: 1000, to: 17_000, origin: 5000 }
    const once = moved(whole, null, 'in', 5000)
    expect(once).toEqual({ from: 1000, to: 9000 })
    const twice = moved(whole, once, 'in', 5000)
    expect(twice).toEqual({ from: 3000, to: 7000 })
    expect(moved(whole, twice, 'later')).toEqual({ from: 5000, to: 9000 })
    expect(moved(whole, { from: 15_000, to: 17_000 }, 'later')).toEqual({ from: 15_000, to: 17_000 })
    expect(moved(whole, twice, 'out')).toEqual({ from: 1000, to: 9000 })
    expect(moved(whole, once, 'out')).toBeNull()
  })

  test('counts from the strike in a window before it, too', () => {
    const window = layout(events, { pair: 'cut', connection: 'tcp-keepalive', from: 1000, to: 3000 })
    expect(window.origin).not.toBe(cut.origin)
    const counted = inWindow(window, cut)
    expect(counted.origin).toBe(cut.origin)
    expect(counted.ticks.every(({ text }) => text.startsWith('\u2212'))).toBe(true)
  })

  test('a window shows a part of a ghost time and states the whole', () => {
    const [ghost] = cut.disagreements
    expect(ghost).toBeDefined()
    const from = (ghost?.from ?? 0) + 300
    const narrow = inWindow(
      layout(events, { pair: 'cut', connection: 'tcp-keepalive', from, to: from + 400 }),
      cut,
    )
    expect(narrow.disagreements.map(({ text }) => text)).toContain(ghost?.text)
    expect(
      narrow.beliefs.every((band) =>
        cut.beliefs.some(({ from, to }) => band.from === from && band.to === to),
      ),
    ).toBe(true)
  })

  test('the overview counts every message once', () => {
    const bins = binsOf(cut, 100)
    const drawn = cut.arrows.length + cut.groups.reduce((sum, { count }) => sum + count, 0)
    expect(bins.reduce((sum, { arrived, missing }) => sum + arrived + missing, 0)).toBeCloseTo(drawn)
    expect(bins.reduce((sum, { missing }) => sum + missing, 0)).toBe(
      cut.arrows.filter(({ outcome }) => outcome !== 'arrived').length,
    )
  })

  test('a ladder laid out from its own events is the one laid out from all', () => {
    const index = new EventIndex()
    for (const event of events) index.note(event)
    expect(index.eventsOf('cut').length).toBeLessThan(events.length / 5)
    expect(layout(index.eventsOf('cut'), { pair: 'cut', connection: 'tcp-keepalive' })).toEqual(cut)
    expect(index.connectionsOf('cut', 'tcp-keepalive')).toHaveLength(1)
  })
})

test('markup is text, whatever it contains', () => {
  const hostile = '</script><img src=x onerror="alert(1)">\u202e\u0000'
  const html = htmlOf(
    element('p', { title: hostile, hidden: true, id: undefined }, hostile, element('b', {}, 1)),
  )
  expect(html).not.toMatch(/<(?!\/?(p|b)\b)/)
  expect(html).toContain('<b>1</b>')
  expect(html).toContain(' hidden>')
  expect(html).not.toContain('\u202e')
})
