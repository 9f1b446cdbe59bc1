import { describe, expect, test } from 'vitest'
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAMS_MAX,
  formatDatagram,
  parseDatagram,
} from '../../../src/protocols/datagrams/message.ts'
import { DatagramTally } from '../../../src/protocols/datagrams/tally.ts'

describe('a numbered datagram', () => {
  test('says which it is, in text, and has the size wanted', () => {
    const datagram = formatDatagram({ number: 3, of: 20 }, 100)
    expect(datagram).toHaveLength(100)
    expect(String(datagram)).toMatch(/^datagram 3 of 20\n\.+$/)
    expect(parseDatagram(datagram)).toEqual({ number: 3, of: 20 })
    expect(formatDatagram({ number: 1, of: 1 }, DATAGRAM_BYTES_MAX)).toHaveLength(65_507)
  })

  test('is never shorter than its text', () => {
    expect(String(formatDatagram({ number: 1, of: 1 }, 0))).toBe('datagram 1 of 1\n')
  })

  test.each([
    [0, 1],
    [2, 1],
    [1, DATAGRAMS_MAX + 1],
    [1.5, 2],
  ])('is not made with number %d of %d', (number, of) => {
    expect(() => formatDatagram({ number, of }, 0)).toThrow(RangeError)
  })

  test.each([
    '',
    'datagram 3 of 20',
    'datagram 0 of 20\n',
    'datagram 21 of 20\n',
    'datagram 1 of 999999\n',
    'datagram 1 of 9999999\n',
    'datagram -1 of 2\n',
    ' datagram 1 of 2\n',
    '\u0000'.repeat(100),
  ])('is not found in %j, which anybody may send', (text) => {
    expect(parseDatagram(Buffer.from(text))).toBeNull()
  })
})

describe('DatagramTally', () => {
  function tallyOf(numbers: number[], of: number) {
    const tally = new DatagramTally()
    return { arrivals: numbers.map((number) => tally.note({ number, of })), counted: tally.counted }
  }

  test.each([
    {
      what: 'all in order',
      numbers: [1, 2, 3],
      counted: { received: 3, lost: 0, duplicated: 0, reordered: 0 },
    },
    { what: 'one lost', numbers: [1, 3], counted: { received: 2, lost: 1, duplicated: 0, reordered: 0 } },
    {
      what: 'the last lost',
      numbers: [1, 2],
      counted: { received: 2, lost: 1, duplicated: 0, reordered: 0 },
    },
    { what: 'one late', numbers: [1, 3, 2], counted: { received: 3, lost: 0, duplicated: 0, reordered: 1 } },
    {
      what: 'one twice',
      numbers: [1, 2, 2, 3],
      counted: { received: 3, lost: 0, duplicated: 1, reordered: 0 },
    },
    {
      what: 'a late copy, which is a copy',
      numbers: [1, 2, 3, 1],
      counted: { received: 3, lost: 0, duplicated: 1, reordered: 0 },
    },
  ])('$what', ({ numbers, counted }) => {
    expect(tallyOf(numbers, 3).counted).toEqual(counted)
  })

  test('says of each arrival what it is', () => {
    expect(tallyOf([1, 3, 3, 2], 3).arrivals).toEqual(['in-order', 'in-order', 'duplicate', 'reordered'])
  })
})
