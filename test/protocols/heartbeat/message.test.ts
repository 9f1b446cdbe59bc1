import { describe, expect, test } from 'vitest'
import { LINE_BYTES_MAX } from '../../../src/protocols/heartbeat/constants.ts'
import {
  formatLine,
  LineReader,
  type Message,
  parseDatagram,
  parseLine,
  type Refusal,
} from '../../../src/protocols/heartbeat/message.ts'

const outcome = (line: Message | Refusal) =>
  'problem' in line ? line.problem : `${line.kind} ${line.number}`

function readAll(reader: LineReader, ...chunks: (string | Buffer)[]): string[] {
  const lines: string[] = []
  for (const chunk of chunks) {
    reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
    for (let line = reader.next(); line !== 'incomplete'; line = reader.next()) lines.push(outcome(line))
  }
  return lines
}

describe('parseLine', () => {
  test.each([
    ['PING 17', 'ping 17'],
    ['PONG 17\r', 'pong 17'],
    ['PING 0', 'ping 0'],
    ['PING 4294967295', 'ping 4294967295'],
    ['PING 4294967296', 'BAD_NUMBER'],
    ['PING 99999999999999999999', 'BAD_NUMBER'],
    ['PING 00', 'BAD_NUMBER'],
    ['PING 017', 'BAD_NUMBER'],
    ['PING -1', 'BAD_NUMBER'],
    ['PING +1', 'BAD_NUMBER'],
    ['PING 1.0', 'BAD_NUMBER'],
    ['PING 1e1', 'BAD_NUMBER'],
    ['PING 0x1', 'BAD_NUMBER'],
    ['PING', 'BAD_NUMBER'],
    ['PING ', 'BAD_NUMBER'],
    ['PING  1', 'BAD_NUMBER'],
    ['PING 1 ', 'BAD_NUMBER'],
    ['PING 1\r\r', 'BAD_NUMBER'],
    ['PING 1\0', 'BAD_NUMBER'],
    ['ping 1', 'UNKNOWN_WORD'],
    [' PING 1', 'UNKNOWN_WORD'],
    ['PING\t1', 'UNKNOWN_WORD'],
    ['', 'UNKNOWN_WORD'],
    ['\r', 'UNKNOWN_WORD'],
    ['constructor 1', 'UNKNOWN_WORD'],
    ['__proto__ 1', 'UNKNOWN_WORD'],
    ['PING \xb9', 'NOT_ASCII'],
    ['P\x80NG 1', 'NOT_ASCII'],
    ['x'.repeat(LINE_BYTES_MAX), 'UNKNOWN_WORD'],
    ['x'.repeat(LINE_BYTES_MAX + 1), 'LINE_TOO_LONG'],
  ])('takes %j for %s', (text, expected) => {
    expect(outcome(parseLine(Buffer.from(text, 'latin1')))).toBe(expected)
  })

  test('shows the beginning of a refused line without what a terminal would obey', () => {
    const line = Buffer.from(`\x1b[2J\xff${'x'.repeat(50)}`, 'latin1')
    expect(parseLine(line)).toEqual({ problem: 'NOT_ASCII', excerpt: `\\x1b[2J\\xff${'x'.repeat(27)}` })
  })
})

describe('formatLine', () => {
  test('writes what parseLine reads', () => {
    for (const message of [
      { kind: 'ping', number: 0 },
      { kind: 'pong', number: 4_294_967_295 },
    ] as const) {
      const line = formatLine(message)
      expect(line.endsWith('\n')).toBe(true)
      expect(parseLine(Buffer.from(line.slice(0, -1)))).toEqual(message)
    }
  })
})

describe('LineReader', () => {
  const stream = `PING 1\r\nPONG 2\nrubbish\n${'x'.repeat(100)}\nPING 3\n`
  const expected = ['ping 1', 'pong 2', 'UNKNOWN_WORD', 'LINE_TOO_LONG', 'ping 3']

  test('reads the same lines wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(readAll(new LineReader(), stream.slice(0, at), stream.slice(at))).toEqual(expected)
    }
    expect(readAll(new LineReader(), ...stream)).toEqual(expected)
  })

  test('says incomplete for a line without its end, as often as it is asked', () => {
    const reader = new LineReader()
    expect(readAll(reader, 'PING 1')).toEqual([])
    expect(reader.next()).toBe('incomplete')
    expect(readAll(reader, '7\n')).toEqual(['ping 17'])
  })

  test('complains once about 100 MB without LF, holds none of them, and reads on after it', () => {
    const reader = new LineReader()
    const flood = Buffer.alloc(65_536, 'x')
    const beforeBytes = process.memoryUsage().arrayBuffers
    expect(readAll(reader, ...Array.from({ length: 1600 }, () => flood))).toEqual(['LINE_TOO_LONG'])
    expect(process.memoryUsage().arrayBuffers - beforeBytes).toBeLessThan(10 * 1024 * 1024)
    expect(readAll(reader, 'y\nPING 5\n')).toEqual(['ping 5'])
  })

  test.each([
    ['', undefined],
    ['PING 1\n', undefined],
    ['PING 1\nPI', 'EOF_INSIDE_LINE'],
    ['x'.repeat(100), undefined], // complained about as LINE_TOO_LONG
  ])('at the end of %j says %s', (text, problem) => {
    const reader = new LineReader()
    readAll(reader, text)
    expect(reader.end()?.problem).toBe(problem)
  })

  test('survives every byte value, and keeps in step', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    for (const byte of bytes) {
      const lines = readAll(new LineReader(), Buffer.concat([Buffer.of(byte), Buffer.from('\nPING 1\n')]))
      expect(lines.at(-1)).toBe('ping 1')
      expect(lines[0]).toBe(byte > 127 ? 'NOT_ASCII' : 'UNKNOWN_WORD')
    }
  })
})

describe('parseDatagram', () => {
  test.each([
    ['PING 1', ['ping 1']],
    ['PING 1\n', ['ping 1']],
    ['PING 1\r\n', ['ping 1']],
    ['PING 1\nPONG 2', ['ping 1', 'pong 2']],
    ['PING 1\nx\nPONG 2\n', ['ping 1', 'UNKNOWN_WORD', 'pong 2']],
    ['', ['UNKNOWN_WORD']],
    [`${'x'.repeat(1000)}\nPING 1`, ['LINE_TOO_LONG', 'ping 1']],
  ])('reads %j as whole lines', (text, expected) => {
    expect(parseDatagram(Buffer.from(text)).map(outcome)).toEqual(expected)
  })
})
