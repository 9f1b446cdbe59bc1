/** The cable that is a program, for real: what it adds by itself, and the states that it can hold in place. */
import { beforeAll, expect, test } from 'vitest'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding } from '../support/needs.ts'
import { named, runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()

/** Measured: 0.15 ms. Less than this disturbs nothing that a lab measures. */
const ADDED_ROUND_TRIP_MS_MAX = 5

/** Of a second. */
const SPINNING_MS = 1000

interface Ends {
  a: string[]
  b: string[]
}
interface Report extends Record<'synAckHeld' | 'released' | 'finsHeld' | 'acksHeld' | 'lastFinHeld', Ends> {
  roundTrip: { switchMs: number; cableMs: number }
  secondSynMs: number
  counts: { dropped: number }
  isPlugged: boolean[]
  downMs: number
}

describeNeeding('network namespaces', isolation !== null)('a cable between two hosts', () => {
  let report: Report
  let events: LabEvent[] = []
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/cable-session.ts', import.meta.url)
    const session = await runSession<Report>(file, isolation)
    report = session.report
    events = session.events
    expect(session.left).toEqual([])
  }, 120_000)

  test('adds little to the way of a switch', () => {
    const { switchMs, cableMs } = report.roundTrip
    process.stdout.write(
      `round trip: ${switchMs.toFixed(2)} ms by a switch, ${cableMs.toFixed(2)} by a cable\n`,
    )
    expect(cableMs - switchMs).toBeLessThan(ADDED_ROUND_TRIP_MS_MAX)
  })

  test.each<[string, keyof Report, Ends]>([
    ['its SYN-ACK is held: a handshake', 'synAckHeld', { a: ['SYN-SENT'], b: ['SYN-RECEIVED'] }],
    ['it is released: a connection', 'released', { a: ['ESTABLISHED'], b: ['ESTABLISHED'] }],
    ['both FINs are held: two closes', 'finsHeld', { a: ['FIN-WAIT-1'], b: ['FIN-WAIT-1'] }],
    ['their acknowledgements are held', 'acksHeld', { a: ['CLOSING'], b: ['CLOSING'] }],
    // The acknowledgement of the first FIN travels on the second.
    ['the second FIN is held', 'lastFinHeld', { a: ['FIN-WAIT-1'], b: ['LAST-ACK'] }],
  ])('%s', (_, name, expected) => {
    expect(report[name]).toEqual(expected)
  })

  test('each frame that was held is in the log', () => {
    const held = named(events, 'cable:frame_stopped').map(({ data }) => data)
    expect(held[0]).toMatchObject({
      cable: 'simultaneous',
      direction: 'bToA',
      fate: 'held',
      flags: 'SYN ACK',
    })
  })

  test('a SYN that was dropped is sent again a second later', () => {
    // RFC 6298 section 2: the first retransmission timeout is 1 s. Linux rounds it to its ticks.
    expect(report.secondSynMs).toBeGreaterThan(990)
    expect(report.counts.dropped).toBe(1)
  })

  test('does not turn in circles while one of its cards is down', () => {
    expect(report.downMs).toBeLessThan(SPINNING_MS / 4)
  })

  test('says that one of its cards went down', () => {
    expect(named(events, 'cable:end_failed').map(({ data }) => data)).toContainEqual({
      cable: 'cabled',
      direction: 'aToB',
      error: 'ENETDOWN',
    })
  })

  test('unplugged, it says so', () => {
    expect(report.isPlugged).toEqual([true, false])
  })
})
