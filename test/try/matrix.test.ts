/** Two variants beside one another: old never notices a cut, new closes its connection after 2 s. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/foreign/usage.ts'
import { EXPERIMENT_OVER } from '../../src/lab/judging.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { findingsOf } from '../../src/try/findings.ts'
import { parseRule } from '../../src/try/grammar.ts'
import { judgeTry } from '../../src/try/judge.ts'
import { matrixToMarkdown } from '../../src/try/markdown.ts'
import { tellMatrix } from '../../src/try/matrix.ts'
import { parseTryArguments } from '../../src/try/options.ts'
import type { TrySettings } from '../../src/try/request.ts'
import { temporaryFolder } from '../support/cli.ts'
import { PLAIN } from '../support/plain.ts'
import { established, MadeLog } from '../support/try-log.ts'

function runOf(name: string, rule: string, { closes = false, misses = false } = {}) {
  const group = `${name}:41000`
  const detail = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
  const log = new MadeLog()
    .captured(0, 'cut-a')
    .captured(0, 'cut-b')
    .socket(1, 'cut-a', null, established, group)
    .socket(1, 'cut-b', null, established, group)
    .add(9.9, 'lab', 'watch:started', detail)
    .add(9.9, 'lab', 'fault:striking', { ...detail, promise: 'cut' })
    .truth(10, 'cut-a', 'unreachable')
    .truth(10, 'cut-b', 'unreachable')
    .truth(20, 'cut-a', 'answering')
    .add(25, 'lab', 'watch:ended', detail)
    .add(25, 'lab', 'run:ended', { because: EXPERIMENT_OVER })
  if (misses) log.add(10.1, 'lab', 'fault:unverified', { ...detail, problem: 'it still answers' })
  else log.add(10.1, 'lab', 'fault:struck', { ...detail, verifiedBy: 'a probe' })
  if (closes) {
    log.packet(12, 'cut-a', 'sent', 'FIN ACK', { group })
    log.socket(12, 'cut-a', established, { ...established, state: 'FIN-WAIT-1' }, group)
  }
  const settings = {
    ...{ name, clients: ['one'], lasts: {}, watchMs: 10_000, settleMs: 1000 },
    ...{ ready: null, up: null, down: null, expect: [parseRule(rule)] },
  }
  const plan = {
    ...{ cases: ['cut'], cells: [`cut/${name}`], mechanisms: [name], promises: { cut: 'cut' }, settings },
  } as unknown as Plan<TrySettings>
  const sorted = new LabLog(log.sorted)
  const checks = judgeTry(sorted, plan)
  return {
    variant: { name, found: findingsOf(sorted, plan), checks },
    told: { told: { log: sorted, plan, checks }, where: `runs/${name}` },
  }
}

const all = [runOf('old', 'cut:unnoticed'), runOf('new', 'cut<1s', { closes: true })]

describe('a table of variants', () => {
  test('has a column for each, and says of each how it was judged', () => {
    const lines = tellMatrix(
      all.map(({ told }) => told),
      PLAIN,
    ).split('\n')
    expect(lines.slice(1, 5)).toEqual([
      '               old          new',
      'cut client     quiet        CLO 2.0',
      '    server     quiet        quiet',
      '    back after no data      no data',
    ])
    const at = lines.indexOf('new')
    expect(lines.slice(at, at + 2)).toEqual(['new', '  FAIL cut<1s: observed 2000 ms'])
    expect(lines).toContain('  runs/old')
    expect(lines.at(-1)).toBe('1 expectation passed, 1 failed, 0 inconclusive, 0 skipped.')
  })

  test('in Markdown', () => {
    expect(matrixToMarkdown(all.map(({ variant }) => variant)).split('\n')).toEqual([
      '|  | old | new |',
      '| --- | --- | --- |',
      '| cut: client | quiet | CLO 2.0 |',
      '| cut: server | quiet | quiet |',
      '| cut: back after | no data | no data |',
      '',
      '- old: pass `cut:unnoticed`: observed nothing, for 10000 ms',
      '- new: FAIL `cut<1s`: observed 2000 ms',
      '',
    ])
  })

  test('leaves the cell empty where the fault was not seen to happen, and says so', () => {
    const text = tellMatrix(
      [all[1], runOf('newest', 'cut<1s', { misses: true })].flatMap((one) => one?.told ?? []),
      PLAIN,
    )
    expect(text).toContain('cut client     CLO 2.0      -\n')
    expect(text).toContain('  warning: cut is not in the table: ')
  })
})

describe('--matrix FILE', () => {
  const inFile = (variants: unknown, ...args: string[]) => {
    const file = join(temporaryFolder(), 'matrix.json')
    writeFileSync(file, JSON.stringify(variants))
    return parseTryArguments(['--matrix', file, ...args]).wanted()
  }
  const BASE = ['--server', 's', '--faults', 'cut', '--watch', '5s', '--expect', 'cut<5s']

  test('each variant is a request, over what all have in common', () => {
    const requests = inFile(
      { old: { client: 'a' }, new: { client: ['b', 'c'], expect: ['cut<1s'] } },
      ...BASE,
    )
    const wanted = requests.map(({ name, server, clients, expect }) => [
      ...[name, server, clients.join()],
      ...expect.map(({ text }) => text),
    ])
    expect(wanted).toEqual([
      ['old', 's', 'a', 'cut<5s'],
      ['new', 's', 'b,c', 'cut<1s'],
    ])
    expect(requests.map(({ watchMs }) => watchMs)).toEqual([5000, 5000])
  })

  test.each<[unknown, string]>([
    [{}, 'expected variants by their names'],
    [{ Old: { client: 'a' } }, '"Old" is no name: expected lower-case letters'],
    [{ old: 'a' }, '"old": expected an object'],
    [{ old: { clinet: 'a' } }, '"clinet" is no key of a variant'],
    [{ old: { client: 'a', watch: '9s' } }, '"old": "watch" is no key of a variant, or is the same for all'],
    [{ old: { server: 'a' } }, 'a client is missing'],
    [{ old: { client: 'a', expect: ['cut<1'] } }, '"old": "expect": "cut<1": "1" is no time'],
    [{ old: { client: 'a', expect: ['kill<1s'] } }, '"old": --expect kill<1s: the fault is not among'],
    [Object.fromEntries(Array.from({ length: 11 }, (_, one) => [`v${one}`, { client: 'a' }])), '10 at most'],
  ])('%j is refused in a line', (variants, problem) => {
    expect(() => inFile(variants, ...BASE)).toThrow(UsageError)
    expect(() => inFile(variants, ...BASE)).toThrow(problem)
  })
})
