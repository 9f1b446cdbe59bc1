/** What is too long for a terminal: whole words, and nothing of it lost. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { beside, fitted, wrapped } from '../../src/text/wrap.ts'

const RED = ['\u001b[31m', '\u001b[0m'] as const

test('words are not broken, and none is lost', () => {
  const word = fc.stringMatching(/^[a-z,.]{1,20}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 20, max: 90 }), (words, columns) => {
      const lines = wrapped(words.join(' '), columns)
      expect(lines.join(' ')).toBe(words.join(' '))
      expect(lines.every((line) => line.length <= columns)).toBe(true)
      // What is fitted line by line is what was wrapped.
      expect(fitted(words.join(' '), columns)).toBe(lines.join('\n'))
    }),
  )
})

test('a word that is longer than a line keeps one of its own', () => {
  expect(wrapped('see https://example.org/a/long/address there', 20)).toEqual([
    'see',
    'https://example.org/a/long/address',
    'there',
  ])
})

test('what goes on stands below the text of its line, not below its label', () => {
  expect(beside('why  ', 'one two three', 12)).toEqual(['why  one two', '     three'])
  expect(fitted('  claim     nobody asks this connection anything', 32)).toBe(
    '  claim     nobody asks this\n            connection anything',
  )
  expect(fitted('- this takes about half a minute', 28)).toBe('- this takes about half a\nminute')
  // A label that would leave no room: behind the indent.
  expect(fitted('  --cell cut/tcp-keepalive     this cell in full', 40)).toBe(
    '  --cell cut/tcp-keepalive     this cell\n  in full',
  )
})

test('colours take no room, and a pipe has no width', () => {
  const painted = `${RED[0]}eight by${RED[1]} two`
  expect(fitted(painted, 12)).toBe(painted)
  expect(fitted(painted, 11)).toBe(`${RED[0]}eight by${RED[1]}\ntwo`)
  expect(fitted(painted, undefined)).toBe(painted)
})
