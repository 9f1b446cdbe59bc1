/** The questions of lab:keepalive: asked of which run, answered from what it observed and from nothing else. */
import { describe, expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { questionsOf } from '../../labs/keepalive/questions.ts'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import type { FaultId } from '../../src/faults/registry.ts'
import type { Check, Observation } from '../../src/lab/checks.ts'
import { LabLog } from '../../src/lab/log.ts'
import {
  AnswerSheet,
  type Comparison,
  compare,
  observationWords,
  PREDICTIONS_SCHEMA,
  type Predictions,
  parsePredictions,
  type Question,
  questionsToAsk,
  summaryOf,
  withObserved,
} from '../../src/lab/predict.ts'
import { type Plan, selectionOf } from '../../src/plan/plan.ts'
import { mechanisms } from '../../src/programs/scripts/host-messages.ts'

const plan = {
  lab: 'keepalive',
  run: 'r',
  strike: 'server',
  watchMs: 12_000,
  ...selectionOf(
    keepalive,
    keepalive.cases.map(({ id }) => id),
    mechanisms,
  ),
} as unknown as Plan
const STRUCK_AT = 1000
const WATCHED_MS = 12_000
const NOTHING: Observation = { value: null, watchedMs: WATCHED_MS }
const after = (value: number): Observation => ({ value, unit: 'ms' })

function check(id: string, observed: Observation, verdict: Check['verdict'] = 'pass'): Check {
  const because = verdict === 'skipped' ? 'there is no cable here' : ''
  return {
    id,
    claim: '',
    formula: '',
    expected: { value: null },
    observed,
    verdict,
    because,
    source: '',
    evidence: [],
  }
}

/** Events one after the other, a strike of one fault around them. */
class Story {
  readonly #events: LabEvent[] = []
  readonly #fault: FaultId

  constructor(fault: FaultId) {
    this.#fault = fault
    this.says('lab', 'fault:striking', { ...this.#detail, promise: '' }, undefined, STRUCK_AT)
  }

  get #detail() {
    return { fault: this.#fault, pair: this.#fault, struck: `${this.#fault}-b` }
  }

  says<N extends EventName>(
    host: string,
    name: N,
    data: EventData<N>,
    group_id?: string,
    time = STRUCK_AT + 10 * this.#events.length,
  ): this {
    const seq = this.#events.length
    this.#events.push({ host, name, data, time, seq, group_id } as unknown as LabEvent)
    return this
  }

  believes(group: string, ...beliefs: EventData<'belief:updated'>['new'][]): this {
    for (const belief of beliefs) {
      const data = { old: 'up', new: belief, trigger: 'heard', certainty: 'unknown' } as const
      this.says(`${this.#fault}-a`, 'belief:updated', data, group)
    }
    return this
  }

  kernel(mechanism: string, counts: { retransmits: number; unansweredProbes: number }): this {
    const entry = { state: 'ESTABLISHED', timer: 'none', sendQueueBytes: 0, receiveQueueBytes: 0 } as const
    const data = { local: '', remote: '', old: null, new: { ...entry, ...counts } }
    return this.says(`${this.#fault}-a`, 'kernel:socket_updated', data, `${mechanism}:1`)
  }

  get log(): LabLog {
    const watched = STRUCK_AT + WATCHED_MS
    return new LabLog(this.says('lab', 'watch:ended', this.#detail, undefined, watched).#events)
  }
}

function question(id: string, of = plan): Question {
  const found = questionsOf(of).find((one) => one.id === id)
  if (found === undefined) throw new Error(`no question "${id}"`)
  return found
}

/** One line a case: what was observed, and the choice that it supports. */
type Case = [observed: string, log: LabLog, checks: Check[], choice: string | null]

const cut = () => new Story('cut')
/** Both ends of the idle connection, so long after the strike. */
const bothDown = (...afterMs: [number, number]) =>
  afterMs.reduce((story, ms, index) => {
    const data = { old: 'up', new: 'down', trigger: 'etimedout', certainty: 'unknown' } as const
    return story.says(index === 0 ? 'cut-a' : 'cut-b', 'belief:updated', data, 'tcp-idle:1', STRUCK_AT + ms)
  }, cut()).log
const ends = (a: Observation, b: Observation) => [
  check('cut/tcp-idle/detected', a),
  check('cut/tcp-idle/struck-end', b),
]
const options = (keepalive: boolean): EventData<'kernel:options_read'> => ({
  local: '10.0.1.1:1',
  remote: '10.0.1.2:2',
  keepalive,
  keepaliveIdleMs: 7_200_000,
  keepaliveIntervalMs: 75_000,
  keepaliveProbes: 9,
  userTimeoutMs: 0,
})
const idle = (keepalive: boolean) =>
  new Story('none').says('none-a', 'kernel:options_read', options(keepalive), 'tcp-idle:1')
const quiet = [check('none/tcp-idle/detected', NOTHING)]
const wire = (observed: Observation) => [...quiet, check('none/tcp-idle/silent-wire', observed)]
const frozenSeenBy = (...noticed: string[]) =>
  mechanisms.map((id) => check(`freeze/${id}/detected`, noticed.includes(id) ? after(3000) : NOTHING))
const told = (trigger: string) => [
  check('kill/tcp-idle/like-exit', { value: trigger }),
  check('exit/tcp-idle/detected', after(9)),
  check('kill/tcp-idle/detected', after(9)),
]
const exitSaid = (trigger: 'fin' | 'econnreset') =>
  new Story('exit').says(
    'exit-a',
    'belief:updated',
    { old: 'up', new: 'down', trigger, certainty: 'definite' },
    'tcp-idle:1',
  ).log
const late = (value: Observation['value']) => [
  check('freeze/tcp-heartbeat/late', typeof value === 'number' ? after(value) : { value }),
]
const pluggedIn = (noSyn: Observation, lateSegment: Observation) => [
  check('cut/tcp-keepalive/half-open', { value: 'client gone, server ESTABLISHED and up' }),
  check('cut/tcp-keepalive/no-syn', noSyn),
  check('cut/tcp-keepalive/late-segment', lateSegment),
]
const accepted = cut().says(
  'cut-b',
  'tcp:accepted',
  { local: '', remote: '' },
  'tcp-keepalive:2',
  STRUCK_AT + WATCHED_MS + 500,
)
const cookies = (reset: string, reboot: string) => [
  check('reset/http-session/cookie', { value: reset }),
  check('reboot/http-session/cookie', { value: reboot }),
]
const busy = (retransmits: number, unansweredProbes: number) =>
  cut().kernel('tcp-busy', { retransmits, unansweredProbes }).log
const busyEnded = [check('cut/tcp-busy/detected', after(4000))]

const cases: Record<string, Case[]> = {
  'cut-idle': [
    ['nobody notices', cut().log, ends(NOTHING, NOTHING), 'nothing'],
    ['one end notices', cut().log, ends(after(50), NOTHING), 'one-end'],
    ['both notice at once', bothDown(50, 60), ends(after(50), after(60)), 'at-once'],
    ['both notice in time', bothDown(50, 4000), ends(after(50), after(4000)), 'later'],
  ],
  'os-heartbeat': [
    ['no packet, option off', idle(false).log, wire(NOTHING), 'none'],
    ['nothing captured, option off', idle(false).log, quiet, 'none'],
    ['no packet, option on', idle(true).log, wire(NOTHING), 'hours'],
    ['packets', idle(true).log, wire({ value: 'keepalive-probe sent' }), 'seconds'],
    ['a system that does not tell', new Story('none').log, quiet, null],
  ],
  frozen: [
    ['all notice', new Story('freeze').log, frozenSeenBy(...mechanisms), 'all'],
    ['none notices', new Story('freeze').log, frozenSeenBy(), 'none'],
    ['heartbeats notice', new Story('freeze').log, frozenSeenBy('tcp-heartbeat', 'websocket'), 'askers'],
    ['keepalive, too', new Story('freeze').log, frozenSeenBy('tcp-heartbeat', 'tcp-keepalive'), 'keepalive'],
    ['only what cannot', new Story('freeze').log, frozenSeenBy('udp'), null],
  ],
  'kill-or-exit': [
    ['FIN both times', exitSaid('fin'), told('fin'), 'same'],
    ['RST after the kill', exitSaid('fin'), told('econnreset'), 'reset'],
    ['RST both times', exitSaid('econnreset'), told('econnreset'), 'same'],
    ['silence after the kill', exitSaid('fin'), told('nothing'), 'nothing'],
  ],
  'late-answer': [
    ['up again', new Story('freeze').believes('tcp-heartbeat:1', 'suspect', 'down', 'up').log, late(2), 'up'],
    ['down for good', new Story('freeze').believes('tcp-heartbeat:1', 'down').log, late('down'), 'ignored'],
    [
      'another connection',
      new Story('freeze').believes('tcp-heartbeat:1', 'down').believes('tcp-heartbeat:2', 'up').log,
      late('down up'),
      'anew',
    ],
  ],
  'keepalive-while-sending': [
    ['data sent again', busy(3, 0), busyEnded, 'data'],
    ['probes', busy(0, 3), busyEnded, 'probes'],
    ['both', busy(2, 1), busyEnded, 'both'],
    ['it goes on', busy(0, 0), [check('cut/tcp-busy/detected', NOTHING)], 'nothing'],
    ['it ended, and no table was read', cut().log, busyEnded, null],
  ],
  'plugged-in-again': [
    ['silence, then RST', cut().log, pluggedIn(NOTHING, after(1)), 'reset'],
    ['a SYN by itself', cut().log, pluggedIn(after(200), NOTHING), 'by-itself'],
    ['a connection after the segment', accepted.log, pluggedIn(NOTHING, NOTHING), 'late-segment'],
    ['no answer at all', cut().log, pluggedIn(NOTHING, NOTHING), null],
  ],
  cookie: [
    ['accepted, refused', new LabLog([]), cookies('accepted', 'refused'), 'reset-only'],
    ['accepted twice', new LabLog([]), cookies('accepted', 'accepted'), 'both'],
    ['refused twice', new LabLog([]), cookies('refused', 'refused'), 'neither'],
    ['no answer', new LabLog([]), cookies('accepted', 'no answer'), null],
  ],
}

describe('the answer is what the run observed', () => {
  test('each choice of each question can come out', () => {
    for (const { id, choices } of questionsOf(plan)) {
      const reached = new Set(cases[id]?.map(([, , , choice]) => choice))
      expect([id, choices.filter((choice) => !reached.has(choice.id))]).toEqual([id, []])
      expect(choices.length).toBeLessThanOrEqual(9)
    }
  })

  for (const [id, own] of Object.entries(cases)) {
    test.each(own)(`${id}: %s`, (_, log, checks, choice) => {
      const answer = question(id).answer(log, checks, plan)
      expect(answer.choice).toBe(choice)
      expect(answer.observed).not.toMatch(/undefined|NaN|null/)
      // Packets are looked at where they are captured; elsewhere the question is answered without.
      const ids = checks.map((one) => one.id).filter((one) => one !== 'none/tcp-idle/silent-wire')
      expect(answer.checks).toEqual(expect.arrayContaining(ids))
    })

    test(`${id}: what was skipped here answers nothing, and says why`, () => {
      const skipped = (own[0]?.[2] ?? []).map((one) => check(one.id, { value: null }, 'skipped'))
      const answer = question(id).answer(new LabLog([]), skipped, plan)
      expect(answer.choice).toBeNull()
      expect(answer.observed).toContain('there is no cable here')
      expect(question(id).answer(new LabLog([]), [], plan).observed).toContain('no such check')
    })
  }

  test('the client writes in tcp-busy, whichever host is struck', () => {
    const struck: Plan = { ...plan, strike: 'client' }
    const answer = question('keepalive-while-sending', struck).answer(
      busy(3, 0),
      [check('cut/tcp-busy/struck-end', after(4000)), check('cut/tcp-busy/detected', NOTHING)],
      struck,
    )
    expect(answer.choice).toBe('data')
  })
})

describe('which questions are asked', () => {
  const ids = (some: readonly Question[]) => some.map(({ id }) => id)
  const wrongIn = (...questions: string[]): Predictions => ({
    schema: PREDICTIONS_SCHEMA,
    lab: 'keepalive',
    run: 'before',
    lockedAt: '2026-01-01T00:00:00.000Z',
    predictions: questions.map((id) => ({
      question: id,
      choice: 'this',
      answeredAt: '2026-01-01T00:00:00.000Z',
      observed: 'that',
    })),
  })
  const asked = (some: Partial<Plan>, before: Predictions | null = null) => {
    const own = { ...plan, ...some }
    return ids(questionsToAsk(questionsOf(own), own, before))
  }

  test('at least six, among them the six of the issue', () => {
    expect(asked({})).toEqual(
      expect.arrayContaining([
        'cut-idle',
        'os-heartbeat',
        'frozen',
        'kill-or-exit',
        'late-answer',
        'keepalive-while-sending',
      ]),
    )
  })

  test('only of what the run looks into', () => {
    expect(asked(selectionOf(keepalive, ['cut'], ['tcp-idle']))).toEqual(['cut-idle'])
    expect(asked(selectionOf(keepalive, ['kill'], mechanisms))).toEqual([])
    // Which memory a reboot of the browser's host takes is another question.
    expect(asked({ strike: 'client' })).not.toContain('cookie')
  })

  test('a mistake of the run before comes first, the others stay in order', () => {
    const usual = asked({})
    expect(asked({}, wrongIn('late-answer', 'frozen'))).toEqual([
      'frozen',
      'late-answer',
      ...usual.filter((id) => id !== 'frozen' && id !== 'late-answer'),
    ])
    expect(asked({}, { ...wrongIn('late-answer'), lab: 'tcp' })).toEqual(usual)
  })

  test.each([
    ['skipped', { choice: null, observed: 'that' }],
    ['right', { choice: 'that', observed: 'that' }],
    ['not observed', { choice: 'this', observed: null }],
  ])('what was %s is no mistake', (_, result) => {
    const before = wrongIn('cookie')
    const predictions = before.predictions.map((one) => ({ ...one, ...result }))
    expect(asked({}, { ...before, predictions })).toEqual(asked({}))
  })
})

describe('answers', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
  const two = [question('cut-idle'), question('cookie')]

  test('are taken once, and only if they are a choice', () => {
    const sheet = new AnswerSheet(two)
    expect(sheet.next?.id).toBe('cut-idle')
    expect(sheet.give('cut-idle', 'perhaps', at(1))).toBe(false)
    expect(sheet.give('frozen', 'all', at(1))).toBe(false)
    expect(sheet.give('cut-idle', 'later', at(1))).toBe(true)
    expect(sheet.give('cut-idle', 'nothing', at(2))).toBe(false)
    expect(() => sheet.lock(plan, at(3))).toThrow('"cookie" has no answer')
    expect(sheet.give('cookie', null, at(3))).toBe(true)
    expect(sheet.give('cookie', 'both', at(4))).toBe(false)
    expect(sheet.next).toBeUndefined()
    expect(sheet.lock(plan, at(5))).toEqual({
      schema: PREDICTIONS_SCHEMA,
      lab: 'keepalive',
      run: 'r',
      lockedAt: at(5).toISOString(),
      predictions: [
        { question: 'cut-idle', choice: 'later', answeredAt: at(1).toISOString(), observed: null },
        { question: 'cookie', choice: null, answeredAt: at(3).toISOString(), observed: null },
      ],
    })
  })

  test('are put beside the observation, and kept with it', () => {
    const sheet = new AnswerSheet(two)
    sheet.give('cut-idle', 'later', at(1))
    sheet.give('cookie', 'reset-only', at(2))
    const given = sheet.lock(plan, at(2))
    const checks = [...ends(NOTHING, NOTHING), ...cookies('accepted', 'refused')]
    const comparisons = compare(two, given, cut().log, checks, plan)
    expect(comparisons.map(({ verdict }) => verdict)).toEqual(['wrong', 'right'])
    expect(comparisons[0]?.checks.map(observationWords)).toEqual([
      'nothing, for 12.0 s',
      'nothing, for 12.0 s',
    ])

    const kept = withObserved(given, comparisons)
    expect(kept.predictions.map(({ choice, observed }) => [choice, observed])).toEqual([
      ['later', 'nothing'],
      ['reset-only', 'reset-only'],
    ])
    expect(parsePredictions(JSON.stringify(kept))).toEqual(kept)
  })

  test.each(['', '{', '[]', '{"schema":"stillhere/predictions@2"}', '{"schema":"stillhere/predictions@1"}'])(
    'a file that is none of ours is no memory: %s',
    (text) => expect(parsePredictions(text)).toBeNull(),
  )

  test.each<[Comparison['verdict'][], string]>([
    [['right'], 'You predicted the one correctly.'],
    [['right', 'right'], 'You predicted all 2 correctly.'],
    [
      ['wrong', 'right', 'unobserved'],
      'You predicted 1 of 2 correctly. What you got wrong comes first next time: a wrong guess is what one remembers best. 1 could not be observed in this run.',
    ],
    [['skipped', 'skipped'], '2 skipped; the next run asks again.'],
  ])('%j is summed up', (verdicts, words) => {
    expect(summaryOf(verdicts.map((verdict) => ({ verdict }) as Comparison))).toBe(words)
  })
})
