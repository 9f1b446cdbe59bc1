import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventLog } from '../../src/events/emit.ts'
import { parseEvent } from '../../src/events/parse.ts'
import { temporaryFolder } from '../support/cli.ts'

function logIn(folder: string) {
  const file = join(folder, 'a.1.ndjson')
  const log = openEventLog({ file, run: 'r', lab: 'l', host: 'a', incarnation: 1 })
  return { file, log, lines: () => readFileSync(file, 'utf8').trimEnd().split('\n') }
}

test('an emitted event is one line that parseEvent accepts', () => {
  const { log, lines } = logIn(temporaryFolder())
  log.emitter('tcp-client')('tcp:closed', { hadError: false }, 'tcp-idle:41234')

  expect(lines()).toHaveLength(1)
  expect(parseEvent(lines()[0] ?? '')).toMatchObject({
    seq: 0,
    run: 'r',
    lab: 'l',
    host: 'a',
    incarnation: 1,
    program: 'tcp-client',
    pid: process.pid,
    name: 'tcp:closed',
    group_id: 'tcp-idle:41234',
    data: { hadError: false },
  })
})

test('seq counts over all programs of a process, and mono never goes back', () => {
  const { log, lines } = logIn(temporaryFolder())
  const one = log.emitter('one')
  const other = log.emitter('other', { name: 'b', incarnation: 2 })
  for (let round = 0; round < 50; round++) {
    one('tcp:end_received', {})
    other('tcp:end_received', {})
  }

  const events = lines().map((line) => JSON.parse(line) as { seq: number; mono: string; host: string })
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  expect(
    events.every(({ mono }, index) => index === 0 || BigInt(mono) >= BigInt(events[index - 1]?.mono ?? 0)),
  ).toBe(true)
  expect(new Set(events.map(({ host }) => host))).toEqual(new Set(['a', 'b']))
})

test('what a peer sends stays under data, whatever it is called', () => {
  const { log, lines } = logIn(temporaryFolder())
  log.emitter('http-server')('program:failed', { message: '","host":"evil","seq":99,"level":60,"x":"' })

  expect(parseEvent(lines()[0] ?? '')).toMatchObject({ host: 'a', seq: 0 })
})

test('SIGKILL right after an event loses no event', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'killed.1.ndjson')
  const program = `
    import { openEventLog } from ${JSON.stringify(join(import.meta.dirname, '../../src/events/emit.ts'))}
    const log = openEventLog({ file: ${JSON.stringify(file)}, run: 'r', lab: 'l', host: 'a', incarnation: 1 })
    const emit = log.emitter('writer')
    for (let n = 0; n < 1000; n++) emit('tcp:written', { bytes: n })
    process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: 'inherit',
  })
  const signal = await new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))

  expect(signal).toBe('SIGKILL')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines).toHaveLength(1000)
  expect(parseEvent(lines[999] ?? '')).toMatchObject({ seq: 999, data: { bytes: 999 } })
})
