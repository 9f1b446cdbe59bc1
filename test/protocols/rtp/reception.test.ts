/** What is counted of one source (RFC 3550 A.1, A.3, A.8). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reception } from '../../../src/protocols/rtp/reception.ts'

/** A source of which these numbers came, 20 ms apart, each with the timestamp of its number. */
function heard(sequences: readonly number[]): Reception {
  const reception = new Reception(sequences[0] ?? 0)
  for (const [place, sequence] of sequences.entries()) {
    reception.accept(sequence & 0xffff, sequence * 160, 20 * place)
  }
  return reception
}

const run = (from: number, count: number) => Array.from({ length: count }, (_, place) => from + place)
const countsOf = ({ expected, received, lost }: Reception) => ({ expected, received, lost })

describe('numbers', () => {
  test('the first packet proves nothing; from the second on they are counted', () => {
    expect(heard([7]).isValid).toBe(false)
    expect(heard([7, 9]).isValid).toBe(false)
    expect(countsOf(heard(run(7, 11)))).toEqual({ expected: 10, received: 10, lost: 0 })
  })

  test('go on after 65,535', () => {
    const reception = heard(run(65_530, 11))
    expect(countsOf(reception)).toEqual({ expected: 10, received: 10, lost: 0 })
    expect(reception.extendedGreatest).toBe(65_540)
  })

  test('that are missing are lost, until they come late; one that comes twice makes up for another', () => {
    expect(heard([1, 2, 3, 5, 6]).lost).toBe(1)
    expect(heard([1, 2, 3, 5, 4, 6]).lost).toBe(0)
    expect(heard([1, 2, 3, 3, 3]).lost).toBe(-2)
  })

  test('far off do not count, unless the next one follows: then the source began anew', () => {
    expect(countsOf(heard([1, 2, 3, 30_000, 4]))).toEqual({ expected: 3, received: 3, lost: 0 })
    expect(countsOf(heard([1, 2, 3, 30_000, 30_001, 30_002]))).toEqual({ expected: 2, received: 2, lost: 0 })
  })

  test('any of them, in any order: what is expected is never less than one, nor lost more than expected', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(65_535), { minLength: 1, maxLength: 200 }), (sequences) => {
        const reception = heard(sequences)
        expect(reception.lost).toBeLessThanOrEqual(reception.expected)
        expect(reception.expected).toBeGreaterThanOrEqual(reception.isValid ? 1 : 0)
        expect(reception.fractionLost()).toBeGreaterThanOrEqual(0)
        expect(reception.fractionLost()).toBeLessThan(256)
      }),
    )
  })
})

test('the share that is lost is that since it was asked last', () => {
  const reception = heard([0, ...run(1, 100).filter((number) => number % 4 !== 2)])
  expect(reception.fractionLost()).toBe(64)
  reception.accept(101, 0, 0)
  expect(reception.fractionLost()).toBe(0)
})

describe('jitter', () => {
  test('is none where packets come as evenly as they were sent, also where timestamps begin again', () => {
    const reception = new Reception(0)
    for (const place of run(0, 50))
      reception.accept(place, (2 ** 32 - 1600 + 160 * place) % 2 ** 32, 20 * place)
    expect(reception.jitterMs).toBeCloseTo(0, 6)
  })

  test('moves by a sixteenth of each difference, and comes near it', () => {
    const reception = new Reception(0)
    const arrival = (place: number) => 20 * place + (place % 2 === 0 ? 0 : 8)
    for (const place of run(0, 3)) reception.accept(place, 160 * place, arrival(place))
    expect(reception.jitterMs).toBeCloseTo(8 / 16, 6)
    for (const place of run(3, 200)) reception.accept(place, 160 * place, arrival(place))
    expect(reception.jitterMs).toBeCloseTo(8, 3)
  })
})
