/** Section 5.1.1 of RFC 6265bis, rule by rule. */
import { expect, test } from 'vitest'
import { parseCookieDate } from '../../../src/protocols/cookies/date.ts'

const iso = (text: string) => {
  const ms = parseCookieDate(text)
  return ms === null ? null : new Date(ms).toISOString().replace('.000Z', '')
}
const NOON = '2027-03-04T12:34:56'

test.each([
  // The forms that servers write.
  ['Thu, 04 Mar 2027 12:34:56 GMT', NOON],
  ['Thursday, 04-Mar-27 12:34:56 GMT', NOON],
  ['Thu Mar  4 12:34:56 2027', NOON],
  // Order, weekday and zone count for nothing.
  ['12:34:56 2027 4 March', NOON],
  ['Mon, 04 Mar 2027 12:34:56 +0500', NOON],
  ['2027 12:34:56 mar 04', NOON],
  // But what could be a day is one: the first number of two digits.
  ['27 12:34:56 mar 04', '2004-03-27T12:34:56'],
  // Whatever delimits, delimits.
  ['"04/mAR/2027"12:34:56', NOON],
  ['\t04~Mar@2027[12:34:56]', NOON],
  ['04:Mar:2027 12:34:56', null],
  // What follows the digits is passed over, if it is no digit.
  ['4th Marchember 2027AD 12:34:56pm', NOON],
  ['04 Mar 2027 12:34:56.789', NOON],
  ['04 Mar 2027 12:34:567', null],
  ['004 Mar 2027 12:34:56', null],
  ['04 Mar 20271 12:34:56', null],
  // The first that fits counts, and one digit is enough for a time.
  ['04 Mar 2027 1:2:3 12:34:56 Apr 05 1999', '2027-03-04T01:02:03'],
  // Years of two digits.
  ['04 Mar 69 12:34:56', '2069-03-04T12:34:56'],
  ['04 Mar 70 12:34:56', '1970-03-04T12:34:56'],
  ['04 Mar 00 12:34:56', '2000-03-04T12:34:56'],
  ['04 Mar 199 12:34:56', null],
  ['04 Mar 1600 12:34:56', null],
  ['04 Mar 1601 12:34:56', '1601-03-04T12:34:56'],
  ['31 Dec 9999 23:59:59', '9999-12-31T23:59:59'],
  // No such time, no such day.
  ['04 Mar 2027 24:00:00', null],
  ['04 Mar 2027 23:60:00', null],
  ['04 Mar 2027 23:59:60', null],
  ['00 Mar 2027 12:34:56', null],
  ['32 Mar 2027 12:34:56', null],
  ['29 Feb 2027 12:34:56', null],
  ['29 Feb 2028 12:34:56', '2028-02-29T12:34:56'],
  // A part is missing.
  ['Mar 2027 12:34:56', null],
  ['04 2027 12:34:56', null],
  ['04 Mar 12:34:56', null],
  ['04 Mar 2027 12:34', null],
  ['', null],
  ['never', null],
] as const)('%j', (text, expected) => {
  expect(iso(text)).toBe(expected)
})
