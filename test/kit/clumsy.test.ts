/** What people do to a lab without meaning to: it says what is wrong, and never hangs. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { open } from '../../src/kit/index.ts'
import { tidy } from '../../src/kit/keep.ts'
import { programOf } from '../../src/kit/program-function.ts'
import { allGone, descendants } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'

const { isolation } = await findCapabilities()
const MINUTE = { timeout: 60_000 }
/** What types would not let pass, as plain JavaScript does. */
const untyped = (value: unknown) => value as never

describeNeeding('network namespaces', isolation !== null)('a lab', () => {
  test('is closed in seconds although a pattern backtracks for ever', MINUTE, async () => {
    const lab = await open()
    const client = await lab.client.start(`echo ${'a'.repeat(60)}; exec sleep 60`)
    await expect(client.says(/^(a+)+$b/, { within: '1s' })).rejects.toThrow('backtrack')
    const began = performance.now()
    await lab.close()
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  test('keeps faults apart that begin and end in another order', MINUTE, async () => {
    await using lab = await open()
    await lab.server.start('exec sleep 60')
    const cut = await lab.strike('cut')
    const frozen = await lab.strike('freeze')
    await cut.undo()
    const again = await lab.strike('cut')
    expect(await frozen.undo()).toContain('stopped')
    expect(await again.undo()).toContain('answered again')
    expect(await again.undo()).toBeNull()
  })

  test('says which word is none', MINUTE, async () => {
    await expect(open({ between: untyped('cabel') })).rejects.toThrow('did you mean "cable"?')
    await using lab = await open()
    await expect(lab.strike(untyped('cutt'))).rejects.toThrow('did you mean "cut"?')
    await expect(lab.strike('cut', { strike: untyped('clinet') })).rejects.toThrow('did you mean "client"?')
    await expect(lab.client.start(untyped(undefined))).rejects.toThrow('expected a command or a function')
    const client = await lab.client.start('exec sleep 60')
    await expect(client.says(untyped('up'))).rejects.toThrow('a pattern such as /lost/')
  })

  test('says what a function missed', MINUTE, async () => {
    const { missing } = { missing: 1 }
    await using lab = await open()
    const client = await lab.client.start(() => console.log(missing))
    await client.ends()
    await expect(client.says(/1$/, { within: '100ms' })).rejects.toThrow(
      'it had ended with status 1; its last words: "ReferenceError: missing is not defined: a function sees its argument',
    )
  })

  test('works while the clock of the test is a mock', MINUTE, async () => {
    vi.useFakeTimers()
    try {
      await using lab = await open()
      const client = await lab.client.start("echo 'grüße 你好'; exec sleep 60")
      expect(await client.says(/你好/gu)).toMatchObject({ line: 'grüße 你好' })
    } finally {
      vi.useRealTimers()
    }
  })

  test('ends when the test runner is gone and its worker is not', MINUTE, async () => {
    const worker: ChildProcess = fork('test/support/kit-session.ts', [], {
      execArgv: ['--import', 'tsx'],
      silent: true,
    })
    onTestFinished(() => void worker.kill('SIGKILL'))
    await once(worker.stdout ?? worker, 'data')
    // esbuild is the worker's own.
    const isOurs = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'esbuild\n'
    const all = descendants(worker.pid ?? 0).filter(isOurs)
    expect(all.length).toBeGreaterThanOrEqual(6)
    worker.disconnect()
    expect(await allGone(all, 10_000)).toEqual([])
  })
})

test('a function has to be whole in its text', () => {
  const methods = {
    plain() {},
    async later() {},
  }
  for (const one of [methods.plain, methods.later, (() => {}).bind(null)]) {
    expect(() => programOf(one)).toThrow('is no program')
  }
  // biome-ignore lint/complexity/useArrowFunction: these are whole, too
  for (const one of [() => {}, async () => {}, function () {}, async function named() {}]) {
    expect(programOf(one)).toHaveLength(4)
  }
})

test('of labs whose tests were killed it keeps no more than of the others, once they are old', () => {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-test-'))
  const name = (index: number) => join(out, `2026-01-01T00-00-${10 + index}-kit-000${index % 10}`)
  for (let index = 0; index < 25; index += 1) {
    mkdirSync(name(index))
    if (index < 10) utimesSync(name(index), 1, 1)
    if (index === 24) writeFileSync(join(name(index), 'report.json'), '{}')
  }
  for (let index = 10; index < 24; index += 1) writeFileSync(join(name(index), 'report.json'), '{}')
  tidy(name(24))
  // Ten that nobody has finished for long, and fifteen finished ones.
  expect(readdirSync(out)).toHaveLength(20)
  rmSync(out, { recursive: true })
})
