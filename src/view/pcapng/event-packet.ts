/**
 * An event as something that Wireshark shows among the packets: "upper PDU" (link type 252), which names
 * the dissector of what follows and can carry addresses, so that it stands in the right columns.
 *
 * The dissector is syslog's: it alone puts its text into the Info column in every version of Wireshark.
 * With `json` a reader sees "JavaScript Object Notation" there, and a systemd journal block, which also
 * shows its text, has no source and no destination. Filter: `syslog`, `syslog.msg contains "believes"`.
 */
import { isIPv4 } from 'node:net'
import { addressOf, type EventName, type LabEvent } from '../../events/vocabulary.ts'
import { printable } from '../../foreign/printable.ts'

/** Tags of epan/exported_pdu.h in Wireshark. */
const tag = { end: 0, dissectorName: 12, ipv4Source: 20, ipv4Destination: 21 } as const

/** What explains the packets beside it. What a lab does to watch, and what it measures, does not. */
const SHOWN = [
  'udp',
  'tcp',
  'http',
  'session',
  'websocket',
  'heartbeat',
  'detector',
  'belief',
  'truth',
  'fault',
]
const ALSO_SHOWN: readonly EventName[] = ['kernel:socket_updated', 'program:failed', 'host:process_exited']

export function isShown({ name }: LabEvent): boolean {
  return SHOWN.includes(name.slice(0, name.indexOf(':'))) || ALSO_SHOWN.includes(name)
}

/**
 * @param source the address of the host whose event it is
 * @param destination the address of its peer
 */
export function eventPacket(event: LabEvent, source: string, destination: string): Buffer {
  return Buffer.concat([
    tagged(tag.dissectorName, Buffer.from('syslog')),
    tagged(tag.ipv4Source, addressBytes(source)),
    tagged(tag.ipv4Destination, addressBytes(destination)),
    tagged(tag.end, Buffer.alloc(0)),
    // Without <priority> in front the whole of it is the message.
    Buffer.from(printable(`${sentence(event)}  [${addressOf(event)}]`)),
  ])
}

/** One line that says who holds what. */
function sentence(event: LabEvent): string {
  const { group_id: groupId = event.program } = event
  switch (event.name) {
    case 'belief:updated': {
      const { old, new: now, trigger, certainty } = event.data
      return `${groupId} BELIEVES ${old} -> ${now} (${trigger}, ${certainty})`
    }
    case 'truth:updated': {
      const { peer, old, new: now, because } = event.data
      return `TRUE of ${peer}: ${old} -> ${now} (${because})`
    }
    case 'kernel:socket_updated': {
      const { old, new: now } = event.data
      return `${groupId} kernel: ${socketWords(old)} -> ${socketWords(now)}`
    }
    default:
      return `${groupId} ${event.name} ${wordsOf(event.data)}`.trim()
  }
}

function socketWords(socket: Extract<LabEvent, { name: 'kernel:socket_updated' }>['data']['new']): string {
  if (socket === null) return 'no socket'
  return socket.timer === 'none' ? socket.state : `${socket.state} (timer: ${socket.timer})`
}

function wordsOf(data: object): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : shortest(value)}`)
    .join(' ')
}

/** Times in milliseconds, to the microsecond. */
function shortest(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value)
}

function tagged(code: number, value: Buffer): Buffer {
  // The lengths are multiples of four: a shorter value is filled with zeros, which end a name.
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  bytes.writeUInt16BE(code, 0)
  bytes.writeUInt16BE(bytes.length - 4, 2)
  value.copy(bytes, 4)
  return bytes
}

/** What is no address (of a host that never told its own) is none. */
function addressBytes(address: string): Buffer {
  return Buffer.from((isIPv4(address) ? address : '0.0.0.0').split('.').map(Number))
}
