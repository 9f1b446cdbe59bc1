/** Lines that are right, nearly right and anything: what a peer may send. */
import fc from 'fast-check'
import { TEXT_CHARS_MAX } from '../../../src/protocols/session/constants.ts'
import { formatLine, goodbyes, type Line, refusals } from '../../../src/protocols/session/lines.ts'

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
const number = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 0xffffffff }))
const token = fc.oneof(fc.constantFrom('a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)), hex(32))
const session = fc.oneof(fc.constantFrom('0'.repeat(16), '0000000000000001'), hex(16))

export const lines: fc.Arbitrary<Line> = fc.oneof(
  fc.record({ word: fc.constant('HELLO' as const), version: fc.oneof(fc.constant(1), number), token }),
  fc.record({ word: fc.constant('WELCOME' as const), session, graceMs: number, challenge: number }),
  fc.record({ word: fc.constant('RESUME' as const), session, token, next: token, received: number }),
  fc.record({ word: fc.constant('RESUMED' as const), received: number, challenge: number }),
  fc.record({ word: fc.constant('REFUSED' as const), reason: fc.constantFrom(...refusals) }),
  fc.record({
    word: fc.constant('DATA' as const),
    number: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 0xffffffff })),
    text: fc.string({ unit: 'grapheme-ascii', maxLength: TEXT_CHARS_MAX }),
  }),
  fc.record({ word: fc.constant('ACK' as const), number }),
  fc.record({ word: fc.constantFrom('PING' as const, 'PONG' as const), number }),
  fc.record({ word: fc.constant('BYE' as const), reason: fc.constantFrom(...goodbyes) }),
)

/** One character too many, or another one, somewhere in a line that was right. */
const nearly = fc
  .tuple(lines.map(formatLine), fc.nat(), fc.string({ maxLength: 3, unit: 'binary' }), fc.nat(2))
  .map(([text, at, other, instead]) => {
    const cut = at % (text.length + 1)
    return text.slice(0, cut) + other + text.slice(cut + instead)
  })

export const texts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: lines.map(formatLine), weight: 6 },
  { arbitrary: nearly, weight: 3 },
  fc.string({ maxLength: 50, unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\r',
    '\0',
    'x'.repeat(5000),
    '__proto__ 1',
    'DATA 1 ',
    `DATA ${'9'.repeat(400)} x`,
  ),
)
