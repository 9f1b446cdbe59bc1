import { describe, expect, test } from 'vitest'
import { conditionsOf } from '../../labs/tcp/conditions.ts'
import {
  circuitMs,
  foundInOrder,
  nextSyn,
  queueHolds,
  reservedBytes,
  steps,
} from '../../labs/tcp/expectations.ts'
import { tcpStates } from '../../src/events/vocabulary.ts'

test('the steps lead into each of the states, and out of each but TIME-WAIT', () => {
  const all = Object.values(steps)
  expect(new Set(all.map(({ to }) => to))).toEqual(new Set([...tcpStates, 'CLOSED']))
  const left = new Set(all.map(({ from }) => from))
  expect(tcpStates.filter((state) => !left.has(state))).toEqual(['TIME-WAIT'])
})

describe('foundInOrder()', () => {
  test('lets others pass between', () => {
    const packets = ['SYN sent', 'SYN sent', 'SYN ACK received', 'ACK sent']
    expect(foundInOrder(['SYN ACK received', 'ACK sent'], packets)).toHaveLength(2)
  })

  test('does not take the wrong order, nor one for two', () => {
    expect(foundInOrder(['FIN ACK received', 'ACK sent'], ['ACK sent', 'FIN ACK received'])).toHaveLength(1)
    expect(foundInOrder(['ACK sent', 'ACK sent'], ['ACK sent'])).toHaveLength(1)
  })
})

test('a circuit of 64 kbit/s carries 8000 bytes a second, or keeps them free', () => {
  expect(reservedBytes(10_000)).toBe(80_000)
  expect(circuitMs(80_000)).toBe(10_000)
})

test('the calls are one more than the queue holds', () => {
  const { settings } = conditionsOf({ pace: 'quick' })
  expect(settings.calls).toBe(queueHolds(settings.backlog) + 1)
})

describe('nextSyn()', () => {
  const linux6 = { synRetries: 6, linearTimeouts: 4, jiffyMs: 4 }

  test('after half a second it is the first one sent again', () => {
    const { minMs, maxMs } = nextSyn(linux6, 500)
    expect(minMs).toBe(500)
    expect(maxMs).toBeGreaterThanOrEqual(500)
    expect(maxMs).toBeLessThan(700)
  })

  test('right where one is due it may be that one or the next', () => {
    const { minMs, maxMs } = nextSyn(linux6, 1001)
    expect(minMs).toBe(0)
    expect(maxMs).toBeGreaterThan(900)
  })

  test('without linear timeouts it doubles', () => {
    const { minMs } = nextSyn({ ...linux6, linearTimeouts: 0 }, 3500)
    expect(minMs).toBe(3500)
  })

  test('after the last one nothing comes', () => {
    expect(nextSyn({ synRetries: 1, linearTimeouts: 0, jiffyMs: 4 }, 5000).maxMs).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
})

test('the real pace changes no setting of the hosts, nor does the quick one', () => {
  for (const pace of ['quick', 'real'] as const) expect(conditionsOf({ pace }).sysctls).toEqual({})
})
