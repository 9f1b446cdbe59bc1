/**
 * What can be wrong with a log. Each spoiling changes a run's events in one way; a check that holds its ground under
 * all of them looks at nothing.
 */
import { type HostSide, hostName, otherSide, pairOf, sideOf } from '../../src/events/host-names.ts'
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'

export interface JudgedRun {
  plan: Plan
  log: LabLog
  /** Addresses of the events that the checks of the run name as evidence, the last of each. */
  evidence: ReadonlySet<string>
}

export type Spoiling = (run: JudgedRun) => LabEvent[]

/** In a watch, when what should not have happened is put in, or the capture ends. */
const MIDDLE = 0.5
const DELAY_MS = 1000
const SOON_MS = 1

export const spoilings: Readonly<Record<string, Spoiling>> = {
  'no packets': ({ log }) => log.events.filter(({ name }) => name !== 'packet:captured'),

  /** The capture process dies in the middle of each case, and whatever passed afterwards is not in the log. */
  'captures broke off': ({ log, plan }) => {
    const ends = new Map(plan.cases.map((id) => [id, middleOf(log, id)]))
    const endOf = ({ host }: LabEvent) => ends.get(pairOf(host) ?? '') ?? Number.POSITIVE_INFINITY
    const kept = log.events.filter((event) => event.name !== 'packet:captured' || event.time <= endOf(event))
    const told = log
      .all('wire:capture_started')
      .filter(({ time, host }) => time <= (ends.get(pairOf(host) ?? '') ?? 0))
      .map((started) => ({
        ...started,
        name: 'wire:capture_ended' as const,
        time: endOf(started),
        data: { because: 'SIGKILL', brokeOff: true },
      }))
    return inOrder([...kept, ...told])
  },

  'packets dropped': ({ log }) => {
    const until = log.events.at(-1)?.time ?? 0
    const dropped = log.all('wire:capture_started').map((started) => ({
      ...started,
      name: 'wire:packets_dropped' as const,
      time: until,
      data: { packets: 1, withinMs: until },
    }))
    return [...log.events, ...dropped]
  },

  'no beliefs': ({ log }) => log.events.filter(({ name }) => name !== 'belief:updated'),
  'no truths': ({ log }) => log.events.filter(({ name }) => name !== 'truth:updated'),
  'no socket tables': ({ log }) => log.events.filter(({ name }) => !/^kernel:(socket|listener)/.test(name)),
  'no marks': ({ log }) => log.events.filter(({ name }) => name !== 'case:marked'),
  'no evidence': ({ log, evidence }) => log.events.filter((event) => !evidence.has(addressOf(event))),
  'evidence late': ({ log, evidence }) =>
    inOrder(
      log.events.map((event) =>
        evidence.has(addressOf(event)) ? { ...event, time: event.time + DELAY_MS } : event,
      ),
    ),

  /** Each host did what the other one of its pair did. */
  'hosts swapped': ({ log }) =>
    log.events.map((event) => {
      const [pair, side] = [pairOf(event.host), sideOf(event.host)]
      return pair === null || side === null ? event : { ...event, host: hostName(pair, otherSide(side)) }
    }),

  /** What the programs of b said is lost; its kernel and its card still tell. */
  'programs of b silent': ({ log }) =>
    log.events.filter(({ host, name }) => sideOf(host) !== 'b' || /^(kernel|packet|wire|truth):/.test(name)),

  /** A card has counted more than passed it: the later it was looked at, the more. */
  'cards count what never passed': ({ log }) =>
    log.events.map((event) => {
      if (event.name !== 'kernel:card_read') return event
      const { data, time } = event
      const more = Math.round(time)
      return {
        ...event,
        data: { ...data, receivedFrames: data.receivedFrames + more, sentFrames: data.sentFrames + more },
      }
    }),

  /** The packet line lets out nothing before everybody has waited a second longer, though it says otherwise. */
  'packet lines let out late': ({ log }) =>
    log.events.map((event) =>
      event.name === 'exchange:counted'
        ? { ...event, data: { ...event.data, insideMs: event.data.insideMs.map((ms) => ms + DELAY_MS) } }
        : event,
    ),

  /** Nobody waits: packets come as evenly as they leave. */
  'packets came one by one': ({ log }) =>
    log.events.map((event) => {
      if (event.name !== 'exchange:counted') return event
      const { data } = event
      return { ...event, data: { ...data, arrivalsMs: data.arrivalsMs.map((_, index) => index * DELAY_MS) } }
    }),

  /** Whatever the lab does, one of a crowd is suspected right afterwards. */
  'one of a crowd suspected': ({ log, plan }) => {
    const more = log.all('case:marked').flatMap((marked) =>
      plan.mechanisms.map((row) => ({
        ...marked,
        name: 'crowd:suspected' as const,
        host: hostName(marked.data.pair, 'b'),
        time: marked.time + SOON_MS,
        group_id: `${row}:0`,
        data: { peers: 1, withinMs: 0 },
      })),
    )
    return inOrder([...log.events, ...more])
  },

  /** In the middle of each case somebody doubts, at either end, has an error, and a segment passes. */
  'one too many': ({ log, plan }) => {
    const more = plan.cells.flatMap((cell) => {
      const [pair = '', row = ''] = cell.split('/')
      const time = middleOf(log, pair)
      return (['a', 'b'] as const).flatMap((side) => oneMore(log, pair, side, row, time))
    })
    return inOrder([...log.events, ...more])
  },
}

function middleOf(log: LabLog, pair: string): number {
  const watch = log.watchOf(pair)
  return watch === undefined ? 0 : watch.from + MIDDLE * (watch.to - watch.from)
}

/** A doubt, also where an end had never believed; the last packet of the end once more, and any error of the run. */
function oneMore(log: LabLog, pair: string, side: HostSide, mechanism: string, time: number): LabEvent[] {
  const host = hostName(pair, side)
  const believed = log.last('belief:updated', { host, mechanism, to: time })
  const any = log.first('belief:updated')
  const doubter = believed ?? (any && { ...any, host, group_id: `${mechanism}:0` })
  const passed = log.last('packet:captured', { host, mechanism, to: time })
  return [
    ...(doubter === undefined
      ? []
      : [{ ...doubter, time, data: { ...doubter.data, old: doubter.data.new, new: 'down' as const } }]),
    ...(passed === undefined ? [] : [{ ...passed, time }]),
    ...(['udp:error_received', 'tcp:error_received'] as const).flatMap((name) => {
      const error = log.first(name)
      return error === undefined ? [] : [{ ...error, host, time, group_id: `${mechanism}:0` }]
    }),
  ]
}

function inOrder(events: LabEvent[]): LabEvent[] {
  return events.sort((one, other) => one.time - other.time)
}
