/** What is believed of a delay, however busy the machine is: a cable that is made up, and what came back over it. */
import { expect, test } from 'vitest'
import { delay } from '../../src/faults/delay.ts'
import type { Target } from '../../src/faults/fault.ts'
import type { EchoResult } from '../../src/programs/parts/echo-series.ts'
import { plainLink } from '../../src/wire/cable.ts'

/** @param afterMs of each datagram of the series */
function target(afterMs: (number: number) => number): Target {
  const cable = { set: async () => plainLink }
  const pair = { name: 'cabled', a: {}, b: {} }
  return {
    ...{ pair, struck: pair.b, other: pair.a, truth: () => {} },
    network: { cable: () => cable },
    measure: async (_: unknown, { count }: { count: number }): Promise<EchoResult> => ({
      echoes: Array.from({ length: count }, (_, number) => ({ number, afterMs: afterMs(number) })),
      errors: [],
    }),
  } as unknown as Target
}

test.each<[string, (number: number) => number]>([
  ['in time', () => 50.4],
  ['late but for a few, on a machine that is busy', (number) => (number % 10 === 0 ? 51 : 140)],
])('%s: believed, and what came is told', async (_, afterMs) => {
  const { verifiedBy } = await delay(50).strike(target(afterMs))
  expect(verifiedBy).toBe(
    `numbered datagrams came back after ${afterMs(0).toFixed(1)} ms or more, median ${afterMs(1).toFixed(1)} ms, 0 lost`,
  )
})

test.each<[string, (number: number) => number]>([
  ['one came earlier than that', (number) => (number === 7 ? 49 : 50.4)],
  ['all came twice as late', () => 100],
])('%s: not believed', async (_, afterMs) => {
  await expect(delay(50).strike(target(afterMs))).rejects.toThrow('asked 50 ms')
})
