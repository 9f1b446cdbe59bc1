/** Sockets led step by step, for real: two hosts in namespaces of their own, and what all observers saw. */
import { beforeAll, expect, test } from 'vitest'
import type { EventName, EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities, type Isolation } from '../../src/hosts/capabilities.ts'
import type { Span } from '../../src/kernel/give-up.ts'
import {
  finWait2GiveUp,
  orphanGiveUp,
  synSentGiveUp,
  zeroWindowGiveUp,
} from '../../src/kernel/give-up-by-state.ts'
import { jiffyMs } from '../../src/kernel/jiffies.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()
/** Two looks at a socket table: what lies between is later or sooner by so much. */
const SAMPLE_MS = 50

const sysctls = {
  'net/ipv4/tcp_syn_retries': '1',
  'net/ipv4/tcp_syn_linear_timeouts': '0',
  'net/ipv4/tcp_fin_timeout': '1',
  'net/ipv4/tcp_retries2': '2',
  'net/ipv4/tcp_orphan_retries': '1',
}

describeNeeding('network namespaces', isolation !== null)('sockets led step by step', () => {
  let answers: Record<string, unknown>
  let events: LabEvent[] = []

  beforeAll(async () => {
    const file = new URL('../support/sockets-session.ts', import.meta.url)
    const session = await runSession<Record<string, unknown>>(file, isolation as Isolation, { sysctls })
    answers = session.report
    events = session.events
  }, 60_000)

  function of<N extends EventName>(name: N, mechanism: string, host = 'test-a'): EventOf<N>[] {
    return events.filter(
      (event): event is EventOf<N> =>
        event.name === name && event.host === host && event.group_id?.startsWith(`${mechanism}:`) === true,
    )
  }
  const statesOf = (mechanism: string, host: string) =>
    of('kernel:socket_updated', mechanism, host).map(({ data }) => data.new?.state ?? 'CLOSED')
  const expectWithin = (value: number, { minMs, maxMs }: Span, uncertainMs = 0) => {
    expect(value).toBeGreaterThanOrEqual(minMs - STAMP_MS - uncertainMs)
    expect(value).toBeLessThanOrEqual(maxMs + SLACK_MS + uncertainMs)
  }

  test('half closed, a connection carries data the other way, and both kernels say so', () => {
    expect(answers.connected).toEqual({ outcome: 'connected' })
    expect(answers.receivedAfterFin).toEqual({ bytes: 'still here'.length })
    expect(new Set(statesOf('half-close', 'test-a'))).toContain('FIN-WAIT-2')
    expect(new Set(statesOf('half-close', 'test-b'))).toContain('CLOSE-WAIT')
    const [info] = of('kernel:tcp_info_read', 'half-close')
    expect(info?.data.state).toBe('FIN-WAIT-2')
    // FIN did not end the belief of the end that goes on listening to it.
    const changes = of('belief:updated', 'half-close', 'test-b').map(({ data }) => data)
    expect(changes.map(({ new: now, trigger }) => `${now} ${trigger}`)).toEqual(['up accepted', 'down fin'])
    expect(of('tcp:end_sent', 'half-close')).toHaveLength(1)
  })

  test('the port of a connection in TIME-WAIT is refused', () => {
    expect(answers.samePort).toEqual({ outcome: 'failed', code: 'EADDRINUSE' })
  })

  test('unread data makes RST of a close', () => {
    expect(answers.unread).toMatchObject({ code: 'ECONNRESET' })
    const sent = of('packet:captured', 'unread', 'test-b').filter(({ data }) => data.direction === 'sent')
    expect(sent.map(({ data }) => data.kind)).toContain('rst')
    expect(sent.map(({ data }) => data.kind)).not.toContain('fin')
  })

  test('a reader that stops closes the window; the rest waits in the writer until it goes on', () => {
    expect((answers.zeroWindow as { waitingBytes: number }).waitingBytes).toBeGreaterThan(1_000_000)
    expect(answers.written).toEqual({ bytes: 8_000_000 })
    const resumed = of('tcp:reading_resumed', 'zero-window', 'test-b')[0]?.time ?? 0
    expect(of('tcp:written', 'zero-window')[0]?.time).toBeGreaterThan(resumed)
    expect(of('tcp:destroyed', 'zero-window')[0]?.data).toEqual({ reset: true })
  })

  test('FIN-WAIT-2 of a closed program ends as tcp_fin_timeout says', () => {
    const rows = of('kernel:socket_updated', 'fin-wait-2')
    const from = rows.find(({ data }) => data.new?.state === 'FIN-WAIT-2')?.time ?? 0
    const to = rows.find(({ data }) => data.new === null)?.time ?? 0
    expectWithin(to - from, finWait2GiveUp(1000, jiffyMs() ?? 4), SAMPLE_MS)
  })

  test('a wait in vain says what was seen', () => {
    expect(answers.inVain).toMatch(
      /fin-wait-2:\d+ on test-b is not "TIME-WAIT" within 200 ms; seen: .*CLOSE-WAIT/,
    )
  })

  test('a port where nobody listens refuses, and its packets are in the group of the attempt', () => {
    expect(answers.refused).toEqual({ outcome: 'failed', code: 'ECONNREFUSED' })
    expect(of('packet:captured', 'refused').map(({ data }) => data.kind)).toEqual(['syn', 'rst'])
  })

  test('numbered datagrams are counted; one too large for the path is refused here', () => {
    expect(answers.counted).toEqual([{ received: 20, lost: 0, duplicated: 0, reordered: 0 }])
    expect(of('udp:send_failed', 'datagrams').map(({ data }) => [data.bytes, data.code])).toEqual([
      [2000, 'EMSGSIZE'],
    ])
    expect(answers.nobody).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a SYN that nothing answers is given up as the settings say', () => {
    expect(answers.pending).toEqual({ outcome: 'pending' })
    expect(answers.silent).toEqual({ outcome: 'failed', code: 'ETIMEDOUT' })
    const settings = { synRetries: 1, linearTimeouts: 0, jiffyMs: jiffyMs() ?? 4 }
    const predicted = synSentGiveUp({ ...settings, userTimeoutMs: 0 })
    const sent = of('packet:captured', 'syn-sent').map(({ time }) => time)
    expect(sent).toHaveLength(1 + predicted.retransmissions.length)
    const [first = 0, second = 0] = sent
    expectWithin(second - first, predicted.retransmissions[0] ?? { minMs: 0, maxMs: 0 })
    expectWithin((of('tcp:error_received', 'syn-sent')[0]?.time ?? 0) - first, predicted)
    expect(of('kernel:tcp_info_read', 'syn-sent')[0]?.data.state).toBe('SYN-SENT')
  })

  test('a user timeout ends it sooner', () => {
    expect(answers.hasty).toEqual({ outcome: 'failed', code: 'ETIMEDOUT' })
    const settings = { synRetries: 1, linearTimeouts: 0, jiffyMs: jiffyMs() ?? 4 }
    const first = of('packet:captured', 'syn-sent-user-timeout')[0]?.time ?? 0
    const ended = of('tcp:error_received', 'syn-sent-user-timeout')[0]?.time ?? 0
    expectWithin(ended - first, synSentGiveUp({ ...settings, userTimeoutMs: 1500 }))
  })

  test('a reader that has stopped, and then its host is gone: as many probes as tcp_retries2', () => {
    const [cutting = 0, cut = 0] = events
      .filter(({ name }) => name === 'run:progressed')
      .map(({ time }) => time)
    const info = of('kernel:tcp_info_read', 'zero-window-dead').at(-1)?.data
    const { retransmissionTimeoutMs = 0, backoff = 0 } = info ?? {}
    const predicted = zeroWindowGiveUp({
      retransmissionTimeoutMs,
      backoff,
      retries2: 2,
      jiffyMs: jiffyMs() ?? 4,
    })
    expect(backoff).toBe(2)
    const [failed] = of('tcp:error_received', 'zero-window-dead')
    expect(failed?.data.code).toBe('ETIMEDOUT')
    expectWithin((failed?.time ?? 0) - cut, predicted, cut - cutting)
    // The kernel never took it all, whatever Node says of a socket that is over.
    expect(of('tcp:written', 'zero-window-dead')).toEqual([])
    expect(of('tcp:write_failed', 'zero-window-dead')[0]?.data).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('closed with data under way, it is forgotten as tcp_orphan_retries says', () => {
    const info = of('kernel:tcp_info_read', 'orphan')[0]?.data
    const { retransmissionTimeoutMs = 0, roundTripMs = 0 } = info ?? {}
    const connection = { retransmissionTimeoutMs, roundTripMs, userTimeoutMs: 0, tailLossProbe: true }
    const lost = of('packet:captured', 'orphan').find(({ data }) => data.bytes > 0)?.time ?? 0
    const gone = of('kernel:socket_updated', 'orphan').find(({ data }) => data.new === null)?.time ?? 0
    expectWithin(gone - lost, orphanGiveUp({ ...connection, jiffyMs: jiffyMs() ?? 4 }, 1), SAMPLE_MS)
  })
})
