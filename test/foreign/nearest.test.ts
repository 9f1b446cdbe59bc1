import { expect, test } from 'vitest'
import { nearest } from '../../src/foreign/nearest.ts'

const FAULTS = ['exit', 'kill', 'freeze', 'cut', 'power-off']

test.each([
  ['frezee', 'did you mean "freeze"?'],
  ['poweroff', 'did you mean "power-off"?'],
  ['kil', 'did you mean "kill"?'],
  ['ct', 'did you mean "cut"?'],
  ['meteor', 'expected one of exit, kill, freeze, cut, power-off'],
  ['', 'expected one of exit, kill, freeze, cut, power-off'],
])('%s: %s', (word, advice) => {
  expect(nearest(word, FAULTS)).toBe(advice)
})
