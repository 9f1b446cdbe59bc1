/** The third believer: what the router of a case says that it remembers, look by look, and the two ends beside it. */
import { type HostSide, peerOf } from '../../src/events/host-names.ts'
import type { EventOf, RouterMapping } from '../../src/events/vocabulary.ts'
import { Cell } from '../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../src/lab/claims.ts'
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Style } from '../../src/lab/tale.ts'
import { secondsAfter } from '../../src/lab/tell.ts'
import { type CellName, cellId, type Plan } from '../../src/plan/plan.ts'
import { type RouterInForce, routerInForce, stillRemembered } from './expectations.ts'

export const CONNTRACK = 'net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack-sysctl.rst'
export const UDP_TRACKING = 'net/netfilter/nf_conntrack_proto_udp.c, nf_conntrack-sysctl.rst'
export const ALL_THREE = 'client up, router ESTABLISHED, server up'
const BOTH_ENDS = 'client up, router nothing, server up'

/** The router was asked what it holds. */
export type Look = EventOf<'router:mappings_read'>

/** Claims of a row that need to know how the router of its case is set; none where there was no router. */
export function knowingRouter<C extends Cell>(claims: (cell: C, router: RouterInForce) => Claims) {
  return (cell: C): Claims => {
    const started = cell.log.all('router:started').find(({ data }) => data.router === routerName(cell))
    return started === undefined ? [] : claims(cell, routerInForce(started.data))
  }
}

/** Every look at the router of a case, in order. */
export function looksOf(cell: Cell): Look[] {
  const { from, to } = cell.watch
  return cell.log
    .all('router:mappings_read', { from, to })
    .filter(({ data }) => data.router === routerName(cell))
}

/** The last look before a moment. */
export function lookBefore(cell: Cell, time: number): Look | undefined {
  return looksOf(cell).findLast((look) => look.time <= time)
}

/** The first look after a moment that shows the connection: one that was under way then may show what was before. */
export function firstShown(cell: Cell, time: number): Look | undefined {
  return looksOf(cell).find((look) => look.time > time && mappingIn(cell, look) !== undefined)
}

/** What a look shows of the cell's connection; undefined: the router has nothing. */
export function mappingIn(cell: Cell, look: Look | undefined): RouterMapping | undefined {
  const { a } = cell
  const bound = a.ofHost('udp:bound').find(({ data }) => data.mechanism === cell.row)
  const client = a.first('tcp:connected')?.data.local ?? bound?.data.local
  return look?.data.mappings.find(({ source }) => source === client)
}

/** `client up, router nothing, server up`: at the moment of a look. */
export function believersAt(cell: Cell, look: Look): string {
  const mapping = mappingIn(cell, look)
  const router = mapping === undefined ? 'nothing' : (mapping.state ?? 'a mapping')
  return `client ${endAt(cell, 'a', look.time)}, router ${router}, server ${endAt(cell, 'b', look.time)}`
}

/**
 * What one end says: `up` is a program that believes in a connection which its kernel holds ESTABLISHED, as far
 * as TCP goes. Of one that has given it up the kernel's entry goes a moment later.
 */
export function endAt(cell: Cell, side: HostSide, time: number): string {
  const end = cell.at(side)
  // A host without power has no kernel that could say anything.
  if (cell.log.truthAt(peerOf(end.host), time) === 'gone') return 'gone'
  const belief = end.belief(time)
  if (cell.row.startsWith('udp-') || belief !== 'up') return belief
  const state = end.state(time)
  return state === 'ESTABLISHED' ? belief : `up (${state})`
}

/** For how long nothing of the connection had passed the router; null: not every packet of that time is known. */
export function idleMs(cell: Cell, look: Look): number | null {
  // All that passes the router either leaves a or comes to it.
  const packets = cell.a.packets({ to: look.time })
  if (packets === null) return null
  return look.time - (packets.at(-1)?.time ?? cell.watch.from)
}

// ---- claims ---------------------------------------------------------------------------------------

/** Just after packets have passed, and after long enough without any for the router to have forgotten. */
export function rememberedAndForgotten(cell: Cell, router: RouterInForce, spokenAt: number): Claims {
  const first = looksOf(cell)[0]
  const before = lookBefore(cell, spokenAt)
  if (first === undefined || before === undefined) return []
  const idle = idleMs(cell, before)
  const limit = seconds(router.tcpMs)
  return [
    says(cell, 'agreed', ALL_THREE, believersAt(cell, first), {
      claim: 'at first all three believe in the connection',
      formula: `idle for less than ${limit}`,
      because: 'a greeting has passed each way',
      source: CONNTRACK,
      evidence: [first],
    }),
    says(cell, 'forgotten', BOTH_ENDS, inTime(believersAt(cell, before), idle, router.tcpMs), {
      claim: 'then the router has forgotten it, and neither end knows',
      formula: `idle for ${seconds(idle)}, remembered for ${limit}`,
      because: `nothing had passed for ${seconds(idle)}`,
      source: `nf_conntrack_tcp_timeout_established; ${CONNTRACK}`,
      evidence: [before],
    }),
  ]
}

/** Forgotten too soon would be something else. @param idle null: nobody knows */
export function inTime(observed: string, idle: number | null, limitMs: number): string | null {
  if (idle === null) return null
  return idle >= limitMs ? observed : `${observed}, after only ${seconds(idle)}`
}

/** A limit of a router's memory: how long, by which setting, and where that is written. */
export interface Memory {
  limitMs: number
  setting: string
  source: string
}

/** How long a router remembers what is idle: TCP, UDP without and with answers. */
export function memoryOf({ tcpMs, udpMs, udpStreamMs }: RouterInForce) {
  const udp = 'nf_conntrack_udp_timeout'
  return {
    tcp: { limitMs: tcpMs, setting: 'nf_conntrack_tcp_timeout_established', source: CONNTRACK },
    udp: { limitMs: udpMs, setting: udp, source: UDP_TRACKING },
    stream: { limitMs: udpStreamMs, setting: `${udp}_stream`, source: UDP_TRACKING },
  } satisfies Record<string, Memory>
}

/** For how long the router says that it will still remember a mapping. */
export function remembersFor(
  cell: Cell,
  what: string,
  look: Look | undefined,
  { limitMs, setting, source }: Memory,
  words: { claim: string; short?: string },
) {
  const idle = look === undefined ? undefined : idleMs(cell, look)
  const mapping = mappingIn(cell, look)
  const answered = mapping?.answered ? 'yes' : 'no'
  const leftMs = idle === null ? null : mapping?.forgetsInMs
  return counts(cell, what, stillRemembered(limitMs, idle ?? 0), leftMs, 'ms', {
    ...words,
    formula: `${setting} ${seconds(limitMs)} - ${seconds(idle ?? null)}, in whole seconds`,
    because: mapping === undefined ? 'the router has no mapping' : `answered: ${answered}`,
    source,
    evidence: [look],
  })
}

/** The end that did not speak is told nothing, whatever became of the other. */
export function otherEnd(cell: Cell, side: HostSide) {
  return says(cell, 'other-end', 'up', endAt(cell, side, cell.watch.to), {
    claim: `the ${side === 'a' ? 'client' : 'server'}, which did not speak, goes on believing`,
    formula: 'an idle connection is told nothing',
    because: 'at the end of the case',
    source: 'RFC 9293 3.8.4: nothing is sent on an idle connection',
    evidence: [cell.at(side).last('belief:updated')],
  })
}

/** `4.18 s`; null: nobody knows. */
export function seconds(ms: number | null): string {
  return ms === null ? 'unknown' : `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 2)} s`
}

// ---- told -----------------------------------------------------------------------------------------

/** `--cell silent/client-first`: the three side by side. */
export function endsOfCell(
  { case: id, mechanism }: CellName,
  log: LabLog,
  plan: Plan,
  style: Style,
): string[] {
  const changes = changesIn(log, plan, id, mechanism)
  if (changes.length === 0) return []
  return [
    style.bold('Who believes what, after the case began'),
    ...changes.map(({ after, words }) => `  ${after.padStart(9)}  ${words}`),
  ]
}

/** What the three believed of a connection through a router that says nothing, and when. */
export function story(log: LabLog, plan: Plan): Story | null {
  const [caseId, row] = ['silent', 'client-first']
  const id = cellId(caseId, row)
  const changes = plan.cells.includes(id) ? changesIn(log, plan, caseId, row) : []
  if (changes.length === 0) return null
  return {
    cell: id,
    heading: `${id}: three believers, and nobody tells the other two`,
    entries: changes.map(({ after, words }) => ({ term: after, lines: [words] })),
  }
}

/** What the three believed, whenever a look at the router shows anything new. */
function changesIn(log: LabLog, plan: Plan, caseId: string, row: string) {
  const watch = log.watchOf(caseId)
  if (watch === undefined) return []
  const cell = new Cell(log, plan, { case: caseId, row }, watch)
  const seen = looksOf(cell).map((look) => ({
    after: `${secondsAfter(look, watch.from)} s`,
    words: believersAt(cell, look),
  }))
  return seen.filter(({ words }, index) => words !== seen[index - 1]?.words)
}

function routerName(cell: Cell): string {
  return `${cell.case}-router`
}
