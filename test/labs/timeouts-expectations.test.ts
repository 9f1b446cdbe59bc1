/** The predictions of lab:timeouts, beside what was measured on Linux 6.18 and Node 20.20 before it was written. */
import { describe, expect, test } from 'vitest'
import { conditionsOf } from '../../labs/timeouts/conditions.ts'
import * as predict from '../../labs/timeouts/expectations.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'

const jiffyMs = 4
const connection = {
  retransmissionTimeoutMs: 204,
  roundTripMs: 0.05,
  retries2: 15,
  userTimeoutMs: 0,
  tailLossProbe: true,
  jiffyMs,
}
const linuxDefaults = { synRetries: 6, linearTimeouts: 4, userTimeoutMs: 0, jiffyMs }
const keepalive = (idle: number, interval: number, probes: number) => ({
  idleMs: idle * 1000,
  intervalMs: interval * 1000,
  probes,
})

describe('what a kernel at its defaults does', () => {
  const busyAfter10 = { ...connection, userTimeoutMs: 10_000 }
  test.each<[what: string, expectation: predict.Expectation, measuredMs: number]>([
    ['SYN-SENT', predict.synSent(linuxDefaults), 135_100],
    ['SYN-SENT, user timeout 5 s', predict.synSent({ ...linuxDefaults, userTimeoutMs: 5000 }), 5040],
    ['SYN-RECEIVED', predict.synReceived(5, jiffyMs), 65_700],
    ['keepalive 5/5/3', predict.keepalive(keepalive(5, 5, 3), 0, jiffyMs), 20_400],
    ['keepalive 5/3/3, user timeout 10 s', predict.keepalive(keepalive(5, 3, 3), 10_000, jiffyMs), 11_200],
    ['keepalive 5/3/9, user timeout 14 s', predict.keepalive(keepalive(5, 3, 9), 14_000, jiffyMs), 14_500],
    ['busy', predict.busy(connection), 939_900],
    ['busy, user timeout 10 s', predict.busy(busyAfter10), 10_600],
    ['zero window, user timeout 30 s', predict.zeroWindowLimited(204, 30_000, jiffyMs), 30_300],
    ['closed with data', predict.orphan(connection, 0), 106_500],
    ['FIN-WAIT-2', predict.finWait2(60, jiffyMs), 60_330],
    ['TIME-WAIT', predict.timeWait(jiffyMs), 61_270],
    ['requestTimeout 3 s, looked after each 0.5 s', predict.checkedLimit('requestTimeout', 3000, 500), 3490],
    ['undici, 2.5 s', predict.undiciTimer(2500), 2968],
    ['undici, 300 s, a busy machine', predict.undiciTimer(300_000), 302_350],
  ])('%s', (_, { span }, measuredMs) => {
    expect(measuredMs).toBeGreaterThanOrEqual(span.minMs)
    expect(measuredMs).toBeLessThanOrEqual(span.maxMs + SLACK_MS)
  })

  test('a prediction of minutes is narrower than a retransmission', () => {
    const { span } = predict.busy(connection)
    expect(span.maxMs - span.minMs).toBeLessThan(120_000)
  })
})

test('what is sent again: what must have been by the end, and what may have been', () => {
  const spans = [1000, 2000, 4000].map((minMs) => ({ minMs, maxMs: minMs + 100 }))
  const about = { formula: '', source: '', retransmissions: spans }
  expect(predict.sentAgain({ ...about, span: { minMs: 3000, maxMs: 5000 } })).toEqual({ min: 2, max: 3 })
  expect(predict.sentAgain({ ...about, span: { minMs: 900, maxMs: 1000 } })).toEqual({ min: 0, max: 0 })
})

describe('conditionsOf()', () => {
  const own = { tcp_retries2: '15', tcp_syn_retries: '6', tcp_rmem: '1 2 3' }

  test('the quick pace lowers what has a knob, and keeps the user timeout between two probes', () => {
    const { sysctls, settings } = conditionsOf({ pace: 'quick', cases: ['busy'] }, own)
    expect(sysctls).toMatchObject({ 'net/ipv4/tcp_retries2': '2', 'net/ipv4/tcp_fin_timeout': '3' })
    const { keepalive, userTimeoutMs } = settings.outlasted
    expect(userTimeoutMs).toBeGreaterThan(keepalive.idleMs + keepalive.probes * keepalive.intervalMs)
    expect((userTimeoutMs - keepalive.idleMs) % keepalive.intervalMs).not.toBe(0)
  })

  test("the real pace changes nothing of the system's or of Node's", () => {
    const { sysctls, settings, watchMs } = conditionsOf({ pace: 'real', cases: ['time-wait', 'busy'] }, own)
    expect(sysctls).toEqual({ 'net/ipv4/tcp_retries2': '15', 'net/ipv4/tcp_syn_retries': '6' })
    expect(settings).toMatchObject({ http: {}, undiciHeadersTimeoutMs: null })
    // The longest wait fits, and no longer one is announced.
    expect(watchMs).toBeGreaterThan(predict.busy(connection).span.maxMs)
    const alone = conditionsOf({ pace: 'real', cases: ['time-wait'] }, own)
    expect(alone.watchMs).toBeGreaterThan(predict.timeWait(jiffyMs).span.maxMs)
    expect(alone.watchMs).toBeLessThan(watchMs)
  })
})
