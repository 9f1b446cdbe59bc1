/** A log may lack what decides, or say anything: a prediction from it ends, and soon. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keepaliveGiveUpSinceHeard, retransmissionGiveUp, survivesBlip } from '../../src/kernel/give-up.ts'
import {
  orphanGiveUp,
  synReceivedGiveUp,
  synSentGiveUp,
  zeroWindowGiveUp,
} from '../../src/kernel/give-up-by-state.ts'

const jiffyMs = 4
const busy = {
  retransmissionTimeoutMs: 204,
  roundTripMs: 0.05,
  retries2: 2,
  userTimeoutMs: 0,
  tailLossProbe: true,
  jiffyMs,
}
const syn = { synRetries: 2, linearTimeouts: 1, userTimeoutMs: 0, jiffyMs }
const keepalive = { idleMs: 2000, intervalMs: 1000, probes: 3 }
const { NaN: UNREAD } = Number

test.each([
  ['no TCP_INFO', retransmissionGiveUp({ ...busy, retransmissionTimeoutMs: UNREAD })],
  ['a timeout of nothing', retransmissionGiveUp({ ...busy, retransmissionTimeoutMs: 0 })],
  ['no tcp_retries2', retransmissionGiveUp({ ...busy, retries2: UNREAD })],
  ['no tcp_orphan_retries', orphanGiveUp(busy, UNREAD)],
  ['no jiffy', retransmissionGiveUp({ ...busy, jiffyMs: UNREAD })],
  ['no tcp_syn_retries', synSentGiveUp({ ...syn, synRetries: UNREAD })],
  ['no tcp_synack_retries', synReceivedGiveUp(UNREAD, jiffyMs)],
  ['no interval of probes', keepaliveGiveUpSinceHeard({ ...keepalive, intervalMs: UNREAD }, 5000, jiffyMs)],
])('%s: nothing is predicted', (_, { minMs, maxMs, retransmissions }) => {
  expect([minMs, maxMs, retransmissions]).toEqual([UNREAD, UNREAD, []])
})

test('nor whether a cut is outlived', () => {
  expect(survivesBlip(retransmissionGiveUp({ ...busy, retries2: UNREAD }), 1000)).toBe('either')
})

test('whatever the numbers are, each prediction ends', () => {
  const odd = fc.oneof(fc.constantFrom(UNREAD, 0, -1, Number.POSITIVE_INFINITY, 1e300), fc.double())
  fc.assert(
    fc.property(fc.tuple(odd, odd, odd, odd, odd, fc.boolean()), ([one, two, three, four, five, probe]) => {
      const connection = {
        retransmissionTimeoutMs: one,
        roundTripMs: two,
        retries2: three,
        userTimeoutMs: four,
        tailLossProbe: probe,
        jiffyMs: five,
      }
      const made = [
        retransmissionGiveUp(connection),
        orphanGiveUp(connection, four),
        synSentGiveUp({ synRetries: one, linearTimeouts: two, userTimeoutMs: three, jiffyMs: five }),
        synReceivedGiveUp(one, five),
        keepaliveGiveUpSinceHeard({ idleMs: one, intervalMs: two, probes: three }, four, five),
      ]
      zeroWindowGiveUp({ ...connection, backoff: four })
      for (const { retransmissions } of made) expect(retransmissions.length).toBeLessThanOrEqual(10_000)
    }),
    { numRuns: 50, endOnFailure: true },
  )
})
