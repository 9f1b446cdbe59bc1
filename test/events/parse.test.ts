import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inOrder, parseEvent, parseRecorded, readLogLines } from '../../src/events/parse.ts'

const good = {
  mono: '1000000',
  seq: 3,
  run: 'r',
  lab: 'keepalive',
  host: 'cut-a',
  incarnation: 1,
  program: 'tcp-client',
  pid: 42,
  name: 'tcp:error_received',
  group_id: 'tcp-idle:41234',
  data: { code: 'ETIMEDOUT' },
}

test('parseEvent returns the event it was given', () => {
  expect(parseEvent(JSON.stringify(good))).toEqual(good)
})

test.each([
  ['hello', /one JSON object a line/],
  ['{"mono":', /one JSON object a line/],
  ['[]', /envelope/],
  [JSON.stringify({ ...good, name: 'peer:dead' }), /envelope.*name/],
  [JSON.stringify({ ...good, mono: 12 }), /envelope.*mono/],
  [JSON.stringify({ ...good, level: 30 }), /envelope.*level/],
  [JSON.stringify({ ...good, data: { code: 7 } }), /data of "tcp:error_received".*code/],
  [JSON.stringify({ ...good, data: { code: 'X', extra: 1 } }), /data of "tcp:error_received".*extra/],
])('parseEvent says what is wrong with %s', (line, problem) => {
  const result = parseEvent(line)
  expect('problem' in result && result.problem).toMatch(problem)
})

test('inOrder sorts by the clock, and by seq within one process', () => {
  const at = (mono: string, pid: number, seq: number) => ({ ...good, mono, pid, seq }) as never
  const events = [at('20', 1, 5), at('9', 2, 0), at('20', 1, 4)]
  expect(events.sort(inOrder).map(({ seq }: { seq: number }) => seq)).toEqual([0, 4, 5])
})

test('a run of an earlier version is read with the names of today', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'stillhere-test-')), 'events.ndjson')
  const was = { ...good, time: 1, name: 'session:refused', data: { session: 'ab', status: 401 } }
  writeFileSync(file, `${JSON.stringify({ ...good, time: 0 })}\n${JSON.stringify(was)}\n`)
  const lines = [...readLogLines(file)]
  expect(lines.map((one) => 'event' in one && one.event.name)).toEqual([good.name, 'http-session:denied'])
  expect(lines.map((one) => 'line' in one && JSON.parse(one.line))).toEqual([
    { ...good, time: 0 },
    { ...was, name: 'http-session:denied' },
  ])
  // A program of today is to say it in words of today.
  expect('problem' in parseEvent(JSON.stringify({ ...good, name: 'session:refused', data: was.data }))).toBe(
    true,
  )
  expect('problem' in parseRecorded(JSON.stringify({ ...was, name: 'session:begun' }))).toBe(true)
})
