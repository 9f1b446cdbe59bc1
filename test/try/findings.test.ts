/** What is found in a log, and what is made of it: a log made by hand, in which everything has its second. */
import { describe, expect, test } from 'vitest'
import { EXPERIMENT_OVER } from '../../src/lab/judging.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { type CaseFindings, findingsOf } from '../../src/try/findings.ts'
import { parseRule } from '../../src/try/grammar.ts'
import { judgeTry } from '../../src/try/judge.ts'
import type { TrySettings } from '../../src/try/request.ts'
import { tellTry } from '../../src/try/tell.ts'
import { PLAIN } from '../support/plain.ts'
import { established, GROUP, MadeLog } from '../support/try-log.ts'

/** Cut at 10 s, mended at 20 s, watched until 25 s. The client's kernel gives up 4 s after the cut. */
function cutLog({ again = true, writer = 'cut-b' } = {}): MadeLog {
  const detail = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
  const probing = { ...established, unansweredProbes: 3 } as const
  const log = new MadeLog()
    .captured(0, 'cut-a')
    .captured(0, 'cut-b')
    .socket(1, 'cut-a', null, established)
    .socket(1, 'cut-b', null, established)
    .add(9.9, 'lab', 'watch:started', detail)
    .add(9.9, 'lab', 'fault:striking', { ...detail, promise: 'cut' })
    .truth(10, 'cut-a', 'unreachable')
    .truth(10, 'cut-b', 'unreachable')
    .add(10.1, 'lab', 'fault:struck', { ...detail, verifiedBy: 'a probe' })
    .payload(11, writer, 'sent')
    .socket(13, 'cut-a', established, probing)
    .socket(14, 'cut-a', probing, null)
    .add(
      14,
      'cut-a',
      'belief:updated',
      { old: 'up', new: 'down', trigger: 'kernel_gave_up', certainty: 'unknown' },
      { group_id: GROUP, program: 'client' },
    )
    .add(15, 'cut-a', 'command:said', { stream: 'stdout', line: 'lost it\u001b[2J' }, { program: 'client' })
    .truth(20, 'cut-a', 'answering')
    .truth(20, 'cut-b', 'answering')
    .add(20, 'lab', 'fault:undone', { ...detail, verifiedBy: 'a probe' })
  if (again) {
    const group = 'echo:41001'
    log.payload(21, 'cut-b', 'sent', { group }).payload(21, 'cut-a', 'received', { group })
    log.payload(21.5, 'cut-a', 'sent', { group }).payload(21.5, 'cut-b', 'received', { group })
  }
  return log.add(25, 'lab', 'watch:ended', detail).add(25, 'lab', 'run:ended', { because: EXPERIMENT_OVER })
}

function planOf(...expectations: string[]): Plan<TrySettings> {
  const settings = {
    name: 'echo',
    lasts: {},
    watchMs: 10_000,
    settleMs: 1000,
    down: '^lost',
    ready: null,
    clients: ['talk'],
    up: null,
    expect: expectations.map(parseRule),
  }
  const cells = ['cut/echo']
  return {
    cases: ['cut'],
    cells,
    mechanisms: ['echo'],
    promises: { cut: 'cut' },
    settings,
  } as unknown as Plan<TrySettings>
}

const rowOf = (found: CaseFindings | undefined, name: string) => found?.rows.find((row) => row.name === name)

const judged = (log: MadeLog, ...expectations: string[]) =>
  judgeTry(new LabLog(log.sorted), planOf(...expectations)).map(({ verdict }) => verdict)

describe('what is found of a cut', () => {
  const [found] = findingsOf(new LabLog(cutLog().sorted), planOf())

  test('when the client noticed, by what, and when it said so', () => {
    expect(rowOf(found, 'client')).toMatchObject({
      noticed: { afterMs: 4000, by: 'kernel_gave_up' },
      signs: { says: { afterMs: 5000 } },
      hasGhost: true,
      exit: null,
    })
    const [connection] = rowOf(found, 'client')?.connections ?? []
    expect(connection?.kernelEnd).toMatchObject({ afterMs: 4000, state: 'CLOSED', cause: 'kernel_gave_up' })
  })

  test('that the server, which wrote, did not', () => {
    expect(rowOf(found, 'server')?.noticed).toBeNull()
    expect(rowOf(found, 'server')?.connections[0]).toMatchObject({
      wrote: { before: false, during: true },
      kernelEnd: null,
    })
  })

  test('that nobody watches over what an end has that neither writes nor asks, and only there', () => {
    expect(found?.unwatched).toEqual([])
    const [idle] = findingsOf(new LabLog(cutLog({ writer: 'cut-a' }).sorted), planOf())
    expect(idle?.unwatched).toEqual(['server'])
  })

  test('that a word of before the fault is about something else', () => {
    const log = cutLog().said(2, 'cut-a', 'client', 'lost: trying first server')
    const [one] = findingsOf(new LabLog(log.sorted), planOf())
    expect(rowOf(one, 'client')?.signs.says?.afterMs).toBe(5000)
  })

  test('that a connection is there in spite of what its program prints', () => {
    const log = cutLog()
    const stays = log.events.filter(
      ({ host, name, time }) => !(host === 'cut-a' && name === 'kernel:socket_updated' && time > 1000),
    )
    const [one] = findingsOf(new LabLog(stays), planOf())
    expect(one?.survived).toBe(true)
    expect(rowOf(one, 'client')?.noticed).toMatchObject({ afterMs: 5000, by: 'program_said' })
  })

  test('of several connections the first that is given up, and how many are left', () => {
    const log = cutLog().socket(2, 'cut-a', null, established, 'echo:41001')
    const [pool] = findingsOf(new LabLog(log.sorted), planOf())
    expect(rowOf(pool, 'client')).toMatchObject({ noticed: { afterMs: 4000 }, connectionsLeft: 1 })
    expect(tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)).toContain(
      '1 of 2 connections given up, 1 left',
    )
  })

  test('when data flowed again, both ways, after the mending', () => {
    expect(found).toMatchObject({ survived: false, recoveredAfterMs: 1500, recoveryWatchedMs: 5000 })
  })

  test('that it never did', () => {
    const [silent] = findingsOf(new LabLog(cutLog({ again: false }).sorted), planOf())
    expect(silent?.recoveredAfterMs).toBeNull()
  })

  test('that it could not, since nobody had anything to say', () => {
    expect(found?.wasSilent).toBe(false)
    const { events } = cutLog({ again: false })
    const [silent] = findingsOf(new LabLog(events), planOf())
    expect(silent?.wasSilent).toBe(true)
    expect(tellTry({ log: new LabLog(events), plan: planOf(), checks: [] }, PLAIN)).toContain(
      'nobody is served, in 5 s: neither end sent any data',
    )
  })

  test('told with what its program printed, which steers nothing', () => {
    const text = tellTry({ log: new LabLog(cutLog().sorted), plan: planOf(), checks: [] }, PLAIN)
    expect(text).toContain(
      'client after 4 s: its kernel gave up, since nobody answered; it said so after 5 s',
    )
    expect(text).toContain('server (struck) notices nothing, in 10 s: it believes in a ghost')
    expect(text).not.toContain('\u001b')
  })
})

describe('what its wire tells', () => {
  const text = (log: MadeLog) => tellTry({ log: new LabLog(log.sorted), plan: planOf(), checks: [] }, PLAIN)

  test('ICMP errors that no program was seen to hear of', () => {
    const log = cutLog().icmp(11, 'cut-b', 'port unreachable').icmp(12, 'cut-b', 'port unreachable')
    expect(text(log)).toContain(
      '2 ICMP errors (port unreachable) had reached its host since 1 s, and no program was seen to hear of them',
    )
    expect(text(cutLog())).not.toContain('ICMP')
  })

  test('a heartbeat, and that it was missed', () => {
    const log = cutLog()
    for (const second of [5, 6, 7, 8, 9]) {
      log.payload(second, 'cut-b', 'sent').payload(second + 0.1, 'cut-b', 'received')
    }
    expect(text(log)).toContain('  server sends 5 bytes every 1 s, answered\n')
    expect(text(log)).toContain('it believes in a ghost; for 11 s no answer to what it sends every 1 s')
  })

  test('that none was seen, and which would not have been', () => {
    const log = cutLog()
    expect(text(log)).toContain(
      'server: none seen in the 9.9 s before a fault, in which one slower than every 3.3 s does not show (--settle)\n',
    )
    // Where packets are missing not even that is known.
    const missed = log.add(5, 'cut-b', 'wire:packets_dropped', { packets: 3, withinMs: 100 })
    expect(text(missed)).not.toContain('server: none seen')
  })

  test('that a timer decided when data flowed again', () => {
    const group = 'echo:41001'
    const log = cutLog({ again: false })
      .packet(12, 'cut-b', 'sent', 'PSH ACK', { group })
      .packet(24, 'cut-b', 'sent', 'PSH ACK', { group, kind: 'retransmission' })
      .payload(24, 'cut-a', 'received', { group })
      .payload(24.1, 'cut-b', 'received', { group })
    expect(text(log)).toContain(
      "clients are served again after 4.1 s: only then the server's kernel sent again, 12 s after the time before: its retransmission timer decided, no program",
    )
  })
})

describe('an expectation of a cut', () => {
  test.each<[string, string]>([
    ['cut<5s', 'pass'],
    ['cut<3s', 'fail'],
    ['cut@server<9s', 'fail'],
    ['cut@server:unnoticed', 'pass'],
    ['cut:unnoticed', 'fail'],
    ['cut:survives', 'fail'],
    ['cut:recovers<2s', 'pass'],
    ['cut:recovers<1s', 'fail'],
  ])('%s: %s', (text, verdict) => {
    expect(judged(cutLog(), text)).toEqual([verdict])
  })

  test('that data flows again fails when it never does', () => {
    expect(judged(cutLog({ again: false }), 'cut:recovers<5s')).toEqual(['fail'])
  })

  test('is unclear when it failed on a machine that was too busy', () => {
    const busy = cutLog().add(12, 'lab', 'control:late', { lateMs: 400 })
    busy.events.sort((one, other) => one.time - other.time)
    expect(judged(busy, 'cut<3s')).toEqual(['inconclusive'])
  })

  test('is skipped when the fault was not seen to happen', () => {
    const log = cutLog()
    const problem = { fault: 'cut', pair: 'cut', struck: 'cut-b', problem: 'it still answers' }
    log.add(10.1, 'lab', 'fault:unverified', problem)
    expect(judged(log, 'cut<5s')).toEqual(['skipped'])
  })
})
