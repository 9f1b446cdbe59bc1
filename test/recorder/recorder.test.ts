import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventLog } from '../../src/events/emit.ts'
import { readLog } from '../../src/events/parse.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { Recorder } from '../../src/recorder/recorder.ts'
import { temporaryFolder } from '../support/cli.ts'

function recording() {
  const root = temporaryFolder()
  const folder = join(root, 'events')
  mkdirSync(folder)
  const output = join(root, 'events.ndjson')
  const beganAt = process.hrtime.bigint()
  const events: LabEvent[] = []
  const recorder = new Recorder({
    folder,
    output,
    run: 'r',
    lab: 'l',
    beganAt,
    outerPid: (pid) => (pid === process.pid ? 4711 : undefined),
    onEvents: (batch) => events.push(...batch),
  })
  const log = (host: string) =>
    openEventLog({ file: join(folder, `${host}.1.ndjson`), run: 'r', lab: 'l', host, incarnation: 1 })
  return { folder, output, recorder, events, log }
}

test('the recorder writes the events of all files in order of time, with time and outer pid', () => {
  const { recorder, output, events, log } = recording()
  const [a, b] = [log('a').emitter('p'), log('b').emitter('p')]
  a('tcp:written', { bytes: 1 })
  b('tcp:received', { bytes: 1 })
  a('tcp:written', { bytes: 2 })
  recorder.close()

  const written = readLog(output)
  expect(written.map(({ host, seq }) => `${host}${seq}`)).toEqual(['a0', 'b0', 'a1'])
  expect(written[0]?.time).toBeGreaterThan(0)
  expect(written[0]?.outerPid).toBe(4711)
  expect(events).toEqual(written)
})

test('a line that is no event becomes an event that teaches, and harms no other', () => {
  const { folder, recorder, output, log } = recording()
  writeFileSync(join(folder, 'bad.1.ndjson'), 'console.log says hello\n{"mono":"1"}\n')
  log('a').emitter('p')('tcp:end_received', {})
  recorder.close()

  const written = readLog(output)
  const refused = written.filter(({ name }) => name === 'recorder:line_refused')
  expect(refused.map(({ data }) => data)).toMatchObject([
    { file: 'bad.1.ndjson', line: 1, problem: expect.stringContaining('one JSON object a line') },
    { file: 'bad.1.ndjson', line: 2, problem: expect.stringContaining('envelope') },
  ])
  expect(written).toHaveLength(3)
})

test('a line without end is refused once, and the next line is read', () => {
  const { folder, recorder, output, log } = recording()
  const file = join(folder, 'long.1.ndjson')
  writeFileSync(file, 'x'.repeat(400_000))
  log('a').emitter('p')('tcp:end_received', {})
  appendFileSync(file, `${'x'.repeat(400_000)}\n`)
  appendFileSync(file, `${readFileSync(join(folder, 'a.1.ndjson'), 'utf8').replace('"seq":0', '"seq":1')}`)
  recorder.close()

  expect(
    readLog(output)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['recorder:line_refused', 'tcp:end_received', 'tcp:end_received'])
})

test('half a line waits for its other half', async () => {
  const { folder, recorder, output, events, log } = recording()
  log('a').emitter('p')('tcp:end_received', {})
  const line = readFileSync(join(folder, 'a.1.ndjson'), 'utf8').replaceAll('"host":"a"', '"host":"b"')
  writeFileSync(join(folder, 'b.1.ndjson'), line.slice(0, 30))
  await expect.poll(() => events.length).toBe(1)
  appendFileSync(join(folder, 'b.1.ndjson'), line.slice(30))
  recorder.close()

  expect(
    readLog(output)
      .map(({ host }) => host)
      .sort(),
  ).toEqual(['a', 'b'])
})

test('what was written while nobody read is not lost', () => {
  const { recorder, output, log } = recording()
  const emit = log('a').emitter('p')
  for (let n = 0; n < 20_000; n++) emit('tcp:written', { bytes: n })
  recorder.close()

  const seqs = readLog(output).map(({ seq }) => seq)
  expect(seqs).toEqual(Array.from({ length: 20_000 }, (_, index) => index))
})
