/** Predict, observe, explain over the page's real server: what is held back, from whom, and for how long. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { PREDICTIONS_SCHEMA, type Predictions } from '../../src/lab/predict.ts'
import type { Choice } from '../../src/page/messages.ts'
import { temporaryFolder } from '../support/cli.ts'
import { askingLab, type Listener, OBSERVED, pageUnderTest, someEvents } from './support.ts'

const CHOICE: Choice = {
  lab: 'keepalive',
  play: false,
  predict: true,
  hosts: 'process',
  strike: 'server',
  cases: keepalive.cases.map(({ id }) => id),
  mechanisms: [...keepalive.mechanisms],
}
/** Several times what the server waits between two batches. */
const QUIET_MS = 250
const LOCKED = 'no question of that run is open: its answers are locked\n'

async function asking(choice: Partial<Choice> = {}) {
  const out = temporaryFolder()
  const under = await pageUnderTest(out, { keepalive: askingLab })
  under.runs.checks = [OBSERVED]
  return {
    ...under,
    out,
    file: join(out, 'run-1', 'predictions.json'),
    start: () => under.order('/api/start', { ...CHOICE, ...choice }),
    predict: (question: string, choice: string | null, run = 'run-1') =>
      under.order('/api/predict', { run, question, choice }),
    skipAll: (run = 'run-1') => under.order('/api/skip', { run }),
  }
}

function stateOf({ messages }: Listener) {
  return messages.findLast((message) => message.type === 'state')?.state
}

function openIn(listener: Listener): string | undefined {
  return stateOf(listener)?.asked?.open?.id
}

function toldTo({ messages }: Listener) {
  return messages.find((message) => message.type === 'told')?.told
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Predictions

test('nothing of a run reaches a browser before the last answer; then everything does, and it goes on', async () => {
  const { browser, start, predict, runs, ask, out } = await asking()
  const one = await browser()
  await start()
  runs.emit(someEvents(0, 40))
  await one.until(() => openIn(one) === 'who')
  expect(stateOf(one)?.asked).toEqual({
    count: 2,
    open: {
      id: 'who',
      text: 'who notices?',
      number: 1,
      choices: [
        { id: 'all', text: 'all of them' },
        { id: 'none', text: 'nobody at all' },
      ],
    },
  })
  // Neither by a connection made later, nor out of the folder of runs.
  writeFileSync(join(out, 'run-1', 'plan.json'), JSON.stringify(runs.plans[0]))
  const two = await browser({ run: 'run-1', since: 0 })
  expect(await ask('/api/runs/run-1')).toMatchObject({ status: 409 })
  expect((await ask('/api/runs')).body).toBe('[]')
  expect((await predict('who', 'all')).status).toBe(200)
  runs.emit(someEvents(40, 50))
  await two.until(() => openIn(two) === 'when')
  await quiet()
  for (const { messages } of [one, two]) {
    expect(messages.every(({ type }) => type === 'state')).toBe(true)
    expect(JSON.stringify(messages)).not.toMatch(/tcp:written|reason|not one of them/)
  }

  await predict('when', null)
  for (const each of [one, two]) await each.until(() => each.events.length === 50)
  runs.emit(someEvents(50, 60))
  for (const each of [one, two]) {
    await each.until(() => each.events.length === 60)
    expect(each.events.map(({ seq }) => seq)).toEqual(someEvents(0, 60).map(({ seq }) => seq))
    expect(stateOf(each)?.asked).toEqual({ count: 2, open: null })
  }
  expect((await ask('/api/runs')).body).toContain('run-1')
})

test('whoever answers first has answered for all, and no answer can be changed', async () => {
  const { browser, start, predict, skipAll, file } = await asking()
  const [one, two] = [await browser(), await browser()]
  await start()
  for (const each of [one, two]) await each.until(() => openIn(each) === 'who')
  const both = await Promise.all([predict('who', 'all'), predict('who', 'none')])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  const taken = both[0]?.status === 200 ? 'all' : 'none'
  for (const each of [one, two]) await each.until(() => openIn(each) === 'when')
  // A browser that is reloaded comes back to the open question.
  const reloaded = await browser()
  await reloaded.until(() => openIn(reloaded) === 'when')
  expect(existsSync(file)).toBe(false)

  expect((await skipAll()).status).toBe(200)
  const { schema, run, lockedAt, predictions } = read(file)
  expect([schema, run]).toEqual([PREDICTIONS_SCHEMA, 'run-1'])
  expect(Date.parse(lockedAt)).toBeGreaterThan(0)
  expect(predictions).toMatchObject([
    { question: 'who', choice: taken, observed: null },
    { question: 'when', choice: null, observed: null },
  ])
  for (const late of [await predict('who', 'none'), await predict('when', 'all'), await skipAll()]) {
    expect([late.status, late.body]).toEqual([409, LOCKED])
  }
  expect(read(file).predictions).toEqual(predictions)
})

test('after the end each prediction stands beside what was observed, for a browser that comes later as well', async () => {
  const { browser, start, predict, runs, file, page, out } = await asking()
  await start()
  await predict('who', 'all')
  await predict('when', 'none')
  const one = await browser()
  runs.emit(someEvents(0, 5))
  await one.until(() => one.events.length === 5)
  expect(toldTo(one)).toBeUndefined()
  runs.end()
  const later = await browser()
  for (const each of [one, later]) {
    await each.until(() => toldTo(each) !== undefined)
    expect(each.phase).toBe('ended')
    expect(toldTo(each)).toEqual({
      summary:
        'You predicted 0 of 1 correctly. What you got wrong comes first next time: a wrong guess is what one remembers best. 1 could not be observed in this run.',
      predictions: [
        {
          question: 'who notices?',
          predicted: 'all of them',
          observed: 'nobody at all',
          verdict: 'wrong',
          seen: 'not one of them',
          checks: [{ id: 'cut/udp/detected', observed: 'nothing, for 12.0 s', verdict: 'pass' }],
          explanation: 'the reason of who',
        },
        expect.objectContaining({ predicted: 'nobody at all', observed: null, verdict: 'unobserved' }),
      ],
    })
  }
  expect(read(file).predictions.map(({ observed }) => observed)).toEqual(['none', null])
  // Whoever opens the report later finds them there, too.
  await page.close()
  expect(readFileSync(join(out, 'run-1', 'report.html'), 'utf8')).toContain(
    '<dt>you said</dt><dd>all of them</dd>',
  )
})

test.each(['ends', 'is stopped'])(
  'a question stays open when the run %s; then the results show',
  async (how) => {
    const { browser, start, predict, skipAll, runs, order, file } = await asking()
    const one = await browser()
    await start()
    runs.emit(someEvents(0, 5))
    await predict('who', 'none')
    if (how === 'ends') runs.end()
    else await order('/api/stop', {})
    await one.until(() => one.phase === 'ended')
    await quiet()
    expect(one.messages.every(({ type }) => type === 'state')).toBe(true)
    expect(stateOf(one)).toMatchObject({ verdict: null, asked: { open: { id: 'when' } } })
    expect(await start()).toMatchObject({
      status: 409,
      body: 'the last run waits for your predictions; answer or skip them\n',
    })
    await skipAll()
    await one.until(() => toldTo(one) !== undefined)
    expect(one.events).toHaveLength(5)
    expect(one.messages.some(({ type }) => type === 'report')).toBe(true)
    expect(stateOf(one)?.verdict).toBe('pass')
    expect(toldTo(one)?.predictions.map(({ verdict }) => verdict)).toEqual(['right', 'skipped'])
    expect(read(file).predictions.map(({ observed }) => observed)).toEqual(['none', null])
    expect((await start()).body).toBe('{"run":"run-2"}')
    expect((await skipAll()).body).toBe(LOCKED)
  },
)

test('a run that fails asks no more', async () => {
  const { browser, start, predict, runs, file } = await asking()
  const one = await browser()
  await start()
  runs.emit(someEvents(0, 5))
  runs.fail('no memory')
  await one.until(() => one.phase === 'failed' && one.events.length === 5)
  expect(stateOf(one)).toMatchObject({ problem: 'no memory', asked: null })
  expect((await predict('who', 'all')).body).toBe(LOCKED)
  expect(existsSync(file)).toBe(false)
})

test.each<[string, Partial<Choice>]>([
  ['whoever does not want to be asked', { predict: false }],
  ['whoever strikes by hand', { play: true }],
])('%s is not asked', async (_who, choice) => {
  const { browser, start, runs, skipAll } = await asking(choice)
  const one = await browser()
  await start()
  runs.emit(someEvents(0, 5))
  await one.until(() => one.events.length === 5)
  expect(stateOf(one)?.asked).toBe(null)
  expect((await skipAll()).status).toBe(409)
})

test('what was predicted wrongly the last time comes first', async () => {
  const { browser, start, out } = await asking()
  const answeredAt = new Date().toISOString()
  const before: Predictions = {
    schema: PREDICTIONS_SCHEMA,
    lab: 'keepalive',
    run: 'before',
    lockedAt: answeredAt,
    predictions: [{ question: 'when', choice: 'all', answeredAt, observed: 'none' }],
  }
  mkdirSync(join(out, 'latest'))
  writeFileSync(join(out, 'latest', 'predictions.json'), JSON.stringify(before))
  const one = await browser()
  await start()
  await one.until(() => openIn(one) === 'when')
})

test('an answer that is none is refused with a sentence, by the same locks', async () => {
  const { start, predict, order, rightHeaders } = await asking()
  await start()
  expect(await predict('who', 'everybody')).toMatchObject({
    status: 422,
    body: 'that question has no choice "everybody"\n',
  })
  expect((await predict('when', 'all')).status).toBe(409)
  expect((await predict('who', 'all', 'run-0')).body).toBe(LOCKED)
  const answer = { run: 'run-1', question: 'who', choice: 'all' }
  for (const wrong of [{ ...answer, choice: 7 }, { ...answer, more: 1 }, { run: 'run-1' }, [answer]]) {
    expect((await order('/api/predict', wrong)).status).toBe(400)
  }
  expect((await order('/api/skip', {})).status).toBe(400)
  const { 'x-stillhere-token': _, ...without } = rightHeaders
  expect((await order('/api/predict', answer, without)).status).toBe(401)
  expect((await order('/api/skip', answer, { ...rightHeaders, origin: 'http://evil.example' })).status).toBe(
    403,
  )
  expect((await predict('who', 'all')).status).toBe(200)
})
