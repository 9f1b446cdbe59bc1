/** Timers as brackets: only those that the log justifies, each from what started it to what ended it. */
import type { TimerBracket } from '../ladder.ts'
import { duration } from '../words.ts'
import type { Message } from './messages.ts'
import type { Scene, SocketEvent } from './scene.ts'

/** Kernels round their timers up, and the socket table is read now and then: no interval is so late. */
const LATE_SHARE = 1.5

export interface TimerSpan extends Pick<TimerBracket, 'host' | 'from' | 'to' | 'kind' | 'text'> {
  /** The run's milliseconds. */
  marks: number[]
}

/** In order of their beginning. */
export function timersOf(scene: Scene, messages: readonly Message[]): TimerSpan[] {
  return [
    ...heartbeats(scene),
    ...answers(scene),
    ...scene.hosts.flatMap((host) => [...keepalives(scene, host, messages), ...retransmissions(scene, host)]),
  ]
    .filter(({ from, to }) => to > scene.from && from < scene.to)
    .sort((one, other) => one.from - other.from)
}

/** The detector says itself for how long it had heard nothing: that is where its deadline counts from. */
function heartbeats({ beliefs }: Scene): TimerSpan[] {
  return beliefs.flatMap(({ event }): TimerSpan[] => {
    const { trigger, silentMs, new: belief } = event.data
    if (trigger !== 'heartbeat_missed' || silentMs === undefined) return []
    return [
      {
        host: event.host,
        kind: 'heartbeat',
        from: event.time - silentMs,
        to: event.time,
        text: `silent ${duration(silentMs, 1)}: ${belief}`,
        marks: [],
      },
    ]
  })
}

function answers({ beliefs, requests }: Scene): TimerSpan[] {
  let next = 0
  return beliefs.flatMap(({ event }): TimerSpan[] => {
    if (event.data.trigger !== 'answer_missed') return []
    while ((requests[next]?.time ?? Number.POSITIVE_INFINITY) <= event.time) next++
    const request = requests[next - 1]
    if (request === undefined) return []
    const text = `no answer ${duration(event.time - request.time, 1)}: ${event.data.new}`
    return [{ host: event.host, kind: 'answer', from: request.time, to: event.time, text, marks: [] }]
  })
}

/**
 * Idle, then probe after probe until the kernel gives up. Captured probes have exact times; without them
 * the socket table shows each within one reading of it.
 */
function keepalives(scene: Scene, host: string, messages: readonly Message[]): TimerSpan[] {
  const settings = scene.options.find((event) => event.host === host && event.data.keepalive)?.data
  if (settings === undefined) return []
  const captured = messages.filter((one) => one.source === host && one.kind === 'keepalive-probe')
  const probes =
    captured.length > 0
      ? captured.filter((one) => one.outcome === 'lost').map((one) => one.sentAt)
      : countedUp(scene.sockets, host, 'unansweredProbes')
  const arrivals = messages
    .flatMap((one) => (one.destination === host && one.arrivedAt !== null ? [one.arrivedAt] : []))
    .sort((one, other) => one - other)
  const timeouts = scene.beliefs.flatMap(({ event }) =>
    event.host === host && event.data.trigger === 'etimedout' ? [event.time] : [],
  )
  return seriesOf(probes, settings.keepaliveIntervalMs).flatMap((series) => {
    const first = series[0] as number
    const last = series.at(-1) as number
    const heard = captured.length > 0 ? arrivals[firstAbove(arrivals, first) - 1] : undefined
    const gaveUp = timeouts[firstAbove(timeouts, last)]
    // Sending something stops the keepalive timer: then it was not this one that ended the connection.
    const itEnded = gaveUp !== undefined && gaveUp - last < LATE_SHARE * settings.keepaliveIntervalMs
    const ends = itEnded ? [...series, gaveUp] : series
    const idle: TimerSpan = {
      host,
      kind: 'keepalive',
      from: heard ?? first - settings.keepaliveIdleMs,
      to: first,
      text: `idle ${duration(settings.keepaliveIdleMs, 0)}`,
      marks: [],
    }
    const intervals = ends.slice(1).map((to, index): TimerSpan => {
      const text = duration(settings.keepaliveIntervalMs, 0)
      return { host, kind: 'keepalive', from: ends[index] as number, to, text, marks: [] }
    })
    return [idle, ...intervals]
  })
}

/** Probes of one silence: not further apart than about an interval. */
function seriesOf(times: readonly number[], intervalMs: number): number[][] {
  const series: number[][] = []
  for (const time of times) {
    const last = series.at(-1)
    const before = last?.at(-1)
    if (last !== undefined && before !== undefined && time - before < LATE_SHARE * intervalMs) last.push(time)
    else series.push([time])
  }
  return series
}

/** Index of the first of ascending times that is later than `time`. */
function firstAbove(times: readonly number[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] as number) <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** From the send that was not acknowledged, over each time that it was sent again, to the end of that. */
function retransmissions({ sockets, to }: Scene, host: string): TimerSpan[] {
  const spans: TimerSpan[] = []
  /** By socket: since when its timer has been running. */
  const running = new Map<string, { since: number; span?: TimerSpan }>()
  for (const { host: where, time, data } of sockets) {
    if (where !== host) continue
    const socket = `${data.local} ${data.remote}`
    const timer = running.get(socket)
    if (data.new === null || data.new.timer !== 'retransmit') {
      if (timer?.span !== undefined) timer.span.to = time
      running.delete(socket)
      continue
    }
    const now = timer ?? { since: time }
    running.set(socket, now)
    if (data.new.retransmits === 0) continue
    now.span ??= newSeries(spans, { host, from: now.since, to })
    if (data.new.retransmits > (data.old?.retransmits ?? 0)) now.span.marks.push(time)
    now.span.text = `sent again ${data.new.retransmits} \u00d7`
  }
  return spans
}

function newSeries(
  spans: TimerSpan[],
  { host, from, to }: { host: string; from: number; to: number },
): TimerSpan {
  const span: TimerSpan = { host, kind: 'retransmission', from, to, text: '', marks: [] }
  spans.push(span)
  return span
}

/** When the socket table first showed each further one. */
function countedUp(sockets: readonly SocketEvent[], host: string, what: 'unansweredProbes'): number[] {
  return sockets
    .filter(({ host: where, data }) => where === host && (data.new?.[what] ?? 0) > (data.old?.[what] ?? 0))
    .map((event) => event.time)
}
