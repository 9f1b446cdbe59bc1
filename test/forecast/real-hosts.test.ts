/**
 * The forecast, made from outside by a process's id before anything went wrong, against what then happened: on
 * real hosts whose peers are cut off, without power or frozen.
 */
import { beforeAll, expect, test } from 'vitest'
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import type { Outlook } from '../../src/forecast/outlook.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Span } from '../../src/kernel/give-up.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { Look } from '../support/forecast-session.ts'
import { describeNeeding } from '../support/needs.ts'
import { named, runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()
const WITHIN_MS = 90_000

describeNeeding('network namespaces', isolation !== null)('a forecast comes true', () => {
  let looks: Look[] = []
  let events: LabEvent[] = []
  beforeAll(async () => {
    if (isolation === null) return
    const file = new URL('../support/forecast-session.ts', import.meta.url)
    const session = await runSession<{ looks: Look[] }>(file, isolation)
    expect(session.left).toEqual([])
    looks = session.report.looks
    events = session.events
  }, WITHIN_MS)

  function lookAt(about: string): Look {
    const found = looks.find((one) => one.about === about)
    if (found === undefined) throw new Error(`nobody looked at ${about}`)
    return found
  }

  /** Events of one connection of the clients' host. */
  function ofClient<N extends LabEvent['name']>(cell: string, name: N): EventOf<N>[] {
    const [pair, mechanism] = cell.split('/')
    return named(events, name).filter(
      ({ host, group_id }) => host === `${pair}-a` && group_id?.startsWith(`${mechanism}:`),
    )
  }

  function gaveUp(cell: string): number {
    const [error, ...more] = ofClient(cell, 'tcp:error_received')
    expect(more).toEqual([])
    expect(error?.data).toMatchObject({ code: 'ETIMEDOUT' })
    return error?.time ?? Number.NaN
  }

  /** It happened between two moments, since one of which it was to take `span`. */
  function expectIn(span: Span | null | undefined, happened: number, from: number, to: number): void {
    if (!span) throw new Error('nothing was forecast')
    console.log(
      expect.getState().currentTestName,
      span.minMs,
      span.maxMs,
      'seen',
      happened - to,
      happened - from,
    )
    expect(happened - from).toBeGreaterThanOrEqual(span.minMs - STAMP_MS)
    expect(happened - to).toBeLessThanOrEqual(span.maxMs + SLACK_MS)
  }

  /** From before the act until right after it. */
  function silenceOf(pair: string): [number, number] {
    const striking = named(events, 'fault:striking').find(({ data }) => data.pair === pair)
    const done = named(events, 'truth:updated').find(
      ({ host, data }) => host === `${pair}-a` && ['unreachable', 'gone', 'frozen'].includes(data.new),
    )
    return [striking?.time ?? Number.NaN, done?.time ?? Number.NaN]
  }

  /** When the bytes were written that were lost: not before asked, and not after Node said so. */
  function lostSend(cell: string): [number, number] {
    const asked = ofClient(cell, 'host:asked').filter(({ data }) => data.request === 'tcpWrite')
    return [asked.at(-1)?.time ?? Number.NaN, ofClient(cell, 'tcp:written').at(-1)?.time ?? Number.NaN]
  }

  const faults = ['cut', 'power-off']
  test.each(faults.flatMap((fault) => ['keepalive', 'keepalive-ut'].map((one) => `${fault}/${one}`)))(
    'idle: %s',
    (cell) => {
      const { report, beganMs, endedMs } = lookAt(`${cell}/before`)
      const { idle } = report.forecast
      const [pair = ''] = cell.split('/')
      expect(idle?.within?.since).toBe('silence')
      expectIn(idle?.within, gaveUp(cell), ...silenceOf(pair))
      // Much narrower: no phase is left.
      expectIn(idle?.fromNow, gaveUp(cell), beganMs, endedMs)
      expect(widthOf(idle?.fromNow)).toBeLessThan(150)
    },
  )

  test.each(
    faults.flatMap((fault) => ['busy', 'busy-keepalive', 'user-timeout'].map((one) => `${fault}/${one}`)),
  )('sending: %s', (cell) => {
    const { sending } = lookAt(`${cell}/before`).report.forecast
    expect(sending?.within?.since).toBe('lost-send')
    expectIn(sending?.within, gaveUp(cell), ...lostSend(cell))
    expect(sending?.decidedBy).toEqual([
      cell.endsWith('user-timeout') ? 'TCP_USER_TIMEOUT' : 'net.ipv4.tcp_retries2',
    ])
  })

  test.each([
    'cut/busy/waiting',
    'cut/user-timeout/waiting',
    'cut/connecting/waiting',
    'cut/keepalive/probing',
  ])('already unanswered: %s', (about) => {
    const { report, beganMs, endedMs } = lookAt(about)
    const { now } = report.forecast
    expect(now?.words).toMatch(/unanswered: gives up in /)
    expectIn(now?.within, gaveUp(about), beganMs, endedMs)
  })

  test.each(faults.flatMap((fault) => [`${fault}/idle`]))('never: %s', (cell) => {
    const { idle } = lookAt(`${cell}/before`).report.forecast
    expect(idle).toMatchObject<Partial<Outlook>>({ notices: 'never', within: null })
    expect(ofClient(cell, 'tcp:error_received')).toEqual([])
  })

  test.each(['idle', 'keepalive', 'keepalive-ut', 'busy', 'busy-keepalive'])(
    'never, of a frozen peer: %s',
    (one) => {
      const { frozen } = lookAt(`freeze/${one}/before`).report.forecast
      expect(frozen?.words).toMatch(/^never by TCP/)
      expect(ofClient(`freeze/${one}`, 'tcp:error_received')).toEqual([])
    },
  )

  test('a frozen peer whose buffers are full is noticed by TCP_USER_TIMEOUT', () => {
    const { frozen } = lookAt('freeze/user-timeout/before').report.forecast
    expect(frozen?.within?.since).toBe('closed-window')
    const closed = named(events, 'kernel:socket_updated').find(
      ({ host, group_id, data }) =>
        host === 'freeze-a' &&
        group_id?.startsWith('user-timeout:') &&
        data.new?.timer === 'zero-window-probe',
    )
    const [asked] = lostSend('freeze/user-timeout')
    expectIn(frozen?.within, gaveUp('freeze/user-timeout'), asked, closed?.time ?? Number.NaN)
    const { sending, idle } = lookAt('freeze/user-timeout/full').report.forecast
    expect(sending?.words).toContain('its window is closed')
    expect(idle).toBeNull()
  })
})

function widthOf(span: Span | null | undefined): number {
  return span ? span.maxMs - span.minMs : Number.NaN
}
