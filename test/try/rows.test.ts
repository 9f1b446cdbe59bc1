/** Several clients, each judged by itself: two connections, cut at 10 s; the first client closes its own after 2 s. */
import { describe, expect, test } from 'vitest'
import { EXPERIMENT_OVER } from '../../src/lab/judging.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { findingsOf } from '../../src/try/findings.ts'
import { parseRule } from '../../src/try/grammar.ts'
import { judgeTry } from '../../src/try/judge.ts'
import { toMarkdown } from '../../src/try/markdown.ts'
import type { TrySettings } from '../../src/try/request.ts'
import { ownedBy } from '../../src/try/rows.ts'
import { tellTry } from '../../src/try/tell.ts'
import { PLAIN } from '../support/plain.ts'
import { established, MadeLog } from '../support/try-log.ts'

const GROUPS = { client: 'echo:41000', client2: 'echo:41001' }

function twoClients({ secondHolds = true } = {}): MadeLog {
  const detail = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
  const log = new MadeLog().captured(0, 'cut-a').captured(0, 'cut-b')
  for (const [program, group_id] of Object.entries(GROUPS)) {
    if (program === 'client2' && !secondHolds) continue
    log
      .socket(1, 'cut-a', null, established, group_id)
      .socket(1, 'cut-b', null, established, group_id)
      .add(1, 'cut-a', 'command:holds', { processId: 7 }, { group_id, program })
  }
  return log
    .add(9.9, 'lab', 'watch:started', detail)
    .add(9.9, 'lab', 'fault:striking', { ...detail, promise: 'cut' })
    .truth(10, 'cut-a', 'unreachable')
    .truth(10, 'cut-b', 'unreachable')
    .add(10.1, 'lab', 'fault:struck', { ...detail, verifiedBy: 'a probe' })
    .packet(12, 'cut-a', 'sent', 'FIN ACK', { group: GROUPS.client })
    .socket(12.02, 'cut-a', established, { ...established, state: 'FIN-WAIT-1' }, GROUPS.client)
    .truth(20, 'cut-a', 'answering')
    .truth(20, 'cut-b', 'answering')
    .add(20, 'lab', 'fault:undone', { ...detail, verifiedBy: 'a probe' })
    .add(25, 'lab', 'watch:ended', detail)
    .add(25, 'lab', 'run:ended', { because: EXPERIMENT_OVER })
}

function planOf(rules: string[] = [], more: Partial<TrySettings> = {}): Plan<TrySettings> {
  const settings = {
    ...{ name: 'echo', clients: ['one', 'two'], lasts: {}, watchMs: 10_000, settleMs: 1000 },
    ...{ ready: null, up: null, down: null, expect: rules.map(parseRule), ...more },
  }
  return {
    ...{ cases: ['cut'], cells: ['cut/echo'], mechanisms: ['echo'], promises: { cut: 'cut' }, settings },
  } as unknown as Plan<TrySettings>
}

const rowsOf = (log: MadeLog, more: Partial<TrySettings> = {}) =>
  findingsOf(new LabLog(log.sorted), planOf([], more))[0]?.rows ?? []
const verdicts = (log: MadeLog, rules: string[], more: Partial<TrySettings> = {}) =>
  judgeTry(new LabLog(log.sorted), planOf(rules, more)).map(({ verdict }) => verdict)

describe('each client is a row of its own', () => {
  test('that notices by its own connection', () => {
    expect(rowsOf(twoClients()).map(({ name, noticed }) => [name, noticed?.by])).toEqual([
      ['client', 'user_closed'],
      ['client2', undefined],
      ['server', undefined],
    ])
  })

  test.each([
    ['cut<5s', 'fail'],
    ['cut@all<5s', 'fail'],
    ['cut@any<5s', 'pass'],
    ['cut@any<1s', 'fail'],
    ['cut@client<5s', 'pass'],
    ['cut@client2<5s', 'fail'],
    ['cut@client2:unnoticed', 'pass'],
    ['cut:unnoticed', 'fail'],
    ['cut@any:unnoticed', 'pass'],
    ['cut@client:loses<5s', 'pass'],
    ['cut@client:says<5s', 'fail'],
  ])('%s: %s', (rule, verdict) => {
    expect(verdicts(twoClients(), [rule])).toEqual([verdict])
    expect(verdicts(twoClients(), [rule], { down: '^never said' })).toEqual([verdict])
  })

  test('and the headline says how many', () => {
    const log = new LabLog(twoClients().sorted)
    const text = tellTry({ log, plan: planOf(), checks: [] }, PLAIN)
    expect(text).toContain('1 of 2 clients noticed')
    const [check] = judgeTry(log, planOf(['cut<5s']))
    expect(check).toMatchObject({
      claim: 'all 2 clients notice within 5 s',
      because: '1 of 2 did; not client2',
    })
  })
})

describe('a client that held no connection when the fault came', () => {
  const broken = twoClients({ secondHolds: false }).said(14, 'cut-a', 'client2', 'broken')

  test('does not notice for those that did', () => {
    expect(verdicts(broken, ['cut<3s', 'cut@client:says<9s'], { down: '^broken' })).toEqual(['pass', 'fail'])
    expect(rowsOf(broken, { down: '^broken' }).map(({ counts }) => counts)).toEqual([true, false, true])
  })

  test('is named', () => {
    const log = new LabLog(twoClients({ secondHolds: false }).sorted)
    const text = tellTry({ log, plan: planOf(), checks: [] }, PLAIN)
    expect(text).toContain('warning: client2 was seen to talk to nobody before the fault')
  })

  test('is named with its end where it had ended before', () => {
    const log = twoClients({ secondHolds: false }).add(
      5,
      'cut-a',
      'command:ended',
      { code: 1, signal: null },
      { program: 'client2' },
    )
    const text = tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)
    expect(text).toContain('warning: client2 had ended (status 1) when the fault came')
    expect(verdicts(log, ['cut@client2<5s', 'cut<5s'])).toEqual(['skipped', 'pass'])
  })
})

test('what a library knew and its user was not told', () => {
  const log = new LabLog(twoClients().sorted)
  const text = tellTry({ log, plan: planOf([], { down: '^lost' }), checks: [] }, PLAIN)
  expect(text).toContain(
    'client after 2.0 s: its program closed the connection; it told its user nothing, in 10 s',
  )
})

test('who printed regularly and fell silent is told', () => {
  const log = twoClients()
  for (const second of [5, 6.5, 8, 9.5]) log.said(second, 'cut-a', 'client2', 'tick')
  for (const second of [5, 6.5, 8, 9.5, 11, 12.5, 14, 15.5, 17, 18.5])
    log.said(second, 'cut-b', 'server', 'tock')
  expect(rowsOf(log).map(({ name, silence }) => [name, silence])).toEqual([
    ['client', null],
    ['client2', { everyMs: 1500, forMs: 10_500 }],
    ['server', null],
  ])
  const text = tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)
  expect(text).toContain('it had printed every 1.5 s, and printed nothing for the last 11 s')
})

test('connections that nobody was seen to hold are counted, and are not those of who holds others', () => {
  const log = twoClients({ secondHolds: false })
  for (const port of [41_007, 41_008]) {
    log.packet(5, 'cut-a', 'received', 'SYN ACK', { group: `echo:${port}`, kind: 'syn-ack' })
  }
  const text = tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)
  expect(text).toContain(
    'warning: connections were over too soon to see which client held them: whose they are is not known (cut: 2)',
  )
  const { owns } = ownedBy(new LabLog(log.sorted), 'cut', 'client2', ['client', 'client2'])
  expect([GROUPS.client, 'echo:41007'].map(owns)).toEqual([false, true])
})

test('who speaks by datagrams has talked, and has no connection to lose', () => {
  const log = twoClients({ secondHolds: false })
    .add(4, 'cut-a', 'command:holds', { processId: 8 }, { group_id: GROUPS.client2, program: 'client2' })
    .packet(5, 'cut-a', 'sent', '', { group: GROUPS.client2, bytes: 5, kind: 'datagram' })
  const text = tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)
  expect(text).toContain('  client2 notices nothing, in 10 s: it believes in a ghost\n')
  expect(text).not.toContain('warning: client2')
})

test('who printed only when it started has not fallen silent', () => {
  const log = twoClients()
  for (const second of [2, 2.01, 2.02, 2.02]) log.said(second, 'cut-a', 'client', 'hello')
  expect(rowsOf(log)[0]?.silence).toBeNull()
})

test('of a run that was interrupted it tells what was noticed until then, and judges nothing', () => {
  const log = new MadeLog()
  const whole = twoClients().sorted
  log.events.push(...whole.filter(({ time }) => time <= 13_000))
  log.add(13.1, 'lab', 'run:ended', { because: 'SIGINT' })
  log.add(13.2, 'cut-a', 'command:ended', { code: null, signal: 'SIGKILL' }, { program: 'client2' })
  const ended = new LabLog(log.sorted)
  expect(rowsOf(log).map(({ noticed }) => noticed?.by)).toEqual(['user_closed', undefined, undefined])
  const checks = judgeTry(ended, planOf(['cut<1s']))
  expect(checks.map(({ verdict }) => verdict)).toEqual(['skipped'])
  const text = tellTry({ log: ended, plan: planOf(['cut<1s']), checks }, PLAIN)
  expect(text).toContain('interrupted after 3.1 s: so far')
  expect(text).toContain('client     CLO 2.0')
})

test('the table in Markdown', () => {
  const log = new LabLog(twoClients().sorted)
  const plan = planOf(['cut@any<5s'])
  const one = { name: 'echo', found: findingsOf(log, plan), checks: judgeTry(log, plan) }
  expect(toMarkdown(one).split('\n')).toEqual([
    ...['| echo | cut |', '| --- | --- |', '| client | CLO 2.0 |', '| client2 | quiet |'],
    ...['| server | quiet |', '| noticed | 1 of 2 |', '| back after | no data |', ''],
    ...['- pass `cut@any<5s`: observed 2020 ms', ''],
  ])
})

test("the server's connections with a third host are no client's", () => {
  const group = 'echo:20007'
  const ends = { source: '[fd00:0:0:1::4]:20007', destination: '[fd00:0:0:1::2]:7000' }
  const about = { packet: '1', frame: 1, protocol: 'tcp', kind: 'data', bytes: 1 } as const
  const packet = { direction: 'received' as const, ...about, ...ends }
  const log = twoClients()
    .add(0, 'cut-c', 'host:started', { address: '10.0.1.4', address6: 'fd00:0:0:1::4', pair: 'cut' })
    .add(12, 'cut-b', 'packet:captured', packet, { group_id: group })
  const { owns } = ownedBy(new LabLog(log.sorted), 'cut', 'client', ['client'])
  expect([group, GROUPS.client].map(owns)).toEqual([false, true])
})
