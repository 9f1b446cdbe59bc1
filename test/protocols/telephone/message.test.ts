import { expect, test } from 'vitest'
import {
  formatTelephone,
  parseTelephone,
  type TelephoneMessage,
  VOICE_BYTES,
} from '../../../src/protocols/telephone/message.ts'

test.each<TelephoneMessage>([
  { verb: 'attach', line: 0 },
  { verb: 'call', line: 3 },
  { verb: 'hang-up', line: 1000 },
  { verb: 'voice', line: 3, voice: { number: 17, spokenAtUs: 4_711_000_000 } },
])('$verb is read as it was written', (message) => {
  expect(parseTelephone(formatTelephone(message))).toEqual(message)
})

test('speech fills its slot, whatever was said', () => {
  const voice = { number: 1, spokenAtUs: 5 }
  expect(formatTelephone({ verb: 'voice', line: 1, voice })).toHaveLength(VOICE_BYTES)
  expect(formatTelephone({ verb: 'call', line: 1 }).toString()).toBe('call 1\n')
})

test.each([
  '',
  'call',
  'call x',
  'call 12345',
  'dance 3',
  'call 3 1 2',
  'voice 3',
  'voice 3 1',
  ' call 3',
  'call 3x',
])('"%s" is no such message', (text) => {
  expect(parseTelephone(Buffer.from(text))).toBe(null)
})
