/** `stillhere/forecast@1`: what was read and foretold, for programs, as README.md describes it. */
import { once } from 'node:events'
import { release } from 'node:os'
import type { Writable } from 'node:stream'
import { printableJsonPieces } from '../foreign/printable.ts'
import type { ConnectionReport, ProcessReport, Reading } from './read.ts'
import type { Rhythm } from './rhythm.ts'

export type Rhythms = ReadonlyMap<ConnectionReport, Rhythm>
export const NO_RHYTHMS: Rhythms = new Map()

/** Down to each connection of each process: of ten thousand the whole is a hundred megabytes. */
const PIECES_DEPTH = 4
/** What is written at once. */
const CHUNK_CHARACTERS = 64 * 1024

/** Writes it no faster than it is read. */
export async function writeDocument(to: Writable, reading: Reading, rhythms: Rhythms): Promise<void> {
  let chunk = ''
  for (const piece of printableJsonPieces(documentOf(reading, rhythms), PIECES_DEPTH)) {
    chunk += piece
    if (chunk.length < CHUNK_CHARACTERS) continue
    if (!to.write(chunk)) await once(to, 'drain')
    chunk = ''
  }
  to.write(`${chunk}\n`)
}

/** Its connections are made while they are written. */
function documentOf({ jiffyMs, processes, leftOut }: Reading, rhythms: Rhythms) {
  return {
    schema: 'stillhere/forecast@1',
    at: new Date().toISOString(),
    kernel: release(),
    jiffyMs,
    processes: processes.map((one) => processDocument(one, rhythms)),
    leftOut,
  }
}

function processDocument({ connections, datagrams, ...report }: ProcessReport, rhythms: Rhythms) {
  return {
    ...report,
    connections: connectionDocuments(connections, rhythms),
    datagrams: datagrams.map(({ local, remote }) => ({ local, remote })),
  }
}

function* connectionDocuments(connections: readonly ConnectionReport[], rhythms: Rhythms) {
  for (const one of connections) yield { ...connectionDocument(one), heartbeat: rhythms.get(one) ?? null }
}

function connectionDocument({ local, remote, descriptor, facts, forecast }: ConnectionReport) {
  const { reading, coarseTimeoutMs, ...socket } = facts
  return {
    local,
    remote,
    descriptor,
    ...socket,
    options: reading?.options ?? null,
    retransmissionTimeoutMs: reading?.info.retransmissionTimeoutMs ?? coarseTimeoutMs,
    roundTripMs: reading?.info.roundTripMs ?? null,
    heardAgoMs: reading?.heardAgoMs ?? null,
    ...forecast,
  }
}
