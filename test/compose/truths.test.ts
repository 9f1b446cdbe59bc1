import { beforeEach, describe, expect, test } from 'vitest'
import { Arranger } from '../../src/compose/arrange.ts'
import { SERVER_PORTS } from '../../src/compose/constants.ts'
import { SILENT_MS, TruthFinder, UNHEARD_MS, WATCH_MS } from '../../src/compose/truths.ts'
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import { LabLog } from '../../src/lab/log.ts'
import { Lanes } from '../../src/page/lanes.ts'
import { CLIENT, entered, event, mapped } from './support.ts'

const GROUP = 'udp-heartbeat:41000'

let said: LabEvent[]
let arranger: Arranger
let finder: TruthFinder

beforeEach(() => {
  said = []
  arranger = new Arranger(SERVER_PORTS)
  finder = new TruthFinder()
  say(entered(0, 'server', '10.213.2.10', 'aaaaaaaaaaaa'))
  say(entered(100, 'client-1', CLIENT, 'bbbbbbbbbbbb'))
  say(mapped(110, 41_000, 41_000, CLIENT, 'udp-heartbeat'))
})

function say(...events: LabEvent[]): void {
  for (const one of events) said.push(...arranger.take([one]).flatMap((each) => finder.take(each)))
}

/** Both run, and hear each other, every second. */
function live(from: number, to: number, who = ['server', 'client-1'], hear = true): void {
  for (let time = from; time < to; time += 1000) {
    for (const host of who) {
      say(event(time, host, 'program:running', {}))
      if (hear) say(event(time + 1, host, 'heartbeat:pong_received', { number: 1 }, GROUP))
    }
  }
}

const truths = () =>
  said
    .filter((one): one is EventOf<'truth:updated'> => one.name === 'truth:updated')
    .map(({ time, host, data }) => ({ time, host, ...data }))
const last = (host: string) => truths().findLast((one) => one.host === host)
const strikes = () =>
  said
    .filter((one): one is EventOf<'fault:striking'> => one.name === 'fault:striking')
    .map(({ data }) => data)

test('two that run and hear each other are answering, and nothing has struck', () => {
  live(1000, 30_000)
  expect(truths().map(({ host, new: now }) => [host, now])).toEqual([
    ['client-1-a', 'answering'],
    ['client-1-b', 'answering'],
  ])
  expect(strikes()).toEqual([])
})

describe('inferred, and so unknown', () => {
  test('who writes nothing is frozen, or gone', () => {
    live(1000, 5000)
    live(5000, 9000, ['client-1'], false)
    expect(last('client-1-a')).toMatchObject({ new: 'frozen', certainty: 'unknown' })
    expect(last('client-1-a')?.time).toBeGreaterThan(4000 + SILENT_MS)
    expect(strikes()).toMatchObject([{ fault: 'freeze', struck: 'client-1-b' }])
    // It may have been so since its last line.
    expect(strikes()[0]?.uncertainMs).toBeGreaterThan(SILENT_MS)
    live(9000, 11_000)
    expect(last('client-1-a')).toMatchObject({ new: 'answering', certainty: 'definite', time: 9000 })
  })

  test('many connections that end at once: it is gone, though nobody saw how', () => {
    live(1000, 5000)
    for (const time of [5000, 5010, 5020])
      say(event(time, 'client-1', 'tcp:end_received', {}, `tcp-idle:${time}`))
    expect(last('client-1-a')).toMatchObject({ new: 'gone', certainty: 'unknown', time: 5020 })
    expect(strikes()).toMatchObject([{ fault: 'kill', struck: 'client-1-b' }])
  })

  test('who writes on had not ended: what was concluded is taken back, and nothing is judged by it', () => {
    live(1000, 5000)
    const up = { old: 'unknown', new: 'up', trigger: 'heard', certainty: 'definite' } as const
    say(event(4500, 'server', 'belief:updated', up, GROUP))
    for (const time of [5000, 5010, 5020])
      say(event(time, 'client-1', 'tcp:error_received', { code: 'ECONNRESET' }, `tcp-idle:${time}`))
    expect(last('client-1-a')).toMatchObject({ new: 'gone', certainty: 'unknown' })
    live(6000, 9000)
    expect(last('client-1-a')).toMatchObject({ old: 'gone', new: 'answering', time: 6000 })
    const lanes = new Lanes(['udp-heartbeat'])
    for (const one of said) lanes.take(one)
    expect(lanes.all[0]?.board.rows.get('udp-heartbeat')?.b.belief).toBe('up')
    const [unverified] = said.filter(({ name }) => name === 'fault:unverified')
    expect(unverified?.data).toMatchObject({ fault: 'kill', problem: 'it writes on: it had not ended' })
    expect(new LabLog(said.map((one, seq) => ({ ...one, seq }))).strikes).toMatchObject([
      { fault: 'kill', problem: 'it writes on: it had not ended' },
    ])
  })

  test('a router that passes nothing on ends connections by itself', () => {
    live(1000, 5000)
    say(event(5000, 'router', 'program:stopping', { because: 'SIGTERM' }))
    for (const time of [5100, 5110, 5120])
      say(event(time, 'client-1', 'tcp:error_received', { code: 'ECONNRESET' }, `tcp-idle:${time}`))
    expect(last('client-1-a')).toMatchObject({ new: 'unreachable', certainty: 'definite' })
  })

  test('be it within a fraction of a millisecond: the first to end was still up when it may have been struck', () => {
    live(1000, 5000)
    for (const time of [5000.1, 5000.2, 5000.4])
      say(event(time, 'client-1', 'tcp:end_received', {}, `tcp-idle:${time}`))
    const [strike] = strikes()
    expect(5000.4 - (strike?.uncertainMs ?? 0)).toBeLessThan(5000.1)
  })

  test('one connection that ends is no end of a host', () => {
    live(1000, 5000)
    say(event(5000, 'client-1', 'tcp:end_received', {}, 'tcp-idle:41001'))
    live(5001, 9000)
    expect(strikes()).toEqual([])
  })

  test('patience that ran out three times says nothing of the other end', () => {
    live(1000, 5000)
    for (const time of [5000, 5010, 5020])
      say(event(time, 'client-1', 'tcp:error_received', { code: 'ETIMEDOUT' }, `tcp-idle:${time}`))
    expect(strikes()).toEqual([])
  })

  test('both write, and neither hears: something is between them', () => {
    live(1000, 5000)
    live(5000, 10_000, ['server', 'client-1'], false)
    expect(last('client-1-a')).toMatchObject({ new: 'unreachable', certainty: 'unknown' })
    expect(last('client-1-b')).toMatchObject({ new: 'unreachable', certainty: 'unknown' })
    expect(last('client-1-a')?.time).toBeGreaterThan(4000 + UNHEARD_MS)
    live(10_000, 12_000)
    expect(last('client-1-a')).toMatchObject({ new: 'answering', because: 'they hear each other' })
  })

  test('after a pause nobody is deaf: what was not heard meanwhile is no silence', () => {
    live(1000, 5000)
    live(5000, 9000, ['client-1'], false)
    live(9000, 12_000, ['server', 'client-1'])
    expect(truths().filter(({ new: now }) => now === 'unreachable')).toEqual([])
  })
})

describe('for certain', () => {
  test('a program that says that it ends', () => {
    live(1000, 5000)
    say(event(5000, 'server', 'program:stopping', { because: 'SIGTERM' }))
    // What its clients see of it, and its own connections that are answered with FIN, is no second strike.
    for (const time of [5001, 5002, 5003]) {
      say(event(time, 'client-1', 'tcp:end_received', {}, `tcp-idle:${time}`))
      say(event(time, 'server', 'tcp:end_received', {}, `tcp-idle:${time}`))
    }
    expect(strikes()).toMatchObject([{ fault: 'exit', struck: 'client-1-b' }])
    expect(last('client-1-a')).toMatchObject({ new: 'gone', certainty: 'definite', time: 5000 })
    expect(last('client-1-b')).toMatchObject({ new: 'answering' })
    say(entered(8000, 'server', '10.213.2.10', 'aaaaaaaaaaaa'))
    expect(last('client-1-a')).toMatchObject({ new: 'answering', time: 8000 })
  })

  test('the router that says that it passes nothing on', () => {
    live(1000, 5000)
    const rules = (forwarding: 'open' | 'cut') => ({ forwarding, idleLimitSeconds: null, because: '' })
    say(event(5000, 'router', 'router:rules_updated', rules('cut')))
    expect(last('client-1-a')).toMatchObject({ new: 'unreachable', certainty: 'definite', time: 5000 })
    expect(last('client-1-b')).toMatchObject({ new: 'unreachable', certainty: 'definite', time: 5000 })
    say(event(6000, 'router', 'router:rules_updated', rules('open')))
    expect(last('client-1-a')).toMatchObject({ new: 'answering', time: 6000 })
  })

  test('and how long ago that may have begun', () => {
    live(1000, 5000)
    const rules = { forwarding: 'cut', idleLimitSeconds: null, because: '', uncertainMs: 420.3 } as const
    say(event(5000, 'router', 'router:rules_updated', rules))
    expect(strikes()).toMatchObject([{ fault: 'cut', uncertainMs: 421 }])
  })

  test('the engine, at the moment it names', () => {
    live(1000, 5000)
    say(event(4500, 'engine', 'container:reported', { container: 'aaaaaaaaaaaa', action: 'pause' }))
    expect(last('client-1-a')).toMatchObject({ new: 'frozen', certainty: 'definite', time: 4500 })
    say(event(5500, 'engine', 'container:reported', { container: 'aaaaaaaaaaaa', action: 'unpause' }))
    expect(last('client-1-a')).toMatchObject({ new: 'answering', time: 5500 })
    say(event(6000, 'engine', 'container:reported', { container: 'cccccccccccc', action: 'pause' }))
    expect(strikes()).toHaveLength(1)
  })

  test('a command that was announced, at the latest when it returned', () => {
    live(1000, 5000)
    say(event(5000, 'learner', 'container:announced', { act: 'disconnect server', phase: 'begins' }))
    say(event(6000, 'learner', 'container:announced', { act: 'disconnect server', phase: 'returned' }))
    expect(last('client-1-a')).toMatchObject({ new: 'unreachable', certainty: 'definite', time: 6000 })
    expect(strikes()).toMatchObject([{ uncertainMs: 1000 }])
  })

  test('who is heard again is connected again, though nobody said so', () => {
    live(1000, 5000)
    say(event(5000, 'engine', 'container:reported', { container: 'aaaaaaaaaaaa', action: 'disconnect' }))
    live(5001, 9000, ['server', 'client-1'], false)
    expect(last('client-1-a')).toMatchObject({ new: 'unreachable', time: 5000 })
    live(9001, 10_000)
    expect(last('client-1-a')).toMatchObject({ new: 'answering', because: 'they hear each other' })
  })

  test('a sign of what was announced comes before it returned', () => {
    live(1000, 5000)
    say(event(5000, 'learner', 'container:announced', { act: 'kill server', phase: 'begins' }))
    for (const time of [5500, 5510, 5520])
      say(event(time, 'client-1', 'tcp:end_received', {}, `tcp-idle:${time}`))
    say(event(6000, 'learner', 'container:announced', { act: 'kill server', phase: 'returned' }))
    expect(strikes()).toMatchObject([{ fault: 'kill', uncertainMs: 520 }])
    expect(last('client-1-a')).toMatchObject({ new: 'gone', certainty: 'definite', time: 5520 })
  })

  test('an announcement of something that does not exist is ignored', () => {
    live(1000, 5000)
    say(event(5000, 'learner', 'container:announced', { act: 'eat server', phase: 'begins' }))
    say(event(6000, 'learner', 'container:announced', { act: 'eat server', phase: 'returned' }))
    expect(strikes()).toEqual([])
  })
})

test('a watch ends by itself, when everything that will notice has noticed', () => {
  live(1000, 5000)
  live(5000, 5000 + SILENT_MS + WATCH_MS + 5000, ['client-1'], false)
  const watches = said.filter(({ name }) => name.startsWith('watch:')).map(({ name }) => name)
  expect(watches).toEqual(['watch:started', 'watch:ended'])
})

test('where nobody is left at the other end, nobody is struck', () => {
  live(1000, 5000)
  say(event(5000, 'client-1', 'program:stopping', { because: 'SIGTERM' }))
  say(event(6000, 'server', 'program:stopping', { because: 'SIGTERM' }))
  expect(strikes()).toMatchObject([{ struck: 'client-1-a' }])
})
