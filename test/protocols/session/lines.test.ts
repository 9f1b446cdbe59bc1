import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LINE_BYTES_MAX, TEXT_CHARS_MAX } from '../../../src/protocols/session/constants.ts'
import { formatLine, goodbyes, type Line, parseLine, refusals } from '../../../src/protocols/session/lines.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'
const SESSION = 'fedcba9876543210'

const outcome = (line: ReturnType<typeof parseLine>) => ('problem' in line ? line.problem : line.word)

describe('parseLine', () => {
  test.each([
    [`HELLO 1 ${TOKEN}`, 'HELLO'],
    [`HELLO 1 ${TOKEN}\r\n`, 'HELLO'],
    [`HELLO 1 ${TOKEN.toUpperCase()}`, 'BAD_FIELDS'],
    [`HELLO 1 ${TOKEN.slice(1)}`, 'BAD_FIELDS'],
    [`HELLO 1 ${TOKEN}0`, 'BAD_FIELDS'],
    [`HELLO 1 ${TOKEN} `, 'BAD_FIELDS'],
    ['HELLO 1', 'BAD_FIELDS'],
    [`WELCOME ${SESSION} 30000 7`, 'WELCOME'],
    [`WELCOME ${SESSION} 30000`, 'BAD_FIELDS'],
    [`RESUME ${SESSION} ${TOKEN} ${TOKEN} 0`, 'RESUME'],
    [`RESUME ${SESSION} ${TOKEN} ${TOKEN} -1`, 'BAD_FIELDS'],
    ['RESUMED 4294967295 0', 'RESUMED'],
    ['RESUMED 4294967296 0', 'BAD_FIELDS'],
    ['REFUSED unknown-session', 'REFUSED'],
    ['REFUSED toString', 'BAD_FIELDS'],
    ['DATA 1 two words  and  spaces ', 'DATA'],
    ['DATA 1 ', 'DATA'],
    ['DATA 1', 'BAD_FIELDS'],
    ['DATA 0 x', 'BAD_FIELDS'],
    ['DATA 01 x', 'BAD_FIELDS'],
    [`DATA 1 ${'x'.repeat(TEXT_CHARS_MAX)}`, 'DATA'],
    [`DATA 1 ${'x'.repeat(TEXT_CHARS_MAX + 1)}`, 'BAD_FIELDS'],
    [`DATA 1 ${'x'.repeat(LINE_BYTES_MAX)}`, 'LINE_TOO_LONG'],
    ['DATA 1 \x1b[2J', 'NOT_PRINTABLE'],
    ['DATA 1 a\nDATA 2 b', 'NOT_PRINTABLE'],
    ['ACK 0', 'ACK'],
    ['ACK', 'BAD_FIELDS'],
    ['PING 17', 'PING'],
    ['PONG 17', 'PONG'],
    ['BYE closed', 'BYE'],
    ['BYE', 'BAD_FIELDS'],
    ['bye closed', 'UNKNOWN_WORD'],
    ['', 'UNKNOWN_WORD'],
    ['__proto__ 1', 'UNKNOWN_WORD'],
    ['constructor', 'UNKNOWN_WORD'],
  ])('takes %j for %s', (text, expected) => {
    expect(outcome(parseLine(text))).toBe(expected)
  })

  test('keeps every space of a message', () => {
    expect(parseLine('DATA 7  a  b ')).toEqual({ word: 'DATA', number: 7, text: ' a  b ' })
  })
})

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
const number = fc.nat({ max: 0xffffffff })
const printable = fc.string({ unit: 'grapheme-ascii', maxLength: TEXT_CHARS_MAX })
const lines: fc.Arbitrary<Line> = fc.oneof(
  fc.record({ word: fc.constant('HELLO' as const), version: number, token: hex(32) }),
  fc.record({ word: fc.constant('WELCOME' as const), session: hex(16), graceMs: number, challenge: number }),
  fc.record({
    word: fc.constant('RESUME' as const),
    session: hex(16),
    token: hex(32),
    next: hex(32),
    received: number,
  }),
  fc.record({ word: fc.constant('RESUMED' as const), received: number, challenge: number }),
  fc.record({ word: fc.constant('REFUSED' as const), reason: fc.constantFrom(...refusals) }),
  fc.record({
    word: fc.constant('DATA' as const),
    number: fc.integer({ min: 1, max: 0xffffffff }),
    text: printable,
  }),
  fc.record({ word: fc.constantFrom('ACK' as const), number }),
  fc.record({ word: fc.constantFrom('PING' as const, 'PONG' as const), number }),
  fc.record({ word: fc.constant('BYE' as const), reason: fc.constantFrom(...goodbyes) }),
)

test('what is formatted is parsed to the same, and stays within a line', () => {
  fc.assert(
    fc.property(lines, (line) => {
      const text = formatLine(line)
      expect(parseLine(text)).toEqual(line)
      expect(text.length).toBeLessThanOrEqual(LINE_BYTES_MAX)
    }),
  )
})

test('whatever is not refused is spelled in one way only', () => {
  const near = fc
    .tuple(lines.map(formatLine), fc.nat(200), fc.string({ maxLength: 3 }))
    .map(([text, at, other]) => {
      return text.slice(0, at % (text.length + 1)) + other + text.slice(at % (text.length + 1))
    })
  fc.assert(
    fc.property(fc.oneof(near, fc.string(), fc.string({ unit: 'binary' })), (text) => {
      const line = parseLine(text)
      if (!('problem' in line)) expect(formatLine(line)).toBe(text.replace(/\r?\n?$/, ''))
    }),
    { numRuns: 500 },
  )
})
