/** The timers of RFC 3261 and RFC 4028, against the times that the RFCs themselves and other people's phones have. */
import { expect, test } from 'vitest'
import { conditionsOf } from '../../labs/sip/conditions.ts'
import { givesUpMs, invitesAtMs, othersAtMs, refreshMs, sessionEndsMs } from '../../labs/sip/expectations.ts'

const STANDARD = { t1Ms: 500, t2Ms: 4000 }
const seconds = (times: readonly number[]) => times.map((ms) => ms / 1000)

test('an INVITE is sent seven times in 32 s, each pause twice the one before (RFC 3261 section 17.1.1.2)', () => {
  expect(seconds(invitesAtMs(STANDARD))).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5])
  expect(givesUpMs(STANDARD)).toBe(32_000)
})

test('any other request is sent eleven times, the pauses no longer than T2 (section 17.1.2.2)', () => {
  expect(seconds(othersAtMs(STANDARD))).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5])
})

test('all of it is in proportion to T1, as long as T2 is', () => {
  const half = { t1Ms: 250, t2Ms: 2000 }
  expect(invitesAtMs(half)).toEqual(invitesAtMs(STANDARD).map((ms) => ms / 2))
  expect(othersAtMs(half)).toEqual(othersAtMs(STANDARD).map((ms) => ms / 2))
  expect(othersAtMs({ t1Ms: 250, t2Ms: 4000 })).toHaveLength(8)
})

test.each([
  [1800, 1768],
  [96, 64],
  [90, 60],
  [12, 8],
])('a session of %d s without a refresh is ended after %d s (RFC 4028 section 10)', (session, ends) => {
  expect(sessionEndsMs(session * 1000)).toBe(ends * 1000)
  expect(refreshMs(session * 1000)).toBe(session * 500)
})

test('only the quick pace has a session that RFC 4028 forbids', () => {
  expect(conditionsOf({ pace: 'real' }).settings).toMatchObject({ times: STANDARD, sessionMs: 90_000 })
  expect(conditionsOf({ pace: 'quick' }).settings.sessionMs).toBeLessThan(90_000)
})
