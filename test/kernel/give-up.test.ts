/**
 * The predictions against what was measured: Linux 6.18, CONFIG_HZ 250, two network namespaces on one
 * bridge, the port of one taken off the bridge; 20 to 40 connections a row, their writes spread over a
 * second. Times in ms from the write that was lost to ETIMEDOUT in Node 20, as root and rootless.
 */
import { describe, expect, test } from 'vitest'
import {
  type BusyConnection,
  keepaliveGiveUp,
  keepaliveGiveUpSinceHeard,
  keepaliveLeft,
  retransmissionGiveUp,
  survivesBlip,
} from '../../src/kernel/give-up.ts'

/** A connection of the lab: no other host between, a write each second, no answer. */
const busy: BusyConnection = {
  retransmissionTimeoutMs: 204,
  roundTripMs: 0.04,
  retries2: 2,
  userTimeoutMs: 0,
  tailLossProbe: true,
  jiffyMs: 4,
}
/** A heartbeat from both ends: delayed acknowledgements make the round trip look longer. */
const heartbeat = { ...busy, retransmissionTimeoutMs: 220, roundTripMs: 17 }

/** From the timer to the program: the event loop of a machine that runs 40 such connections. */
const WAKE_UP_MS = 10

interface Measured {
  what: string
  connection: BusyConnection
  fastestMs: number
  slowestMs: number
}

const measured: Measured[] = [
  { what: 'tcp_retries2 2', connection: busy, fastestMs: 3321, slowestMs: 3354 },
  { what: 'tcp_retries2 3', connection: { ...busy, retries2: 3 }, fastestMs: 6632, slowestMs: 6858 },
  {
    what: 'no tail loss probe',
    connection: { ...busy, tailLossProbe: false },
    fastestMs: 3114,
    slowestMs: 3143,
  },
  {
    what: 'user timeout 4 s, longer than tcp_retries2 2',
    connection: { ...busy, userTimeoutMs: 4000 },
    fastestMs: 4417,
    slowestMs: 4448,
  },
  {
    what: 'user timeout 1 s, shorter than tcp_retries2 2',
    connection: { ...busy, userTimeoutMs: 1000 },
    fastestMs: 1419,
    slowestMs: 1452,
  },
  {
    what: 'tcp_retries2 4, the doubling ends at 1 s (tcp_rto_max_ms)',
    connection: { ...busy, retries2: 4, rtoMaxMs: 1000 },
    fastestMs: 4748,
    slowestMs: 4768,
  },
  { what: 'heartbeat', connection: heartbeat, fastestMs: 3577, slowestMs: 3608 },
  {
    what: 'heartbeat, R 216',
    connection: { ...heartbeat, retransmissionTimeoutMs: 216 },
    fastestMs: 3529,
    slowestMs: 3557,
  },
  {
    what: 'heartbeat, tcp_retries2 1',
    connection: { ...heartbeat, retries2: 1 },
    fastestMs: 1785,
    slowestMs: 1815,
  },
  {
    what: 'heartbeat, tcp_retries2 3: sooner than without',
    connection: { ...heartbeat, retries2: 3 },
    fastestMs: 3577,
    slowestMs: 3611,
  },
  {
    what: 'heartbeat, R 224: at 1.9 s or at 3.6 s',
    connection: { ...heartbeat, retransmissionTimeoutMs: 224 },
    fastestMs: 1854,
    slowestMs: 3672,
  },
  // facts/linux-tcp.md: the same kernel, another day.
  { what: 'tcp_retries2 15', connection: { ...busy, retries2: 15 }, fastestMs: 931_900, slowestMs: 939_950 },
]

describe('retransmissionGiveUp()', () => {
  test.each(measured)('agrees with what was measured: $what', ({ connection, fastestMs, slowestMs }) => {
    const { minMs, maxMs } = retransmissionGiveUp(connection)
    expect(fastestMs).toBeGreaterThanOrEqual(minMs)
    expect(slowestMs).toBeLessThanOrEqual(maxMs + WAKE_UP_MS)
  })

  test('is no wider than its timers where the limit is not near', () => {
    expect(retransmissionGiveUp(busy)).toMatchObject({ minMs: 3264, maxMs: 3368 })
  })

  test('lists the tail loss probe first, and then one retransmission a doubling', () => {
    const sent = [
      [206, 415, 827, 1659],
      [209, 417, 849, 1680],
      [205, 417, 854, 1686],
    ]
    const { retransmissions } = retransmissionGiveUp(busy)
    expect(retransmissions).toHaveLength(4)
    for (const times of sent) {
      for (const [index, { minMs, maxMs }] of retransmissions.entries()) {
        expect(times[index]).toBeGreaterThanOrEqual(minMs)
        expect(times[index]).toBeLessThanOrEqual(maxMs + WAKE_UP_MS)
      }
    }
  })
})

describe('survivesBlip()', () => {
  const giveUp = retransmissionGiveUp(busy)

  test('1.5 s with tcp_retries2 2: every phase of a write each second, as 20 of 20 did', () => {
    for (let phaseMs = 0; phaseMs < 1000; phaseMs += 10) {
      expect(survivesBlip(giveUp, 1500 - phaseMs)).toBe('yes')
    }
  })

  test('2 s: a write in the first third of a second is lost with its connection, as 7 of 20 were', () => {
    // The phases of writes after the cut, beside whether the connection lived.
    const dead = [14, 64, 114, 163, 215, 263]
    const alive = [409, 464, 511, 559, 611, 660, 709, 761, 814, 864, 914, 967]
    for (const phaseMs of dead) expect(survivesBlip(giveUp, 2000 - phaseMs)).toBe('no')
    for (const phaseMs of alive) expect(survivesBlip(giveUp, 2000 - phaseMs)).toBe('yes')
    expect(survivesBlip(giveUp, 2000 - 314)).toBe('either')
  })

  test('1.5 s under a heartbeat whose R has grown to 224 ms: it may not, as 7 of 20 did not', () => {
    const grown = retransmissionGiveUp({ ...heartbeat, retransmissionTimeoutMs: 224 })
    expect(survivesBlip(grown, 1500 - 392)).toBe('either')
    expect(survivesBlip(grown, 1500 - 690)).toBe('yes')
  })
})

describe('keepaliveGiveUp()', () => {
  const keepalive = { idleMs: 2000, intervalMs: 1000, probes: 3 }

  test('is between the probes alone and one idle time more (measured 3.29-5.05 s)', () => {
    expect(keepaliveGiveUp(keepalive)).toEqual({ minMs: 3000, maxMs: 5000 })
  })

  const limitedBy = (userTimeoutMs: number) => ({ userTimeoutMs, jiffyMs: 4 })

  test('with a user timeout counts time instead of probes (measured 2.4-4.1 s)', () => {
    expect(keepaliveGiveUp(keepalive, limitedBy(4000))).toEqual({ minMs: 2000, maxMs: 4096 })
  })

  test('a user timeout that little longer: the lateness of the timers may do, or one more is needed', () => {
    // Measured 2.375 s after the cut, and up to 5 s.
    for (const userTimeoutMs of [4010, 4040]) {
      expect(keepaliveGiveUp(keepalive, limitedBy(userTimeoutMs))).toMatchObject({ minMs: 2000 })
      expect(keepaliveGiveUp(keepalive, limitedBy(userTimeoutMs)).maxMs).toBeGreaterThan(5000)
    }
  })

  test.each([
    [{ idleMs: 2000, intervalMs: 20_000, probes: 1 }, 32_500],
    [{ idleMs: 1000, intervalMs: 5000, probes: 3 }, 20_000],
  ])(
    'an interval longer than the idle time is how often a healthy peer is asked: %j, %d ms',
    (long, seen) => {
      const { minMs, maxMs } = keepaliveGiveUp(long)
      expect(minMs).toBe(long.probes * long.intervalMs)
      expect(maxMs).toBe((long.probes + 1) * long.intervalMs)
      expect(seen).toBeLessThanOrEqual(maxMs)
    },
  )

  test.each([
    { userTimeoutMs: 10_000, probes: 3, measuredMs: 11_200 },
    { userTimeoutMs: 14_000, probes: 9, measuredMs: 14_500 },
  ])('with a user timeout of $userTimeoutMs ms waits for the keepalive timer after it', (row) => {
    const { minMs, maxMs } = keepaliveGiveUp(
      { idleMs: 5000, intervalMs: 3000, probes: row.probes },
      limitedBy(row.userTimeoutMs),
    )
    expect(row.measuredMs).toBeGreaterThanOrEqual(minMs)
    expect(row.measuredMs).toBeLessThanOrEqual(maxMs)
  })

  test('with a user timeout shorter than the idle time still asks once', () => {
    expect(keepaliveGiveUp(keepalive, limitedBy(500))).toEqual({ minMs: 1000, maxMs: 3064 })
  })
})

describe('keepaliveGiveUpSinceHeard()', () => {
  // Idle, interval, probes, user timeout; measured from the last answer.
  test.each([
    [5000, 5000, 3, 0, 20_400],
    [5000, 3000, 3, 10_000, 11_200],
    [5000, 3000, 9, 14_000, 14_500],
    [2000, 1000, 3, 5500, 6100],
    [2000, 1000, 10, 0, 12_256],
  ])('idle %d, interval %d, %d probes, user timeout %d: %d ms', (idleMs, intervalMs, probes, limit, seen) => {
    const found = keepaliveGiveUpSinceHeard({ idleMs, intervalMs, probes }, limit, 4)
    expect(seen).toBeGreaterThanOrEqual(found.minMs)
    expect(seen).toBeLessThanOrEqual(found.maxMs + WAKE_UP_MS)
    expect(found.retransmissions[0]?.minMs).toBe(idleMs)
    expect(found.retransmissions).toHaveLength((found.minMs - idleMs) / intervalMs)
  })
  test('with a user timeout of weeks, or with probes each tick, it is computed all the same', () => {
    const probes = { idleMs: 1000, intervalMs: 1000, probes: 5 }
    const weeks = keepaliveGiveUpSinceHeard(probes, 2 ** 31 - 1, 4)
    expect(weeks.minMs).toBe(2 ** 31 - 1)
    expect(weeks.maxMs).toBeLessThan(2 ** 31 + 1100)
    // net.ipv4.tcp_keepalive_intvl may be 0.
    const eachTick = keepaliveGiveUpSinceHeard({ ...probes, intervalMs: 0 }, 5000, 4)
    expect(eachTick).toMatchObject({ minMs: 5000, maxMs: 5008 })
  })
})

describe('keepaliveLeft()', () => {
  const keepalive = { idleMs: 2000, intervalMs: 1000, probes: 3 }
  const limit = { userTimeoutMs: 0, jiffyMs: 4 }
  const soon = { minMs: 300, maxMs: 310 }

  test('each probe that is unanswered leaves one less', () => {
    const left = [0, 1, 2, 3].map(
      (unanswered) => keepaliveLeft(keepalive, limit, { fires: soon, heardAgoMs: 2500, unanswered }).minMs,
    )
    expect(left).toEqual([3300, 2300, 1300, 300])
  })

  test('a timer that fires too soon, something having been heard, waits for the rest of the idle time', () => {
    const { minMs } = keepaliveLeft(keepalive, limit, { fires: soon, heardAgoMs: 500, unanswered: 0 })
    expect(minMs).toBe(1500 + 3000)
  })
})
