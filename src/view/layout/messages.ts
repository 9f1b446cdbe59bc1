/** Who sent what to whom, and did it arrive: from captured packets, or else from what two programs logged. */
import { addressOf, type LabEvent } from '../../events/vocabulary.ts'
import type { Arrow, ArrowKind } from '../ladder.ts'
import { ARROW_WORDS } from '../words.ts'
import type { PacketEvent, Scene } from './scene.ts'

/** An arrow before it has a place. */
export type Message = Omit<Arrow, 'labelAt' | 'from' | 'to'>

/**
 * A packet so young that the log may end before its arrival was written down: on a page that is still
 * growing it is on its way, and not lost.
 */
const IN_FLIGHT_MS = 200
const HEARTBEAT = /^(PING|PONG) \d+/

/** In order of sending. */
export function messagesOf(scene: Scene, endOfLog: number): Message[] {
  const messages = scene.packets.length > 0 ? fromPackets(scene, endOfLog) : fromPrograms(scene)
  return messages
    .filter(({ sentAt, arrivedAt }) => sentAt <= scene.to && (arrivedAt ?? sentAt) >= scene.from)
    .sort((one, other) => one.sentAt - other.sentAt)
}

function fromPackets({ packets, aside, hosts }: Scene, endOfLog: number): Message[] {
  const messages: Message[] = []
  const underway = new Map<string, Message>()
  const capturing = new Set(packets.map((packet) => packet.host))
  const received: PacketEvent[] = []
  for (const packet of packets) {
    if (packet.data.direction === 'received') {
      received.push(packet)
      continue
    }
    const destination = hosts.find((host) => host !== packet.host) ?? packet.host
    const judged = capturing.has(destination) && packet.time < endOfLog - IN_FLIGHT_MS
    const message: Message = {
      ...wording(packet),
      source: packet.host,
      destination,
      sentAt: packet.time,
      arrivedAt: null,
      outcome: judged ? 'lost' : 'unseen',
      observed: 'packets',
      evidence: [addressOf(packet)],
    }
    messages.push(message)
    underway.set(packet.data.packet, message)
  }
  const sentAside = new Map<string, PacketEvent>()
  for (const packet of aside) {
    const message = underway.get(packet.data.packet)
    if (packet.data.direction === 'sent') sentAside.set(packet.data.packet, packet)
    // On a hub it hears what is for another, too: then that one's capture says what became of it.
    else if (message !== undefined) toAside(message, packet)
  }
  for (const packet of received) {
    const message = underway.get(packet.data.packet)
    const origin = sentAside.get(packet.data.packet)
    if (message === undefined && origin !== undefined) messages.push(fromAside(origin, packet))
    // Sent before the capture began there: without its beginning there is no arrow to draw.
    if (message === undefined || !hosts.includes(packet.host) || packet.host === message.source) continue
    message.destination = packet.host
    message.arrivedAt = packet.time
    message.outcome = 'arrived'
    message.evidence.push(addressOf(packet))
  }
  return messages
}

function toAside(message: Message, packet: PacketEvent): void {
  message.destination = packet.host
  message.arrivedAt = packet.time
  message.outcome = 'aside'
  message.evidence.push(addressOf(packet))
}

function fromAside(origin: PacketEvent, arrival: PacketEvent): Message {
  return {
    ...wording(arrival),
    source: origin.host,
    destination: arrival.host,
    sentAt: origin.time,
    arrivedAt: arrival.time,
    outcome: 'arrived',
    observed: 'packets',
    evidence: [addressOf(origin), addressOf(arrival)],
  }
}

function wording({ data }: PacketEvent): { kind: ArrowKind; label: string } {
  const { kind, text } = data
  const isHeartbeat = (kind === 'data' || kind === 'datagram') && text !== undefined && HEARTBEAT.test(text)
  if (isHeartbeat) return { kind: 'heartbeat', label: text }
  return { kind, label: text === undefined ? ARROW_WORDS[kind] : `${ARROW_WORDS[kind]} ${text}` }
}

interface Route {
  key: string
  sent: boolean
  kind: ArrowKind
  label: string
}

/**
 * Without packets: heartbeats are matched by their numbers. HTTP on one connection is matched by order,
 * which TCP keeps, since a server is not told the client's number.
 */
function fromPrograms({ messages, hosts }: Scene): Message[] {
  const drawn: Message[] = []
  const waiting = new Map<string, Message[]>()
  const early = new Map<string, LabEvent[]>()
  for (const event of messages) {
    const route = routeOf(event)
    if (route === null) continue
    const destination = hosts.find((host) => host !== event.host) ?? event.host
    if (!route.sent) {
      const message = waiting.get(`${destination} ${route.key}`)?.shift()
      if (message !== undefined) arrive(message, event)
      else push(early, `${destination} ${route.key}`, event)
      continue
    }
    const message: Message = {
      kind: route.kind,
      label: route.label,
      source: event.host,
      destination,
      sentAt: event.time,
      arrivedAt: null,
      outcome: 'unseen',
      observed: 'programs',
      evidence: [addressOf(event)],
    }
    drawn.push(message)
    // A program writes down that it sent after it has sent: the answer may be in the log before.
    const arrival = early.get(`${event.host} ${route.key}`)?.shift()
    if (arrival !== undefined) arrive(message, arrival)
    else push(waiting, `${event.host} ${route.key}`, message)
  }
  return drawn
}

function arrive(message: Message, event: LabEvent): void {
  message.arrivedAt = event.time
  message.outcome = 'arrived'
  message.evidence.push(addressOf(event))
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function routeOf(event: LabEvent): Route | null {
  const group = event.group_id
  switch (event.name) {
    case 'heartbeat:ping_sent':
    case 'heartbeat:ping_received': {
      const label = `PING ${event.data.number}`
      return { key: `${group} ${label}`, sent: event.name.endsWith('sent'), kind: 'heartbeat', label }
    }
    case 'heartbeat:pong_sent':
    case 'heartbeat:pong_received': {
      const label = `PONG ${event.data.number}`
      return { key: `${group} ${label}`, sent: event.name.endsWith('sent'), kind: 'heartbeat', label }
    }
    case 'http:request_sent':
    case 'http:request_received': {
      const label = `${event.data.method} ${event.data.path}`
      return { key: `${group} request`, sent: event.name.endsWith('sent'), kind: 'request', label }
    }
    case 'http:response_sent':
    case 'http:response_received': {
      const label = `answer ${event.data.status}`
      return { key: `${group} response`, sent: event.name.endsWith('sent'), kind: 'request', label }
    }
    default:
      return null
  }
}
