/**
 * A run for Wireshark: what each host saw, with what its programs believed beside it, as `<host>.pcapng`;
 * and all hosts in `merged.pcapng`, where each packet that arrived is there twice. Wireshark would call
 * the second one a retransmission: open the merged file with
 * `wireshark -o tcp.analyze_sequence_numbers:FALSE merged.pcapng`.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { peerOf, sideOf } from '../../events/host-names.ts'
import { inOrder } from '../../events/parse.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import { enhancedPacket, interfaceDescription, linkType, type PacketRecord, sectionHeader } from './blocks.ts'
import { eventPacket, isShown } from './event-packet.ts'
import { readBlocks } from './read.ts'

const MERGED_COMMENT =
  'Each packet that arrived is here twice, at its sender and at its receiver. ' +
  'Open with: wireshark -o tcp.analyze_sequence_numbers:FALSE merged.pcapng'
const NEVER_ARRIVED = 'Never arrived: no host saw it come in.'
const PERHAPS_ARRIVED = 'No host saw it come in; but captures of this run have holes.'
/** One write(2) for so many bytes. */
const WRITE_BYTES = 262_144

interface HostFacts {
  name: string
  address: string
  peerAddress: string
  /** In order of time. */
  events: LabEvent[]
  bytesKept: number
  wallClockAheadNs: bigint
  /** The numbers, from 1, of the packets that it sent and nobody received; and what to say of them. */
  lostFrames: Set<number>
  lostComment: string
}

/** Of one host: in order of time; `fromEvent` tells from which of its two interfaces. */
type Entry = Omit<PacketRecord, 'interfaceId'> & { fromEvent: boolean }

/**
 * Writes the .pcapng files of a run that has ended, from `packets/` and its events.
 * @returns their paths; none when nothing was captured
 */
export function finishCaptures(runFolder: string, events: readonly LabEvent[]): string[] {
  const hosts = factsOfHosts(events)
  if (hosts.length === 0) return []
  const written = hosts.map((host) => writeFile(join(runFolder, `${host.name}.pcapng`), runFolder, [host]))
  return [...written, writeFile(join(runFolder, 'merged.pcapng'), runFolder, hosts, MERGED_COMMENT)]
}

/** The hosts that were captured, by name. */
function factsOfHosts(events: readonly LabEvent[]): HostFacts[] {
  const addressOf = new Map<string, string>()
  const received = new Set<string>()
  const hasHoles = events.some(({ name }) => name === 'wire:packets_dropped')
  for (const event of events) {
    if (event.name === 'host:started') addressOf.set(event.host, event.data.address)
    if (event.name === 'packet:captured' && event.data.direction === 'received') {
      received.add(event.data.packet)
    }
  }

  const facts = new Map<string, HostFacts>()
  for (const event of events) {
    if (event.name !== 'wire:capture_started' || facts.has(event.host)) continue
    const name = event.host
    const peer = sideOf(name) === null ? name : peerOf(name)
    facts.set(name, {
      name,
      address: addressOf.get(name) ?? '0.0.0.0',
      peerAddress: addressOf.get(peer) ?? '0.0.0.0',
      events: [],
      bytesKept: event.data.bytesKept,
      wallClockAheadNs: BigInt(event.data.wallClockAheadNs),
      lostFrames: new Set(),
      lostComment: hasHoles ? PERHAPS_ARRIVED : NEVER_ARRIVED,
    })
  }
  for (const event of [...events].sort(inOrder)) {
    if (event.name === 'packet:captured') {
      const { direction, packet, frame } = event.data
      if (direction === 'sent' && !received.has(packet)) facts.get(event.host)?.lostFrames.add(frame)
    }
    if (!isShown(event)) continue
    // A fault is the lab's event, and stands at the host that it struck.
    const at = event.name.startsWith('fault:') ? (event.data as { struck: string }).struck : event.host
    facts.get(at)?.events.push(event)
  }
  return [...facts.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

function writeFile(path: string, runFolder: string, hosts: readonly HostFacts[], comment?: string): string {
  const file = openSync(path, 'w')
  try {
    const blocks = [sectionHeader(comment)]
    for (const { name, bytesKept } of hosts) {
      const packets = { name, description: `packets at the network cards of ${name}`, bytesKept }
      const events = { name: `${name} events`, description: `what ${name} did and believed`, bytesKept: 0 }
      blocks.push(interfaceDescription({ ...packets, linkType: linkType.ethernet }))
      blocks.push(interfaceDescription({ ...events, linkType: linkType.upperPdu }))
    }
    let bytes = 0
    const flush = () => {
      if (blocks.length > 0) writeSync(file, Buffer.concat(blocks.splice(0)))
      bytes = 0
    }
    for (const { from, entry } of inOrderOfTime(hosts.map((host) => entriesOf(runFolder, host)))) {
      const block = enhancedPacket({ ...entry, interfaceId: from * 2 + (entry.fromEvent ? 1 : 0) })
      blocks.push(block)
      bytes += block.length
      if (bytes > WRITE_BYTES) flush()
    }
    flush()
  } finally {
    closeSync(file)
  }
  return path
}

/** Packets and events of one host. */
function* entriesOf(runFolder: string, host: HostFacts): Generator<Entry> {
  const sources = [packetsOf(join(runFolder, 'packets', `${host.name}.pcapng`), host), eventsOf(host)]
  for (const { entry } of inOrderOfTime(sources)) yield entry
}

function* packetsOf(path: string, { lostFrames, lostComment }: HostFacts): Generator<Entry> {
  let frame = 0
  for (const block of readBlocks(path)) {
    if (block.type !== 'packet') continue
    frame += 1
    const { wallNs, bytes, wireBytes } = block
    const comment = lostFrames.has(frame) ? { comment: lostComment } : {}
    yield { wallNs, bytes, wireBytes, fromEvent: false, ...comment }
  }
}

function* eventsOf({ events, address, peerAddress, wallClockAheadNs }: HostFacts): Generator<Entry> {
  for (const event of events) {
    const bytes = eventPacket(event, address, peerAddress)
    yield { wallNs: BigInt(event.mono) + wallClockAheadNs, bytes, wireBytes: bytes.length, fromEvent: true }
  }
}

/** Merges what is in order each, holding one entry of each in memory. */
function* inOrderOfTime(sources: Iterator<Entry>[]): Generator<{ from: number; entry: Entry }> {
  const heads = sources.map((source) => source.next())
  for (;;) {
    let first: { from: number; entry: Entry } | null = null
    for (const [from, { done, value: entry }] of heads.entries()) {
      if (done !== true && (first === null || entry.wallNs < first.entry.wallNs)) first = { from, entry }
    }
    if (first === null) return
    yield first
    const next = sources[first.from]?.next()
    if (next !== undefined) heads[first.from] = next
  }
}
