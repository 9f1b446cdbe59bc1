/**
 * The one place where events become a picture: `layout(events, view)` says what stands where. What it
 * looks like is left to `svg.ts`, `terminal/ladder.ts` and the others, which all draw the same ladder.
 *
 *   time | timers truth # belief kernel | ---- the wire ---- | kernel belief # truth timers
 *                                     client               server         (#: belief and truth disagree)
 *
 * Everything here takes time proportional to the events (times a logarithm for sorting): a run of 100,000
 * events is drawn while it still goes on.
 */
import type { LabEvent } from '../events/vocabulary.ts'
import { shortened } from '../foreign/shortened.ts'
import type { Arrow, Column, ColumnName, KernelMark, Ladder, Lane, TimerBracket } from './ladder.ts'
import { beliefSpans, kernelSpans, truthSpans } from './layout/bands.ts'
import { type Crowd, thinned } from './layout/crowds.ts'
import { type DisagreementSpan, disagreementsOf } from './layout/disagreements.ts'
import { type FaultSpan, faultsOf } from './layout/faults.ts'
import { type Message, messagesOf } from './layout/messages.ts'
import { type Scene, sceneOf, type View } from './layout/scene.ts'
import { type Anchor, type TimeScale, timeScale } from './layout/time-scale.ts'
import { type TimerSpan, timersOf } from './layout/timers.ts'

// ---- measures, in pixels at the size of 11 px text ----------------------------------------------

/** Title, names of hosts, and two lines for the name of each column. */
const HEAD = 136
const FOOT = 18
const AXIS_WIDTH = 66
/** The widest words of each: `unreachable`, `and no end`, `connecting`, `ESTABLISHED`. */
const COLUMN_WIDTHS = { truth: 82, disagreement: 74, belief: 84, kernel: 90 }
const COLUMN_GAP = 6
/** From the kernel's column to its host's lane. */
const LANE_GAP = 14
/** Two labels side by side, one near each end. */
const WIRE_WIDTH = 350
/** One bracket with its text written along it. */
const TRACK_WIDTH = 20
/** Room for the word `timers` above. */
const TRACKS_MIN = 3
/** More timers than this at once are no picture any more; the rest are counted. */
const TRACKS_MAX = 5

/** The least distance between two ends of arrows: a line of text. It is also the least slant. */
const ARROW_STEP = 13
/** Room for the lines inside the first part of a band: name, moment, cause. */
const BELIEF_ROOM = 44
const STATE_ROOM = 30
const FAULT_ROOM = 34
/** A box of two lines, and the label of the arrow after it. */
const CROWD_ROOM = 68
/** A stub is shorter than the way: it does not get there. */
const STUB_SHARE = 0.55
/** The column of everything between the lanes. */
const WIRE = 'wire'
/** Where along the wire labels stand: near each end. */
const LABEL_SHARE = 0.27
/** Longer ones would meet in the middle. */
const LABEL_CHARACTERS_MAX = 26
/** A fault at a host is drawn beside its lane. */
const FAULT_STRIP_WIDTH = 46

/** @param events in order of time: a whole run, or what there is of it */
export function layout(events: readonly LabEvent[], view: View): Ladder {
  const scene = sceneOf(events, view)
  const { hosts, from, to } = scene
  const ends = hosts.map((host) => {
    const beliefs = beliefSpans(scene, host)
    const truths = truthSpans(scene, host)
    return {
      host,
      beliefs,
      truths,
      disagreements: disagreementsOf(scene, beliefs, truths),
      kernel: kernelSpans(scene, host),
    }
  })
  const faults = faultsOf(scene)
  const origin = faults[0]?.from ?? scene.caseFrom ?? from
  const messages = messagesOf(scene, events.at(-1)?.time ?? 0)

  const changes: Anchor[] = [
    ...ends.flatMap(({ host, beliefs, truths, kernel }) => [
      ...beliefs.map(({ from: at }) => ({ at, column: `belief of ${host}`, below: BELIEF_ROOM })),
      ...truths.map(({ from: at }) => ({ at, column: `truth for ${host}`, below: STATE_ROOM })),
      ...kernel.spans.map(({ from: at }) => ({ at, column: `kernel of ${host}`, below: STATE_ROOM })),
      ...kernel.marks.map(({ at }) => ({ at, column: `kernel of ${host}` })),
    ]),
    ...disagreementAnchors(ends.flatMap(({ disagreements }) => disagreements)),
    ...faults.flatMap((fault) => [
      { at: fault.from, column: WIRE, above: FAULT_ROOM, below: ARROW_STEP },
      { at: fault.to, column: WIRE, above: FAULT_ROOM, below: ARROW_STEP },
    ]),
  ]
  const { drawn, crowds } = thinned(
    messages,
    changes.map((change) => change.at),
  )
  const arrowEnds = drawn.flatMap(({ sentAt, arrivedAt }) => [sentAt, arrivedAt ?? sentAt])
  const scale = timeScale(
    [
      ...changes,
      ...arrowEnds.map((at) => ({ at, column: WIRE, below: ARROW_STEP })),
      ...crowds.flatMap(({ room }) => [
        { at: room.from, column: WIRE, below: CROWD_ROOM },
        { at: room.to, column: WIRE },
      ]),
    ],
    crowds.map(({ room }) => ({ ...room, px: CROWD_ROOM })),
    { from, to, top: HEAD, origin },
  )

  const timers = tracked(timersOf(scene, messages), scene)
  const lanes = lanesOf(scene, timers.tracks)
  const [client, server] = lanes
  const laneOf = (host: string): Lane => (host === server.host ? server : client)
  const place = <T extends { host: string; from: number; to: number }>(column: ColumnName, span: T) => ({
    ...span,
    ...laneOf(span.host).columns[column],
    ...heights(scale, span),
  })
  const timersEnd = server.columns.timers.x + server.columns.timers.width

  return {
    pair: view.pair,
    connection: view.connection,
    width: timersEnd + COLUMN_GAP,
    height: scale.bottom + FOOT,
    top: HEAD,
    from,
    to,
    origin,
    struck: faults.length > 0,
    promise: scene.casePromise,
    lanes,
    ticks: scale.ticks,
    breaks: scale.breaks,
    beliefs: ends.flatMap(({ beliefs }) => beliefs.map((span) => place('belief', span))),
    kernels: ends.flatMap(({ kernel }) => kernel.spans.map((span) => place('kernel', span))),
    kernelMarks: ends.flatMap(({ kernel }) =>
      kernel.marks.map((mark): KernelMark => {
        return { ...mark, ...laneOf(mark.host).columns.kernel, y: scale.y(mark.at) }
      }),
    ),
    truths: ends.flatMap(({ truths }) => truths.map((span) => place('truth', span))),
    disagreements: ends.flatMap(({ disagreements }) =>
      disagreements.map((span) => place('disagreement', span)),
    ),
    arrows: arrowsOf(drawn, scale, lanes),
    groups: crowds.map((crowd) => groupOf(crowd, scale, client)),
    timers: timers.placed.map(({ span, track }): TimerBracket => {
      const column = laneOf(span.host).columns.timers
      // Counted from the inside, so that one timer alone stands beside what it belongs to.
      const x =
        span.host === server.host
          ? column.x + track * TRACK_WIDTH
          : column.x + column.width - (track + 1) * TRACK_WIDTH
      const marks = span.marks.map((at) => ({ at, y: scale.y(at) }))
      return { ...span, x, width: TRACK_WIDTH, ...heights(scale, span), marks }
    }),
    faults: faults.map((fault) => ({ ...fault, ...faultPlace(fault, lanes), ...heights(scale, fault) })),
    notes: notesOf(scene, messages, crowds, timers.leftOut),
  }
}

function disagreementAnchors(disagreements: readonly DisagreementSpan[]): Anchor[] {
  return disagreements.flatMap(({ host, from, to }) => {
    const column = `disagreement of ${host}`
    return [
      { at: from, column, below: BELIEF_ROOM },
      { at: to, column },
    ]
  })
}

function heights(scale: TimeScale, { from, to }: { from: number; to: number }) {
  const y = scale.y(from)
  return { y, height: scale.y(to) - y }
}

function lanesOf({ hosts: [a, b] }: Scene, tracks: Record<string, number>): [Lane, Lane] {
  const order: ColumnName[] = ['timers', 'truth', 'disagreement', 'belief', 'kernel']
  const widths = (host: string): Record<ColumnName, number> => ({
    ...COLUMN_WIDTHS,
    timers: Math.max(TRACKS_MIN, tracks[host] ?? 0) * TRACK_WIDTH,
  })
  let x = AXIS_WIDTH
  const place = (host: string, names: readonly ColumnName[]) => {
    const columns: Partial<Record<ColumnName, Column>> = {}
    for (const name of names) {
      const width = widths(host)[name]
      columns[name] = { x, width }
      x += width + COLUMN_GAP
    }
    return columns as Record<ColumnName, Column>
  }
  const clientColumns = place(a, order)
  x += LANE_GAP - COLUMN_GAP
  const client: Lane = { host: a, role: 'client', x, columns: clientColumns }
  x += WIRE_WIDTH
  const serverX = x
  x += LANE_GAP
  return [client, { host: b, role: 'server', x: serverX, columns: place(b, order.toReversed()) }]
}

/** Gives each timer a track of its own at its end, and the next one where that is taken. */
function tracked(spans: readonly TimerSpan[], { hosts, from, to }: Scene) {
  const placed: { span: TimerSpan; track: number }[] = []
  const tracks: Record<string, number> = {}
  let leftOut = 0
  for (const host of hosts) {
    const ends: number[] = []
    for (const whole of spans) {
      if (whole.host !== host) continue
      const span = { ...whole, from: Math.max(from, whole.from), to: Math.min(to, whole.to) }
      const track = ends.findIndex((end) => end <= span.from)
      const free = track === -1 ? ends.length : track
      if (free === TRACKS_MAX) leftOut++
      else {
        ends[free] = span.to
        placed.push({ span, track: free })
      }
    }
    tracks[host] = ends.length
  }
  return { placed, tracks, leftOut }
}

/**
 * Arrows slant at least so much that the direction of time is seen, though a packet on one machine is
 * there within microseconds. What their titles and tables state are the exact times.
 */
function arrowsOf(messages: readonly Message[], scale: TimeScale, [client, server]: [Lane, Lane]): Arrow[] {
  const labelled: Record<'left' | 'right', number> = { left: 0, right: 0 }
  return messages.map((message) => {
    const isFromClient = message.source === client.host || message.destination === server.host
    const [source, destination] = isFromClient ? [client, server] : [server, client]
    const way = destination.x - source.x
    // What comes from a third host begins where what goes there ends.
    const begins = message.source === source.host ? 0 : 1 - STUB_SHARE
    // What a program logged as sent may bear a later stamp than its arrival: it was logged after the send.
    const y = scale.y(Math.min(message.sentAt, message.arrivedAt ?? message.sentAt))
    const share = message.outcome === 'arrived' ? 1 : STUB_SHARE
    const from = { x: source.x + begins * way, y }
    const to = {
      x: source.x + share * way,
      y:
        message.arrivedAt === null
          ? y + share * ARROW_STEP
          : Math.max(scale.y(message.arrivedAt), y + ARROW_STEP),
    }
    const near = source === client ? 'left' : 'right'
    const far = near === 'left' ? 'right' : 'left'
    const label = shortened(message.label, LABEL_CHARACTERS_MAX)
    const spot = (side: 'left' | 'right', along: number) => {
      const at = {
        x: source.x + along * way,
        y: from.y + (to.y - from.y) * ((along - begins) / (share - begins)) - 3,
      }
      if (at.y - labelled[side] < ARROW_STEP - 2) return null
      labelled[side] = at.y
      return at
    }
    const labelAt =
      (begins === 0 ? spot(near, LABEL_SHARE) : null) ??
      (message.outcome === 'arrived' ? spot(far, 1 - LABEL_SHARE) : null)
    return { ...message, label, labelAt, from, to }
  })
}

function groupOf(crowd: Crowd, scale: TimeScale, client: Lane) {
  const { room, ...group } = crowd
  return {
    ...group,
    x: client.x + ARROW_STEP,
    width: WIRE_WIDTH - 2 * ARROW_STEP,
    y: scale.y(room.from) + ARROW_STEP / 2,
    height: CROWD_ROOM - 2 * ARROW_STEP,
  }
}

function faultPlace(fault: FaultSpan, [client, server]: [Lane, Lane]): Column {
  if (fault.inTheWire) return { x: client.x, width: WIRE_WIDTH }
  if (fault.struck === client.host) return { x: client.x, width: FAULT_STRIP_WIDTH }
  return { x: server.x - FAULT_STRIP_WIDTH, width: FAULT_STRIP_WIDTH }
}

function notesOf(
  scene: Scene,
  messages: readonly Message[],
  crowds: readonly Crowd[],
  timersLeftOut: number,
): string[] {
  const counted = crowds.reduce((sum, crowd) => sum + crowd.count, 0)
  const observed = messages[0]?.observed
  return [
    ...(observed === 'packets' ? ['Arrows are packets, captured at both ends.'] : []),
    ...(observed === 'programs'
      ? ['No packets were captured: an arrow joins what the two programs logged of the same message.']
      : []),
    ...(observed === undefined
      ? ['No packets were captured, and the programs logged no messages to draw.']
      : []),
    ...(counted > 0
      ? [`${counted} arrivals of repetitive traffic are counted in boxes and not drawn; every loss is drawn.`]
      : []),
    ...(scene.connections > 1
      ? [`${scene.connections} connections took part; each column shows the newest word of its end.`]
      : []),
    ...(scene.kernelSampled ? [] : ["The kernels' socket tables were not readable here."]),
    ...(timersLeftOut > 0 ? [`${timersLeftOut} more timers ran at the same time and are not drawn.`] : []),
  ]
}
