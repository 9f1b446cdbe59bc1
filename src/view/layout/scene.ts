/**
 * Out of a whole run, what concerns one pair of hosts and one connection (or all of one mechanism): read
 * once from the first event to the last, however long the run was.
 */
import { BYSTANDER, hostName } from '../../events/host-names.ts'
import {
  addressOf,
  type EventName,
  type EventOf,
  type LabEvent,
  type Trigger,
} from '../../events/vocabulary.ts'
import { mechanismOf } from '../../lab/log.ts'
import type { Reason } from '../ladder.ts'
import { eventText } from '../words.ts'

export interface View {
  pair: string
  /** `tcp-idle`: every connection of a mechanism. `tcp-idle:41234`: this one. */
  connection: string
  /** The run's milliseconds. Left out: from its first event to its last, or to the end of the watch. */
  from?: number
  to?: number
}

export type BeliefEvent = EventOf<'belief:updated'>
export type SocketEvent = EventOf<'kernel:socket_updated'>
export type PacketEvent = EventOf<'packet:captured'>
type FaultEvent = EventOf<'fault:striking' | 'fault:struck' | 'fault:unverified' | 'fault:undone'>

export interface Scene {
  view: View
  /** Client and server. */
  hosts: [string, string]
  from: number
  to: number
  /** With the reasons of each, collected on the way. */
  beliefs: { event: BeliefEvent; why: Reason[] }[]
  sockets: SocketEvent[]
  truths: EventOf<'truth:updated'>[]
  faults: FaultEvent[]
  exits: EventOf<'host:process_exited'>[]
  starts: EventOf<'program:started'>[]
  /** When the case began, where the lab says so. */
  caseFrom: number | null
  /** What happens in it. */
  casePromise: string | null
  packets: PacketEvent[]
  /** The same, as a third host captured them that stands beside the two. */
  aside: PacketEvent[]
  /** What programs logged of messages: what arrows are drawn from where nothing was captured. */
  messages: LabEvent[]
  options: EventOf<'kernel:options_read'>[]
  requests: EventOf<'http:request_sent'>[]
  /** How many connections took part. */
  connections: number
  kernelSampled: boolean
}

/** What an end hears from its peer: the evidence that it is still there. */
const HEARD: ReadonlySet<EventName> = new Set<EventName>([
  'heartbeat:ping_received',
  'heartbeat:pong_received',
  'udp:datagram_received',
  'tcp:received',
  'http:request_received',
  'http:response_received',
])

const MESSAGES: ReadonlySet<EventName> = new Set<EventName>([
  'heartbeat:ping_sent',
  'heartbeat:ping_received',
  'heartbeat:pong_sent',
  'heartbeat:pong_received',
  'http:request_sent',
  'http:request_received',
  'http:response_sent',
  'http:response_received',
])

const ERRORS: EventName[] = ['tcp:error_received', 'udp:error_received', 'http:request_failed']

/** Which event, just before, made a program change its mind. Silence has none: what was heard last is all. */
const TRIGGERED_BY: Record<Trigger, readonly EventName[]> = {
  started: [],
  connected: ['tcp:connected', 'websocket:opened'],
  accepted: ['tcp:accepted'],
  heard: [...HEARD],
  heartbeat_missed: [],
  heartbeat_late: [...HEARD],
  answer_missed: ['http:request_sent'],
  answer_late: ['http:response_received'],
  fin: ['tcp:end_received'],
  close_frame: ['websocket:close_received'],
  econnreset: ERRORS,
  econnaborted: ERRORS,
  econnrefused: ERRORS,
  epipe: ERRORS,
  etimedout: ERRORS,
  ehostunreach: ERRORS,
  enetunreach: ERRORS,
  socket_error: ERRORS,
  user_closed: ['program:stopping'],
  program_said: [],
  program_ended: [],
  kernel_gave_up: [],
  kernel_has_none: [],
}

/** @param events in order of time */
export function sceneOf(events: readonly LabEvent[], view: View): Scene {
  const hosts: [string, string] = [hostName(view.pair, 'a'), hostName(view.pair, 'b')]
  const members = new Set<string>(hosts)
  const bystander = hostName(view.pair, BYSTANDER)
  const groups = new Set<string>()
  const groupOfPort = new Map<string, string>()
  const recent = new Recent()
  const scene: Scene = {
    view,
    hosts,
    from: view.from ?? 0,
    to: view.to ?? 0,
    beliefs: [],
    sockets: [],
    truths: [],
    faults: [],
    exits: [],
    starts: [],
    caseFrom: null,
    casePromise: null,
    packets: [],
    aside: [],
    messages: [],
    options: [],
    requests: [],
    connections: 0,
    kernelSampled: false,
  }
  const loosePackets: PacketEvent[] = []
  let first = Number.POSITIVE_INFINITY
  let last = 0

  for (const event of events) {
    if (event.name === 'kernel:sampling_started') scene.kernelSampled = true
    if ('pair' in event.data && event.data.pair === view.pair && event.name !== 'host:started') {
      if (event.name.startsWith('fault:')) scene.faults.push(event as FaultEvent)
      else if (event.name === 'case:started') {
        scene.caseFrom = event.time
        scene.casePromise = event.data.promise
      }
      last = Math.max(last, event.time)
    }
    if (event.host === bystander && event.name === 'packet:captured' && isAbout(event, view.connection)) {
      scene.aside.push(event)
    }
    if (!members.has(event.host)) continue
    if (event.name === 'truth:updated') scene.truths.push(event)
    else if (event.name === 'host:process_exited') scene.exits.push(event)
    else if (event.name === 'program:started') scene.starts.push(event)
    else if (event.name === 'program:stopping') recent.note(event)
    else if (event.name === 'packet:captured' && event.group_id === undefined) {
      loosePackets.push(event)
      recent.note(event, groupOf(event, groupOfPort))
    }
    if (!isAbout(event, view.connection)) continue

    first = Math.min(first, event.time)
    last = Math.max(last, event.time)
    if (event.group_id !== undefined && !groups.has(event.group_id)) {
      groups.add(event.group_id)
      groupOfPort.set(
        portKey(event.group_id.startsWith('udp') ? 'udp' : 'tcp', event.group_id),
        event.group_id,
      )
    }
    switch (event.name) {
      case 'belief:updated':
        scene.beliefs.push({ event, why: recent.reasonsFor(event) })
        break
      case 'kernel:socket_updated':
        scene.sockets.push(event)
        break
      case 'kernel:options_read':
        scene.options.push(event)
        break
      case 'packet:captured':
        scene.packets.push(event)
        break
      case 'http:request_sent':
        scene.requests.push(event)
        break
      default:
    }
    if (MESSAGES.has(event.name)) scene.messages.push(event)
    recent.note(event)
  }

  // The capture knows ports, not programs. A connection is known by its client's port.
  for (const packet of loosePackets) {
    if (groupOf(packet, groupOfPort) === undefined) continue
    scene.packets.push(packet)
    first = Math.min(first, packet.time)
    last = Math.max(last, packet.time)
  }
  // Packets carry the stamp of the network card, and can be logged after younger events.
  scene.packets.sort((one, other) => one.time - other.time)
  scene.connections = groups.size
  scene.from = view.from ?? (first === Number.POSITIVE_INFINITY ? 0 : first)
  scene.to = Math.max(scene.from, view.to ?? last)
  return scene
}

function isAbout(event: LabEvent, connection: string): boolean {
  return event.group_id === connection || mechanismOf(event) === connection
}

function groupOf({ data }: PacketEvent, groupOfPort: ReadonlyMap<string, string>): string | undefined {
  const { protocol, source, destination } = data
  return groupOfPort.get(portKey(protocol, source)) ?? groupOfPort.get(portKey(protocol, destination))
}

function portKey(protocol: string, address: string): string {
  return `${protocol} ${address.slice(address.lastIndexOf(':') + 1)}`
}

/** The newest event of each name, end and connection: enough to justify any belief without looking back. */
class Recent {
  readonly #newest = new Map<string, LabEvent>()
  readonly #heard = new Map<string, LabEvent>()

  note(event: LabEvent, group = event.group_id): void {
    this.#newest.set(causeKey(event, event.name, group), event)
    const arrived = event.name === 'packet:captured' && event.data.direction === 'received'
    if (HEARD.has(event.name) || arrived) this.#heard.set(`${event.host} ${group}`, event)
  }

  reasonsFor(belief: BeliefEvent): Reason[] {
    const group = belief.data.trigger === 'user_closed' ? undefined : belief.group_id
    const causes = TRIGGERED_BY[belief.data.trigger].flatMap((name) => {
      const cause = this.#newest.get(causeKey(belief, name, group))
      return cause === undefined ? [] : [cause]
    })
    const cause = causes.sort((one, other) => other.time - one.time || other.seq - one.seq)[0]
    // Of the whole host, since the network card does not know programs.
    const heard = this.#heard.get(`${belief.host} ${belief.group_id}`)
    const reasons: LabEvent[] = [belief]
    if (cause !== undefined) reasons.push(cause)
    if (heard !== undefined && heard !== cause) reasons.push(heard)
    return reasons.map((event) => ({
      address: addressOf(event),
      text: event === heard ? `heard last: ${eventText(event)}` : eventText(event),
    }))
  }
}

function causeKey(event: LabEvent, name: EventName, group: string | undefined): string {
  return `${event.host} ${event.program} ${group} ${name}`
}
