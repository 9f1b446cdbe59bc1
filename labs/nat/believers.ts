/** Who believes what about one connection: its two ends and, between them, a router or a proxy. */
import { type HostSide, hostName, peerOf } from '../../src/events/host-names.ts'
import type { EventOf, KernelSocket, RouterMapping } from '../../src/events/vocabulary.ts'
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { type CellName, cellId, type Plan } from '../../src/lab/plan.ts'
import type { Style } from '../../src/lab/tale.ts'
import { secondsAfter } from '../../src/lab/tell.ts'

/** The router was asked what it holds. */
export type Look = EventOf<'router:mappings_read'>

/** Every look at the router of a case, in order. */
export function looksAt(log: LabLog, caseId: string): Look[] {
  return log.all('router:mappings_read').filter(({ data }) => data.router === `${caseId}-router`)
}

/** The client's own address, on the inside. */
export function clientAddress(log: LabLog, { case: caseId, mechanism }: CellName): string | undefined {
  const host = hostName(caseId, 'a')
  const connected = log.first('tcp:connected', { host, mechanism })?.data.local
  return (
    connected ?? log.all('udp:bound', { host }).find(({ data }) => data.mechanism === mechanism)?.data.local
  )
}

/** What a look shows of a cell's connection; undefined: the router has nothing. */
export function mappingIn(log: LabLog, cell: CellName, look: Look): RouterMapping | undefined {
  const client = clientAddress(log, cell)
  return look.data.mappings.find(({ source }) => source === client)
}

/** `client up, router nothing, server up`: at the moment of a look. */
export function believersAt(log: LabLog, cell: CellName, look: Look): string {
  const mapping = mappingIn(log, cell, look)
  const router = mapping === undefined ? 'nothing' : (mapping.state ?? 'a mapping')
  const [client, server] = (['a', 'b'] as const).map((side) => endAt(log, cell, side, look.time))
  return `client ${client}, router ${router}, server ${server}`
}

/**
 * What one end says: `up` is a program that believes in a connection which its kernel holds ESTABLISHED, as far
 * as TCP goes. Of one that has given it up the kernel's entry goes a moment later.
 */
export function endAt(
  log: LabLog,
  { case: caseId, mechanism }: CellName,
  side: HostSide,
  time: number,
): string {
  const host = hostName(caseId, side)
  const belief = log.beliefAt(host, mechanism, time)
  // A host without power has no kernel that could say anything.
  if (log.truthAt(peerOf(host), time) === 'gone') return 'gone'
  if (mechanism.startsWith('udp-')) return belief
  const state = log.last('kernel:socket_updated', { host, mechanism, to: time })?.data.new?.state
  return belief !== 'up' || state === 'ESTABLISHED' ? belief : `up (${state ?? 'no socket'})`
}

/** The two connections of a proxy, as the kernel of its host has them: `front`, the client's end, and `back`. */
export function legsAt(
  log: LabLog,
  caseId: string,
  time: number,
): Record<'front' | 'back', KernelSocket | null> {
  const host = hostName(caseId, 'a')
  const client = clientAddress(log, { case: caseId, mechanism: 'front' })
  const updates = log.all('kernel:socket_updated', { host, to: time })
  const last = (mechanism: string, local?: string) =>
    updates.findLast(
      ({ group_id, data }) =>
        group_id?.startsWith(`${mechanism}:`) === true && (local === undefined || data.local === local),
    )?.data.new ?? null
  return { front: last('front', client), back: last('back') }
}

/** What the three believed, whenever a look at the router shows anything new. */
function changesOf(log: LabLog, cell: CellName): { after: string; words: string }[] {
  const watch = log.watchOf(cell.case)
  if (watch === undefined) return []
  const changes: { after: string; words: string }[] = []
  for (const look of looksAt(log, cell.case)) {
    if (look.time < watch.from || look.time > watch.to) continue
    const words = believersAt(log, cell, look)
    if (changes.at(-1)?.words !== words) changes.push({ after: `${secondsAfter(look, watch.from)} s`, words })
  }
  return changes
}

/** `--cell silent/client-first`: the three side by side. */
export function endsOfCellInWords(cell: CellName, log: LabLog, _plan: Plan, style: Style): string[] {
  const changes = changesOf(log, cell)
  if (changes.length === 0) return []
  return [
    style.bold('Who believes what, after the case began'),
    ...changes.map(({ after, words }) => `  ${after.padStart(9)}  ${words}`),
  ]
}

/** Of a router that says nothing: what the three believed, and when. */
export function story(log: LabLog, plan: Plan): Story | null {
  const cell = { case: 'silent', mechanism: 'client-first' }
  const id = cellId(cell.case, cell.mechanism)
  const changes = plan.cells.includes(id) ? changesOf(log, cell) : []
  if (changes.length === 0) return null
  return {
    cell: id,
    heading: `${id}: three believers, and nobody tells the other two`,
    entries: changes.map(({ after, words }) => ({ term: after, lines: [words] })),
  }
}
