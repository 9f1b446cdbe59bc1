import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEventLog } from '../../src/events/emit.ts'
import { readLog, readOwnLog } from '../../src/events/parse.ts'
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

/** An event as a program wrote it, spoiled in one way, as a line. */
function spoiledLine(
  file: string,
  spoil: (event: Record<string, unknown>) => Record<string, unknown>,
): Buffer {
  const [line = ''] = readFileSync(file, 'utf8').split('\n')
  return Buffer.from(`${JSON.stringify({ ...spoil(JSON.parse(line)) })}\n`)
}

test('whatever is written into an event file, the log of the run can be read', () => {
  const { folder, recorder, output, log } = recording()
  log('a').emitter('p')('program:stopping', { because: 'x' })
  const good = join(folder, 'a.1.ndjson')
  const spoiled: [string, Buffer][] = [
    ['future', spoiledLine(good, (event) => ({ ...event, mono: '9'.repeat(18) }))],
    ['twenty-digits', spoiledLine(good, (event) => ({ ...event, mono: '9'.repeat(20) }))],
    ['count', spoiledLine(good, (event) => ({ ...event, pid: 1e308 }))],
    ['long', spoiledLine(good, (event) => ({ ...event, data: { because: 'x'.repeat(200_000) } }))],
    ['deep', Buffer.from(`${'['.repeat(60_000)}\n`)],
    [
      'infinite',
      Buffer.from(
        readFileSync(good, 'utf8')
          .replace('program:stopping', 'host:process_exited')
          .replace('{"because":"x"}', '{"code":1e999,"signal":null}'),
      ),
    ],
  ]
  for (const [name, bytes] of spoiled) writeFileSync(join(folder, `${name}.1.ndjson`), bytes)
  // Each of these bytes is three when it is written again.
  const latin = Buffer.from(
    readFileSync(good, 'latin1').replace('"x"', `"${'\u00ff'.repeat(60_000)}"`),
    'latin1',
  )
  writeFileSync(join(folder, 'latin.1.ndjson'), latin)
  recorder.close()

  const written = readLog(output)
  const refused = written.flatMap((event) =>
    event.name === 'recorder:line_refused' ? [event.data.file] : [],
  )
  expect(refused.sort()).toEqual(spoiled.map(([name]) => `${name}.1.ndjson`).sort())
  expect(written).toHaveLength(spoiled.length + 2)
})

test('a run that is too long to be read again is recorded as far as it can be, and says so', () => {
  const { folder, recorder, output, log } = recording()
  log('a').emitter('p')('program:stopping', { because: 'x'.repeat(60_000) })
  const line = readFileSync(join(folder, 'a.1.ndjson'))
  const many = Buffer.concat(Array.from({ length: 2500 }, () => line))
  for (const name of ['b', 'c']) writeFileSync(join(folder, `${name}.1.ndjson`), many)
  recorder.close()

  const written = readLog(output)
  expect(written.length).toBeGreaterThan(4000)
  expect(written.at(-1)?.data).toMatchObject({
    file: 'events.ndjson',
    problem: expect.stringMatching(/^expected at most/),
  })
}, 60_000)

test('the log of a run that has just ended is whole but for the lines that are no events', () => {
  const { recorder, output, log } = recording()
  const emit = log('a').emitter('p')
  for (let n = 0; n < 3; n++) emit('tcp:written', { bytes: n })
  recorder.close()
  const [first, ...others] = readFileSync(output, 'utf8').split('\n')
  writeFileSync(output, ['{"half', first, '{"name":"nobody"}', ...others].join('\n'))

  expect(() => readLog(output)).toThrow(/^line 1 is damaged/)
  const told = readOwnLog(output)
  expect(told.map(({ name }) => name).sort()).toEqual([
    'recorder:line_refused',
    'recorder:line_refused',
    'tcp:written',
    'tcp:written',
    'tcp:written',
  ])
  const refused = told.flatMap(({ name, data }) => (name === 'recorder:line_refused' ? [data] : []))
  expect(refused).toMatchObject([
    { file: 'events.ndjson', line: 1, problem: expect.stringMatching(/^is damaged/) },
    { file: 'events.ndjson', line: 3, problem: expect.stringMatching(/^is no event of this version/) },
  ])
})
