/**
 * Every event this project can log, with what it means and what it does not prove.
 *
 * One line of a log is an {@link Envelope}: who observed what, when. What was observed is under
 * `data` and nowhere else, so that nothing a peer sends can overwrite the envelope.
 *
 * Several sources meet in one log, a file each in `vocabulary/`: programs (`program tcp udp telephone tls delivery http
 * balancer http-session bank websocket reconnect session heartbeat detector belief relay vpn media sip crowd`), kernels
 * (`kernel`), the wire (`packet wire cable switch air exchange router`), and the lab itself, which knows the truth because
 * it did it (`truth fault case host command control run`); with it containers, whom others start, and the recorder with its
 * own remarks.
 */
import * as v from 'valibot'
import { crowdEvents } from './vocabulary/crowd.ts'
import { count, name, TIME_MAX_MS, TIME_MIN_MS, text } from './vocabulary/fields.ts'
import { kernelEvents } from './vocabulary/kernel.ts'
import { containerEvents, labEvents, recorderEvents } from './vocabulary/lab.ts'
import { mediaEvents } from './vocabulary/media.ts'
import { programEvents } from './vocabulary/programs.ts'
import { sipEvents } from './vocabulary/sip.ts'
import { vpnEvents } from './vocabulary/vpn.ts'
import { wireEvents } from './vocabulary/wire.ts'

export { type Certainty, name, TIME_MAX_MS, TIME_MIN_MS } from './vocabulary/fields.ts'
export { type KernelSocket, type KernelTimer, type TcpState, tcpStates } from './vocabulary/kernel.ts'
export { type Truth, truths } from './vocabulary/lab.ts'
export {
  type Arrival,
  type Belief,
  beliefs,
  type ProxyEnd,
  proxyEnds,
  type RelayDirection,
  type RelayMode,
  relayDirections,
  relayModes,
  type TelephoneState,
  type TelephoneTrigger,
  type Trigger,
  triggers,
} from './vocabulary/programs.ts'
export type { ForwardingReason, PacketKind, RouterMapping } from './vocabulary/wire.ts'

export const vocabulary = {
  ...programEvents,
  ...vpnEvents,
  ...mediaEvents,
  ...sipEvents,
  ...crowdEvents,
  ...kernelEvents,
  ...wireEvents,
  ...labEvents,
  ...containerEvents,
  ...recorderEvents,
} as const

export type EventName = keyof typeof vocabulary
export type EventData<N extends EventName> = v.InferOutput<(typeof vocabulary)[N]>

/** One line of an event file. */
export const envelope = v.strictObject({
  /**
   * CLOCK_MONOTONIC in nanoseconds, as a decimal string (it does not fit a JSON number). All processes
   * and containers of one kernel share this clock; two machines do not.
   */
  mono: v.pipe(text, v.regex(/^\d{1,18}$/)),
  /** Counts the lines of one incarnation of a process from 0: a hole proves a loss. */
  seq: count,
  run: text,
  lab: text,
  host: name,
  /** 1 for the first process of this host, 2 after a reboot. */
  incarnation: count,
  program: text,
  /** As the process itself sees it. Another terminal may see another: `outerPid`. */
  pid: count,
  name: v.picklist(Object.keys(vocabulary) as [EventName, ...EventName[]]),
  /** The connection or session: mechanism and client port, `tcp-idle:41234`, the same at both ends. */
  group_id: v.optional(text),
  data: v.unknown(),
})
type Envelope = Omit<v.InferOutput<typeof envelope>, 'name' | 'data'>

/** One line of a run's `events.ndjson`: with what the recorder adds. */
export const recordedEnvelope = v.strictObject({
  ...envelope.entries,
  /** Milliseconds since the run began, derived from `mono`. */
  time: v.pipe(v.number(), v.minValue(TIME_MIN_MS), v.maxValue(TIME_MAX_MS)),
  /** The pid another terminal sees, where it differs and is known. */
  outerPid: v.optional(count),
})
type Recorded = Pick<v.InferOutput<typeof recordedEnvelope>, 'time' | 'outerPid'>

/** One event as checks and views read it: `event.name` decides the type of `event.data`. */
export type LabEvent = {
  [N in EventName]: Envelope & Recorded & { name: N; data: EventData<N> }
}[EventName]

/** The event of one name. */
export type EventOf<N extends EventName> = Extract<LabEvent, { name: N }>

/** The address of an event, used as evidence: `cut-a.1/tcp-client#41`. */
export function addressOf(event: Pick<LabEvent, 'host' | 'incarnation' | 'program' | 'seq'>): string {
  return `${event.host}.${event.incarnation}/${event.program}#${event.seq}`
}
