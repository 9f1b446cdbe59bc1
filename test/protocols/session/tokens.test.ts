import { expect, test } from 'vitest'
import { claimantOf, hashOf, takeNext } from '../../../src/protocols/session/tokens.ts'

const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(hashOf) as [
  string,
  string,
  string,
  string,
]
const kept = { usedHash: one, tokenHash: two, nextHash: three }

test.each([
  ['the token in force', two, four, 'owner'],
  ['the proposed one, since a PONG was lost', three, four, 'owner-ahead'],
  ['the one before with the proposal that was taken', one, two, 'late-copy'],
  ['the one before with another proposal', one, four, 'reused'],
  ['any other', four, two, 'wrong'],
])('%s tells whose claim it is', (_, presented, proposed, claimant) => {
  expect(claimantOf(kept, presented, proposed)).toBe(claimant)
})

test('a session that was never resumed knows one token', () => {
  const fresh = { usedHash: null, tokenHash: two, nextHash: null }
  expect([one, two, three].map((token) => claimantOf(fresh, token, four))).toEqual([
    'wrong',
    'owner',
    'wrong',
  ])
})

test('the proposed token takes the place of the one in force, which is used from then on', () => {
  const taken = { ...kept }
  takeNext(taken)
  expect(taken).toEqual({ usedHash: two, tokenHash: three, nextHash: null })
  takeNext(taken)
  expect(taken).toEqual({ usedHash: two, tokenHash: three, nextHash: null })
})
