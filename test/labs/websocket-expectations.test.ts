import { describe, expect, test } from 'vitest'
import { measuredBySs, peakExpected, peakOf, unsendableGiveUp } from '../../labs/websocket/expectations.ts'
import { pageHtml } from '../../labs/websocket/page.ts'
import { retransmissionGiveUp } from '../../src/kernel/give-up.ts'
import { PageEvents, SAID, saidByPage } from '../../src/rig/browser.ts'
import { collectEvents } from '../support/events.ts'

const connection = {
  retransmissionTimeoutMs: 204,
  roundTripMs: 0.1,
  retries2: 2,
  userTimeoutMs: 0,
  tailLossProbe: true,
  jiffyMs: 4,
}

describe('unsendableGiveUp()', () => {
  test('holds what was measured by hand on Linux 6.18: 1469, 1476 and 1460 ms', () => {
    const { minMs, maxMs } = unsendableGiveUp(connection)
    for (const measured of [1460, 1469, 1476]) {
      expect(measured).toBeGreaterThanOrEqual(minMs)
      expect(measured).toBeLessThanOrEqual(maxMs)
    }
  })

  test('is sooner than a kernel gives up what it could send', () => {
    expect(unsendableGiveUp(connection).maxMs).toBeLessThan(retransmissionGiveUp(connection).minMs)
  })

  test('doubles with each further try, up to two minutes', () => {
    const [two, three] = [2, 3].map((retries2) => unsendableGiveUp({ ...connection, retries2 }).minMs)
    expect((three ?? 0) - (two ?? 0)).toBeGreaterThanOrEqual(204 * 8 - 4)
    const slow = { ...connection, retransmissionTimeoutMs: 100_000, retries2: 1 }
    expect(unsendableGiveUp(slow).minMs).toBe(100_000 + 120_000 - 8)
  })
})

describe('peakOf()', () => {
  test('counts the fullest window, wherever it begins; its end belongs to the next', () => {
    expect(peakOf([], 100)).toBe(0)
    expect(peakOf([5], 100)).toBe(1)
    expect(peakOf([300, 0, 99, 100, 199], 100)).toBe(2)
    expect(peakOf([0, 50, 99, 150], 100)).toBe(3)
  })

  test('peakExpected(): the same moment for fifty, or a moment for each', () => {
    expect(peakExpected(Array(50).fill(1000), 0)).toEqual({ min: 13, max: 50 })
    const spread = Array.from({ length: 50 }, (_, index) => index * 100)
    expect(peakExpected(spread, 0)).toEqual({ min: 1, max: 4 })
    expect(peakExpected(spread, 100)).toEqual({ min: 1, max: 5 })
  })
})

describe('measuredBySs()', () => {
  const lines = [
    'ESTAB 0      0      10.0.3.1:54004 10.0.3.2:44945',
    '\t ts sack bbr wscale:10,10 rto:204 rtt:0.104/0.043 ato:40 mss:1448',
    'ESTAB 0      0      10.0.3.1:59050 10.0.3.2:37793 timer:(keepalive,39sec,0)',
    '\t ts sack bbr wscale:10,10 rto:208 rtt:3.5/7.4 ato:40 mss:1448',
  ]

  test('reads what ss says of the connection with that local port', () => {
    expect(measuredBySs(lines, 54004)).toEqual({ retransmissionTimeoutMs: 204, roundTripMs: 0.104 })
    expect(measuredBySs(lines, 59050)).toEqual({ retransmissionTimeoutMs: 208, roundTripMs: 3.5 })
  })

  test('is null for another, and for the remote port', () => {
    expect(measuredBySs(lines, 1)).toBeNull()
    expect(measuredBySs(lines, 44945)).toBeNull()
    expect(measuredBySs(lines.slice(0, 1), 54004)).toBeNull()
  })
})

describe('what a page says', () => {
  test('is taken out of a line of Chromium, and of no other line', () => {
    const json = '{"what":"open","nowMs":1.5}'
    const line = `[23:23:1124/182748.612025:INFO:CONSOLE:3] "stillhere ${json}", source: http://10.9.0.2:8099/ (3)`
    expect(SAID.exec(line)?.[1]).toBe(json)
    expect(SAID.exec('[23:53:1124/182748.3:ERROR:dbus/bus.cc:405] Failed to connect')).toBeNull()
  })

  test('saidByPage() reads an object and nothing else', () => {
    expect(saidByPage('{"what":"open","nowMs":1.5}')).toEqual({ what: 'open', nowMs: 1.5 })
    for (const other of ['{"what":', '', 'null', '7']) expect(saidByPage(other)).toBeUndefined()
  })

  test('PageEvents: of connections that were seen to open, as of those of any program', () => {
    const { emit, events } = collectEvents()
    const page = new PageEvents(emit)
    page.opened('/idle', 'page:1')
    page.opened('/closes', 'page:2')
    page.take('{"what":"message","path":"/closes","text":"close 0"}')
    page.take('{"what":"closing","path":"/closes"}')
    page.take('{"what":"states","sockets":[{"path":"/idle","readyState":"open","bufferedBytes":0}]}')
    page.take('{"what":"close","path":"/idle","code":1006,"wasClean":false}')
    page.take('{"what":"close","path":"/closes","code":1005,"wasClean":true}')
    page.take('{"what":"close","path":"/never-seen","code":1006}')
    page.take('{"what":"states","sockets":[{"path":"/never-seen","readyState":"open","bufferedBytes":0}]}')
    page.take('noise')
    const told = events.map(({ groupId, name, data }) =>
      'new' in data && 'trigger' in data ? [groupId, data.new, data.trigger] : [groupId, name, data],
    )
    expect(told).toEqual([
      ['page:1', 'up', 'connected'],
      ['page:2', 'up', 'connected'],
      ['page:2', 'websocket:message_received', { text: 'close 0' }],
      ['page:2', 'websocket:ended_by', { call: 'close' }],
      ['page:2', 'down', 'user_closed'],
      ['page:1', 'websocket:state_read', { readyState: 'open', bufferedBytes: 0 }],
      ['page:1', 'websocket:close_received', { code: 1006 }],
      ['page:1', 'down', 'socket_error'],
      ['page:2', 'websocket:close_received', { code: 1005 }],
    ])
  })

  test('pageHtml() connects to where it is told, and is a script that parses', () => {
    const html = pageHtml({ address: '10.0.1.2', port: 7000 }, ['/idle', '/writes'])
    expect(html).toContain("'ws://10.0.1.2:7000'")
    const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? ''
    expect(script).toContain('["/idle","/writes"]')
    expect(() => new Function(script)).not.toThrow()
  })
})
