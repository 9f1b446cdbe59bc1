import { describe, expect, test } from 'vitest'
import { LabLog } from '../../src/lab/log.ts'
import { asideLines, asideOf, askText, laterText } from '../../src/try/asides.ts'
import { MadeLog } from '../support/try-log.ts'

const time = { from: 10_000, to: 20_000 }
const later = { program: 'later' }

function ran(lines: readonly string[], ended: { code: number | null; signal: string | null } | null) {
  const log = new MadeLog().add(10.2, 'cut-c', 'command:started', { argv: ['x'], processId: 1 }, later)
  for (const line of lines) log.add(10.3, 'cut-c', 'command:said', { stream: 'stdout', line }, later)
  if (ended !== null) log.add(12.2, 'cut-c', 'command:ended', ended, later)
  return asideOf(new LabLog(log.events), 'cut-c', 'later', time)
}

describe('a command beside the programs', () => {
  test('that was never started', () => {
    expect(asideOf(new LabLog([]), 'cut-c', 'later', time)).toBeNull()
    expect([laterText(null), askText(null)]).toEqual(['-', '-'])
    const none = { later: null, ask: null, isWhole: true }
    expect(asideLines(none, { ask: null })).toEqual([])
    expect(asideLines(none, { ask: 'x' })).toEqual(["nobody was asked: the server's host had no power"])
  })

  test('has its words and its end told', () => {
    const done = ran(['the lock is\u001b[2J free'], { code: 0, signal: null })
    expect(done).toMatchObject({ startedAfterMs: 200, ended: { code: 0, afterMs: 2000 } })
    expect([laterText(done), askText(done)]).toEqual(['done 2.0', 'the lock is\u2026'])
    expect(asideLines({ later: done, ask: null, isWhole: true }, { ask: null })).toEqual([
      'later, 0.2 s after the fault: it ended after 2 s (status 0)',
      '  | the lock is\\x1b[2J free',
    ])
  })

  test('that says nothing, fails, or does not end', () => {
    const failed = ran([], { code: 7, signal: null })
    expect([laterText(failed), askText(failed)]).toEqual(['fails 2.0', 'status 7'])
    expect(laterText(ran([], null))).toBe('runs on')
    const killed = ran([], { code: null, signal: 'SIGKILL' })
    expect(askText(killed)).toBe('no answer')
    expect(asideLines({ later: null, ask: killed, isWhole: true }, { ask: 'x' })).toEqual([
      'asked after 0.2 s: it ended after 2 s (SIGKILL), and printed nothing',
    ])
  })

  test('of many lines the first are told', () => {
    const lines = Array.from({ length: 13 }, (_, number) => `line ${number}`)
    expect(ran(lines, null)).toMatchObject({ lines: lines.slice(0, 10), linesLeftOut: 3 })
  })
})
