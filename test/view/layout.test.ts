import { describe, expect, it } from 'vitest'
import type { KernelSocket, LabEvent } from '../../src/events/vocabulary.ts'
import { layout } from '../../src/view/layout.ts'
import { cutKeepalive, LogBuilder, VIEW } from './log-builder.ts'

const ESTABLISHED: KernelSocket = {
  state: 'ESTABLISHED',
  timer: 'none',
  unansweredProbes: 0,
  retransmits: 0,
  sendQueueBytes: 0,
  receiveQueueBytes: 0,
}

describe('a cell of the keepalive lab: cut/tcp-keepalive', () => {
  const ladder = layout(cutKeepalive().events, VIEW)

  it('counts all seconds from the moment at which the truth changed', () => {
    expect(ladder.origin).toBe(4200)
    expect(ladder.ticks.map((tick) => tick.text)).toContain('0 s')
  })

  it('has a belief band for each belief of each end, without holes', () => {
    const of = (host: string) => ladder.beliefs.filter((band) => band.host === host)
    expect(of('cut-a').map((band) => band.belief)).toEqual(['connecting', 'up', 'down'])
    expect(of('cut-b').map((band) => band.belief)).toEqual(['unknown', 'up'])
    for (const bands of [of('cut-a'), of('cut-b')]) {
      expect(bands.slice(1).map((band) => band.from)).toEqual(bands.slice(0, -1).map((band) => band.to))
    }
  })

  it('says why one end believes its peer down: itself, the error before it, what was heard last', () => {
    const down = ladder.beliefs.find((band) => band.belief === 'down')
    expect(down?.why.map((reason) => reason.text)).toEqual([
      'up to down: etimedout, which proves nothing',
      'ETIMEDOUT from read',
      'heard last: packet received: keepalive answer',
    ])
    expect(down?.why[0]?.address).toMatch(/^cut-a\.1\/tcp-client#\d+$/)
  })

  it('measures the ghost time from truth to belief, and says where it has no end', () => {
    const [client, server] = ladder.disagreements
    expect(client).toMatchObject({ host: 'cut-a', kind: 'ghost', followed: true, text: '4.80 s' })
    expect(client?.ghostMs).toBeCloseTo(9000.1 - 4200, 6)
    expect(server).toMatchObject({ host: 'cut-b', followed: false, text: '12.0 s and no end' })
  })

  it('draws packets that arrived from lane to lane, and lost ones as stubs', () => {
    const [client, server] = ladder.lanes
    const syn = ladder.arrows.find((arrow) => arrow.kind === 'syn')
    expect(syn).toMatchObject({ outcome: 'arrived', from: { x: client.x }, to: { x: server.x } })
    const lost = ladder.arrows.filter((arrow) => arrow.outcome === 'lost')
    expect(lost.map((arrow) => arrow.sentAt)).toEqual([5930, 6950, 7980])
    for (const arrow of lost) {
      expect(arrow.arrivedAt).toBeNull()
      expect(arrow.to.x).toBeLessThan(server.x)
    }
  })

  it('slants every arrow downward to be seen, and keeps its exact times', () => {
    for (const arrow of ladder.arrows) expect(arrow.to.y).toBeGreaterThan(arrow.from.y + 5)
    expect(ladder.arrows[0]).toMatchObject({ sentAt: 1835.4, arrivedAt: 1835.43 })
  })

  it('brackets the idle time from the last arrival, and each interval up to the end', () => {
    expect(ladder.timers.map(({ from, to, text }) => ({ from, to, text }))).toEqual([
      { from: 3910.08, to: 5930, text: 'idle 2 s' },
      { from: 5930, to: 6950, text: '1 s' },
      { from: 6950, to: 7980, text: '1 s' },
      { from: 7980, to: 9000.1, text: '1 s' },
    ])
  })

  it('shows the fault between the lanes for as long as it lasts', () => {
    expect(ladder.faults).toMatchObject([
      { fault: 'cut', from: 4200, to: 16_200, lasting: true, inTheWire: true, verifiedBy: 'a probe' },
    ])
  })

  it('has the kernel forget the socket at one end only', () => {
    expect(ladder.kernels.map((band) => [band.host, band.state])).toEqual([
      ['cut-a', 'ESTABLISHED'],
      ['cut-a', 'no entry'],
      ['cut-b', 'ESTABLISHED'],
    ])
    expect(ladder.kernelMarks.map((mark) => mark.text)).toEqual([
      'unanswered: 1',
      'unanswered: 2',
      'unanswered: 3',
    ])
  })

  it('never places a later moment above an earlier one', () => {
    const places = [...ladder.beliefs, ...ladder.truths, ...ladder.kernels, ...ladder.faults].map(
      ({ from, y }) => ({ at: from, y }),
    )
    places.push(...ladder.arrows.map((arrow) => ({ at: arrow.sentAt, y: arrow.from.y })))
    places.sort((one, other) => one.at - other.at)
    for (const [index, place] of places.entries())
      expect(place.y).toBeGreaterThanOrEqual(places[index - 1]?.y ?? 0)
  })

  it('can show a window, with the state that was there before it', () => {
    const part = layout(cutKeepalive().events, { ...VIEW, from: 5000, to: 8000 })
    expect(part.beliefs.map((band) => [band.host, band.belief, band.from, band.to])).toEqual([
      ['cut-a', 'up', 5000, 8000],
      ['cut-b', 'up', 5000, 8000],
    ])
    expect(part.arrows).toHaveLength(3)
  })

  it('can show one connection by its group id', () => {
    expect(
      layout(cutKeepalive().events, { pair: 'cut', connection: 'tcp-keepalive:44546' }).beliefs,
    ).toHaveLength(5)
    expect(layout(cutKeepalive().events, { pair: 'cut', connection: 'tcp-keepalive:1' }).arrows).toHaveLength(
      0,
    )
  })
})

describe('beliefs and truth', () => {
  it('marks the end that still believes in a connection which the other has given up, not the one that did', () => {
    const events = cutKeepalive()
      .truth(16_201, 'cut-a', 'answering')
      .truth(16_201, 'cut-b', 'answering')
      .watchEnds(18_000).events
    const atTheEnd = layout(events, VIEW).disagreements.filter((one) => one.to === 18_000)
    expect(atTheEnd).toMatchObject([{ host: 'cut-b', kind: 'ghost', text: '13.8 s and no end' }])
  })

  it('marks a belief in a host that came back and remembers nothing', () => {
    const events = new LogBuilder()
      .truth(0, 'cut-a', 'answering')
      .belief(10, 'cut-a', 'unknown', 'up', 'connected')
      .belief(10, 'cut-b', 'unknown', 'up', 'accepted')
      .truth(1000, 'cut-a', 'gone')
      .add(1001, 'cut-b', 'host:process_exited', { code: null, signal: 'SIGKILL' }, null)
      .truth(2000, 'cut-a', 'answering')
      .watchEnds(5000).events
    expect(layout(events, VIEW).disagreements).toMatchObject([
      { host: 'cut-a', kind: 'ghost', from: 1000, to: 5000, text: '4.0 s and no end' },
    ])
  })

  it('calls it unaware when a peer is heard no more over a connection that is there', () => {
    const events = new LogBuilder()
      .truth(0, 'cut-a', 'answering')
      .belief(10, 'cut-a', 'unknown', 'up', 'connected')
      .truth(1000, 'cut-a', 'frozen')
      .belief(4000, 'cut-a', 'up', 'down', 'heartbeat_missed')
      .truth(6000, 'cut-a', 'answering')
      .watchEnds(8000).events
    const unaware = layout(events, VIEW).disagreements.filter((one) => one.kind === 'unaware')
    expect(unaware).toMatchObject([{ host: 'cut-a', from: 6000, text: '2.0 s and no end' }])
  })

  it('does not contradict who was told that the connection is over', () => {
    const events = new LogBuilder()
      .truth(0, 'cut-a', 'answering')
      .belief(10, 'cut-a', 'unknown', 'up', 'connected')
      .belief(500, 'cut-a', 'up', 'down', 'econnreset')
      .watchEnds(2000).events
    expect(layout(events, VIEW).disagreements).toEqual([])
  })

  it('leaves nobody, and no kernel, in a container that is gone, whose process nobody saw end', () => {
    const before = new LogBuilder()
      .truth(0, 'cut-a', 'answering')
      .truth(0, 'cut-b', 'answering')
      .belief(10, 'cut-b', 'unknown', 'up', 'accepted')
      .add(10, 'cut-b', 'kernel:socket_updated', { local: '1', remote: '2', old: null, new: ESTABLISHED })
      .truth(1000, 'cut-a', 'gone')
    const seen = (events: LabEvent[]) => {
      const { beliefs, kernels, disagreements } = layout(events, VIEW)
      return {
        beliefs: beliefs.filter(({ host }) => host === 'cut-b').map(({ from, belief }) => [from, belief]),
        kernels: kernels.filter(({ host }) => host === 'cut-b').map(({ from, state }) => [from, state]),
        disagreements: disagreements.filter(({ host }) => host === 'cut-b'),
      }
    }
    expect(seen(before.watchEnds(9000).events)).toEqual({
      beliefs: [
        [10, 'up'],
        [1000, 'none'],
      ],
      kernels: [
        [10, 'ESTABLISHED'],
        [1000, 'no entry'],
      ],
      disagreements: [],
    })
  })

  it('leaves nobody to believe anything when the process has ended', () => {
    const events = cutKeepalive().add(
      6000,
      'cut-b',
      'host:process_exited',
      { code: null, signal: 'SIGKILL' },
      null,
    ).events
    const ladder = layout(events, VIEW)
    expect(ladder.beliefs.filter((band) => band.host === 'cut-b').at(-1)).toMatchObject({
      belief: 'none',
      from: 6000,
    })
    expect(ladder.disagreements.find((one) => one.host === 'cut-b')).toMatchObject({ to: 6000 })
  })

  it('shows the deadline of a heartbeat from what was heard last', () => {
    const events = new LogBuilder()
      .belief(10, 'cut-a', 'unknown', 'up', 'heard')
      .belief(3000, 'cut-a', 'up', 'suspect', 'heartbeat_missed', 1501).events
    expect(layout(events, VIEW).timers).toMatchObject([
      { host: 'cut-a', from: 1499, to: 3000, text: 'silent 1.5 s: suspect' },
    ])
  })
})

describe('without packets', () => {
  const heartbeats = () =>
    new LogBuilder()
      .belief(0, 'cut-a', 'unknown', 'up', 'connected')
      .add(100, 'cut-a', 'heartbeat:ping_sent', { number: 1 })
      .add(101, 'cut-b', 'heartbeat:ping_received', { number: 1 })
      .add(200, 'cut-a', 'heartbeat:ping_sent', { number: 2 })

  it('joins what two programs logged of the same heartbeat, and says so', () => {
    const ladder = layout(heartbeats().events, VIEW)
    expect(ladder.arrows).toMatchObject([
      { label: 'PING 1', sentAt: 100, arrivedAt: 101, observed: 'programs', outcome: 'arrived' },
      { label: 'PING 2', arrivedAt: null, outcome: 'unseen' },
    ])
    expect(ladder.notes.join()).toContain('No packets were captured')
  })

  it('accepts an arrival that was logged before its sending', () => {
    const events = new LogBuilder()
      .add(99, 'cut-b', 'heartbeat:ping_received', { number: 1 })
      .add(100, 'cut-a', 'heartbeat:ping_sent', { number: 1 }).events
    const [arrow] = layout(events, VIEW).arrows
    expect(arrow).toMatchObject({ sentAt: 100, arrivedAt: 99, outcome: 'arrived' })
    expect(arrow?.to.y).toBeGreaterThan(arrow?.from.y ?? 0)
  })

  it('matches HTTP by order, since a server does not know the number', () => {
    const events = new LogBuilder()
      .add(100, 'cut-a', 'http:request_sent', { number: 1, method: 'GET', path: '/visits' })
      .add(101, 'cut-b', 'http:request_received', { method: 'GET', path: '/visits' })
      .add(102, 'cut-b', 'http:response_sent', { status: 200 })
      .add(103, 'cut-a', 'http:response_received', { number: 1, status: 200, afterMs: 3 }).events
    expect(layout(events, VIEW).arrows.map((arrow) => [arrow.source, arrow.arrivedAt])).toEqual([
      ['cut-a', 101],
      ['cut-b', 103],
    ])
  })

  it('draws what goes to a third host, and comes from there, half of the way', () => {
    const packet = (host: string, direction: 'sent' | 'received', packet: string) =>
      [
        host,
        'packet:captured',
        {
          ...({ direction, packet, frame: 1, protocol: 'udp', kind: 'datagram', bytes: 3 } as const),
          ...{ source: '10.0.7.1:5060', destination: '10.0.7.4:5060' },
        },
      ] as const
    const events = new LogBuilder()
      .packet(90, 91, 'cut-a', 'data')
      .packet(92, 93, 'cut-b', 'data')
      .add(100, ...packet('cut-a', 'sent', 'to c'))
      .add(101, ...packet('cut-c', 'received', 'to c'))
      .add(102, ...packet('cut-c', 'sent', 'to b'))
      .add(103, ...packet('cut-b', 'received', 'to b'))
      .packet(900, 901, 'cut-a', 'data').events
    const arrows = layout(events, VIEW).arrows.filter(({ kind }) => kind === 'datagram')
    expect(arrows).toMatchObject([
      { source: 'cut-a', destination: 'cut-c', sentAt: 100, arrivedAt: 101, outcome: 'aside' },
      { source: 'cut-c', destination: 'cut-b', sentAt: 102, arrivedAt: 103, outcome: 'arrived' },
    ])
    const [there, on] = arrows
    expect(there?.to.x).toBeGreaterThan(there?.from.x ?? 0)
    expect(on?.to.x).toBeGreaterThan(on?.from.x ?? 0)
    expect(on?.from.x).toBeGreaterThan(there?.from.x ?? 0)
  })

  it('calls nothing lost that was captured at one end only', () => {
    const events = cutKeepalive().events.filter(
      (event) => event.name !== 'packet:captured' || event.host === 'cut-a',
    )
    expect(new Set(layout(events, VIEW).arrows.map((arrow) => arrow.outcome))).toEqual(new Set(['unseen']))
  })
})

describe('long silences', () => {
  const rhythm = () => {
    const log = new LogBuilder().belief(0, 'cut-a', 'unknown', 'up', 'connected')
    for (let time = 1000; time <= 8000; time += 1000) log.packet(time, time + 0.1, 'cut-a', 'data')
    return log
  }

  it('are squeezed above ten times the usual gap, and labelled', () => {
    const ladder = layout(rhythm().packet(68_000, 68_000.1, 'cut-a', 'data').events, VIEW)
    expect(ladder.breaks).toMatchObject([{ from: 8000.1, to: 68_000, text: 'nothing seen for 60.0 s' }])
    expect(ladder.height).toBeLessThan(1000)
  })

  it('are drawn to scale below that', () => {
    expect(layout(rhythm().packet(17_000, 17_000.1, 'cut-a', 'data').events, VIEW).breaks).toEqual([])
  })

  it('never swallow a change', () => {
    const ladder = layout(
      rhythm()
        .belief(38_000, 'cut-b', 'unknown', 'suspect', 'heartbeat_missed', 1500)
        .packet(68_000, 68_000.1, 'cut-a', 'data').events,
      VIEW,
    )
    expect(ladder.breaks.map(({ from, to }) => [from, to])).toEqual([
      [8000.1, 38_000],
      [38_000, 68_000],
    ])
  })
})

describe('size', () => {
  it('counts 100,000 events of repetitive traffic, and draws every change and every loss', () => {
    const log = cutKeepalive()
    for (let n = 0; n < 50_000; n++) log.packet(9100 + n * 0.1, 9100.05 + n * 0.1, 'cut-a', 'data')
    const ladder = layout(log.events, VIEW)
    expect(ladder.arrows.length).toBeLessThan(60)
    expect(ladder.groups.reduce((sum, group) => sum + group.count, ladder.arrows.length)).toBe(50_000 + 8)
    expect(ladder.arrows.filter((arrow) => arrow.outcome === 'lost')).toHaveLength(3)
    expect(ladder.beliefs).toHaveLength(5)
    expect(ladder.height).toBeLessThan(2000)
  })

  it('reads each event a bounded number of times, however many connections there are', () => {
    const reads = (connections: number) => {
      const log = cutKeepalive()
      for (let n = 0; n < connections; n++) {
        const group = `tcp-keepalive:${50_000 + n}`
        log.add(
          10_000 + n / 10,
          'cut-a',
          'tcp:connected',
          { local: `10.0.7.1:${50_000 + n}`, remote: '' },
          group,
        )
        log.add(10_000 + n / 10, 'cut-a', 'tcp:closed', { hadError: false }, group)
      }
      let count = 0
      const events = log.events.map((event) => {
        return new Proxy(event, {
          get(target, key) {
            count++
            return Reflect.get(target, key)
          },
        })
      })
      layout(events, VIEW)
      return count / events.length
    }
    // Quadratic work would read each event a thousand times as often in the larger run.
    expect(reads(10_000)).toBeLessThan(1.5 * reads(100))
  })

  it('draws a run without any events', () => {
    expect(layout([], VIEW)).toMatchObject({ arrows: [], faults: [], struck: false })
  })
})
