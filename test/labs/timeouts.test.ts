/** The lab itself, run as a person runs it; its own checks are the assertions, and tshark counts after it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { TimeoutsSettings } from '../../labs/timeouts/conditions.ts'
import { timeouts } from '../../labs/timeouts/lab.ts'
import { readLog } from '../../src/events/parse.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { CONTROL_LATE_MS } from '../../src/lab/checks.ts'
import { LabLog } from '../../src/lab/log.ts'
import { quoted } from '../../src/lab/quote.ts'
import type { Report } from '../../src/lab/report.ts'
import { reportSchema } from '../../src/lab/run-files.ts'
import { type Plan, selectionOf } from '../../src/plan/plan.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tshark } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('timeouts', tier === 'netns')
const LAB_LIMIT_MS = 120_000
const FOLDER = join(import.meta.dirname, '../../labs/timeouts')

/** The asker's claims 8 and 16. */
const ASKED = [
  'idle/plain/quiet',
  'idle/plain/packets',
  'idle/plain/afterwards',
  'idle/keepalive/gives-up',
  'idle/keepalive/other-end',
  'busy/plain/gives-up',
  'busy/user-timeout/gives-up',
]
/** The race, step by step. */
const RACE = ['reset', 'fin-under-way', 'states', 'reused', 'unread', 'fresh'].map(
  (what) => `http-race/pooled/${what}`,
)

describeNeeding('network namespaces', tier === 'netns')('lab:timeouts on netns hosts', () => {
  testNeeding('tshark', hasTshark)(
    'nothing failed, TIME-WAIT alone is left to the real pace, and tshark counts the same',
    async () => {
      const { report, ended, folder } = runs.netns()

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(report).toMatchObject({ tier: 'netns', pace: 'quick', verdict: 'pass' })
      expect(checkIds(report)).toEqual(checkIds(recordedReport('timeouts')))
      expect(checkIds(report)).toEqual(expect.arrayContaining([...ASKED, ...RACE]))
      const left = skipped(report)
      expect(left.map(({ id }) => id)).toEqual(['time-wait/plain/observed'])
      expect(left[0]?.because).toContain('--pace real --only time-wait')

      countWithTshark(folder, report)
      failsWhenChanged(folder)
    },
    2 * LAB_LIMIT_MS,
  )
})

describe('lab:timeouts on process hosts', () => {
  test(
    'what HTTP has of patience needs no network; the rest is skipped',
    async () => {
      const { report, ended } = runs.process()

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      const casesOf = (verdict: string) =>
        new Set(report.checks.filter((check) => check.verdict === verdict).map(({ id }) => id.split('/')[0]))
      expect(casesOf('pass')).toEqual(new Set(['http']))
      expect(casesOf('skipped')).toEqual(
        new Set(timeouts.cases.map(({ id }) => id).filter((id) => id !== 'http')),
      )
    },
    LAB_LIMIT_MS,
  )
})

describe('what was recorded at the real pace', () => {
  const read = () => JSON.parse(readFileSync(join(FOLDER, 'recorded/real.json'), 'utf8')) as Report

  test('is a passed run in the format of today, with the checks of today and nothing skipped', () => {
    const report = read()
    expect(v.is(reportSchema, report)).toBe(true)
    expect(report).toMatchObject({ lab: 'timeouts', pace: 'real', verdict: 'pass' })
    expect(skipped(report)).toEqual([])
    const quick = checkIds(recordedReport('timeouts')).filter((id) => id !== 'time-wait/plain/observed')
    expect(checkIds(report)).toEqual([...quick, 'time-wait/plain/gives-up'].sort())
  })

  test('is what the page quotes', () => {
    const report = read()
    const selection = selectionOf(
      timeouts,
      timeouts.cases.map(({ id }) => id),
      timeouts.mechanisms,
    )
    const told = { plan: selection as Plan, log: new LabLog([]), checks: report.checks }
    const text = quoted(timeouts as never, told, 'matrix')
    expect(readFileSync(join(FOLDER, 'answers.md'), 'utf8')).toContain(
      `<!-- recorded: real matrix -->\n\`\`\`text\n${text.trim()}\n\`\`\`\n<!-- end -->`,
    )
  })
})

/** Sees the packets only, and knows nothing of the lab. */
function countWithTshark(folder: string, { checks }: Report): void {
  const count = (host: string, filter: string) => tshark(join(folder, `${host}.pcapng`), filter).length
  const observed = (id: string) => Number(checks.find((check) => check.id === id)?.observed.value)
  const syns = observed('syn-sent/plain/syns')
  // setTimeout() changes nothing of what the kernel does: as many as without.
  expect(count('syn-sent-a', 'tcp.flags.syn == 1 and tcp.flags.ack == 0')).toBe(
    2 * syns + observed('syn-sent/user-timeout/syns'),
  )
  expect(count('ack-lost-b', 'tcp.flags.syn == 1 and tcp.flags.ack == 1')).toBe(
    observed('ack-lost/plain/syn-acks'),
  )
  expect(count('http-race-a', 'tcp.flags.reset == 1')).toBeGreaterThan(0)
  expect(count('zero-alive-a', 'tcp.analysis.zero_window')).toBeGreaterThanOrEqual(
    observed('zero-alive/user-timeout/answered'),
  )
}

/** What ends a wait, in any case. */
const ENDS: readonly string[] = [
  'tcp:error_received',
  'tcp:end_received',
  'tcp:idle_timeout',
  'http:request_failed',
]

/** A check that cannot fail proves nothing: the same log, with ends that never come or come where none should. */
function failsWhenChanged(folder: string): void {
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan<TimeoutsSettings>
  const events = readLog(join(folder, 'events.ndjson')).filter(
    // Judged as if the machine had been quiet: what is wrong must fail.
    ({ name, data }) => name !== 'control:late' || (data as { lateMs: number }).lateMs < CONTROL_LATE_MS,
  )
  const failedOf = (changed: LabEvent[]) =>
    timeouts.judge(new LabLog(changed), plan).flatMap(({ id, verdict }) => (verdict === 'fail' ? [id] : []))

  const unending = failedOf(
    events.filter(
      ({ name, data }) =>
        !ENDS.includes(name) && !(name === 'kernel:socket_updated' && 'new' in data && data.new === null),
    ),
  )
  const waits = checkIdsEnding(plan, events, [
    'gives-up',
    'closes',
    'fires',
    'server',
    'first-write',
    'reset',
  ])
  expect(unending).toEqual(expect.arrayContaining(waits))
  expect(waits.length).toBeGreaterThan(20)

  const doubled = failedOf(
    events.flatMap((event): LabEvent[] => (event.name === 'packet:captured' ? [event, event] : [event])),
  )
  const counted = checkIdsEnding(plan, events, ['syns', 'syn-acks', 'sends'])
  expect(doubled).toEqual(expect.arrayContaining(counted))

  // Whatever one host of the idle pair does, it should not have: here a packet of each of its connections.
  const restless = failedOf(
    events.flatMap((event): LabEvent[] => {
      const isIdle =
        event.name === 'truth:updated' && event.host === 'idle-a' && event.data.new === 'unreachable'
      if (!isIdle) return [event]
      const packets = new LabLog(events).all('packet:captured', { host: 'idle-a' })
      return [event, ...packets.map((packet) => Object.assign({}, packet, { time: event.time + 1 }))]
    }),
  )
  expect(restless).toEqual(expect.arrayContaining(['idle/plain/packets', 'idle/user-timeout/packets']))
}

function checkIdsEnding(plan: Plan<TimeoutsSettings>, events: LabEvent[], ends: readonly string[]): string[] {
  return timeouts
    .judge(new LabLog(events), plan)
    .filter(({ verdict, id }) => verdict === 'pass' && ends.includes(id.split('/')[2] ?? ''))
    .map(({ id }) => id)
}
