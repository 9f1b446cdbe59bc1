/** What a try found, fault by fault, from its log. Pure. */
import { BYSTANDER, hostName, hostOfRole, type Role, roles } from '../events/host-names.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import { killOn } from '../lab/kills.ts'
import type { LabLog, Strike } from '../lab/log.ts'
import type { Plan } from '../plan/plan.ts'
import { type Aside, asideOf } from './asides.ts'
import { allCases, strikesNeither, type TryCase } from './faults.ts'
import { type MeasuredLink, measuredLink } from './link.ts'
import { type ClientRecovery, Recoveries } from './recoveries.ts'
import type { TrySettings } from './request.ts'
import type { Retransmission } from './retransmission.ts'
import { openAt, type Phases, type RowFindings, rowFindings, sentPayload } from './row-findings.ts'
import {
  ASK,
  clientNames,
  connectionsOfNobody,
  hasSecond,
  LATER,
  ownedBy,
  SECOND,
  SERVER,
  strangersOf,
} from './rows.ts'
import { patternOf } from './settings.ts'

/** Who speaks as often as this speaks while a fault lasts, if it lets them; or right after one that is over at once. */
const LAST_MOMENTS_MS = 1000

export interface CaseFindings {
  id: string
  fault: TryCase['fault']
  struck: Role
  /** What showed that it happened. */
  verifiedBy: string
  /** The line that it was to strike after, and how long after it that was; null: no such line was wanted. */
  struckAfter: { name: string; line: string; afterMs: number } | null
  /** What the way between the hosts was like all the time (`--link`); null: nobody asked for anything. */
  link: MeasuredLink | null
  /** From the moment it became true. */
  from: number
  /** The run was not interrupted meanwhile. Otherwise nothing is judged by it. */
  isWhole: boolean
  /** So long the fault was watched, for whoever notices. */
  watchedMs: number
  /** When it was undone, or what it had ended came back. */
  mendedAt: number
  until: number
  /** The clients, then the server. */
  rows: RowFindings[]
  /** What became of each client after the mending, by its name. */
  recoveries: Record<string, ClientRecovery>
  /** The connections of before are there afterwards, at both ends. */
  survived: boolean
  /** From when it counts until a client is served again: the mending, or with a second server the fault. */
  countedFrom: number
  /** The last of the clients that count was served again so long after that; null: one never was. */
  recoveredAfterMs: number | null
  /** By which of two servers; null: there is but one, or none did. */
  recoveredBy: ClientRecovery['by']
  /** The timer that decided when, or has kept that client waiting; null: none did. */
  retransmission: Retransmission | null
  /** Why not, where that may be no surprise to the wire: data arrived, and nobody was served. */
  notServedBecause: string | null
  recoveryWatchedMs: number
  /** Data still arrived when the fault was undone, each way it went before: nobody had to come back. */
  wentOn: boolean
  /** Neither end sent any data after the mending: that none arrived proves nothing. */
  wasSilent: boolean
  /** Of several clients: connections that were over before anybody could look whose they are. */
  connectionsOfNobody: number
  /** Packets that passed and were not captured: payload may have been among them. */
  packetsMissed: number
  /** What came of `--later` and of `--ask`; null: nobody wanted it, or it could not be. */
  later: Aside | null
  ask: Aside | null
  /** The rows whose idle connections nobody watches: their kernels would believe in them for ever. */
  unwatched: string[]
}

/** What was found of each fault that was seen to happen; where the run was interrupted, until then. */
export function findingsOf(log: LabLog, plan: Plan<TrySettings>): CaseFindings[] {
  return allCases
    .filter(({ id }) => plan.cases.includes(id))
    .flatMap((one) => {
      const strike = log.strikeOn(one.id)
      if (strike === undefined || strike.problem !== null || killOn(log, one.id) !== undefined) return []
      return [caseFindings(log, plan, one, strike)]
    })
}

function caseFindings(log: LabLog, plan: Plan<TrySettings>, one: TryCase, strike: Strike): CaseFindings {
  const { settings } = plan
  const { at: from, complete: isWhole } = strike
  // What the end of a run itself ends has noticed nothing.
  const until = isWhole ? strike.until : (log.last('run:ended')?.time ?? strike.until)
  const watched = Math.min(until, from + settings.watchMs)
  const before = { from: from - settings.settleMs / 2, to: from }
  const mendedAt = mendedOf(log, strike)
  const last = strikesNeither(one.fault)
    ? { from: mendedAt, to: mendedAt + LAST_MOMENTS_MS }
    : { from: Math.max(from, mendedAt - LAST_MOMENTS_MS), to: mendedAt }
  const rows = rowsOf(log, plan, one, {
    ...{ before, during: { from, to: watched } },
    ...{ began: strike.began, mendedAt },
  })
  const counted = rows.filter(({ end, counts }) => end === 'client' && counts)
  const strangers = strangersOf(log, one.id)
  const hosts = hostsOf(one.id, settings)
  const recovery = new Recoveries(log, one.id, settings, { before, from, mendedAt, until })
  const recoveries = Object.fromEntries(
    rows.filter(({ end }) => end === 'client').map((row) => [row.name, recovery.of(row)]),
  )
  const ofCounted = counted.flatMap(({ name }) => recoveries[name] ?? [])
  const missing = ofCounted.find(({ afterMs }) => afterMs === null)
  const recoveredAfterMs =
    missing === undefined ? Math.max(...ofCounted.map(({ afterMs }) => afterMs ?? 0)) : null
  const deciding = ofCounted.find(({ afterMs }) => afterMs === recoveredAfterMs)
  return {
    id: one.id,
    fault: one.fault,
    struck: one.role,
    verifiedBy: log.all('fault:struck').find(({ data }) => data.pair === one.id)?.data.verifiedBy ?? '',
    struckAfter: struckAfter(log, hosts, patternOf(settings.strikeAfter?.pattern ?? null), from),
    link: measuredLink(log, one.id),
    from,
    isWhole,
    watchedMs: Math.round(watched - from),
    mendedAt,
    until,
    rows,
    recoveries,
    survived: survives(log, one.id, from, until),
    recoveredAfterMs,
    recoveredBy: deciding?.by ?? null,
    retransmission: deciding?.retransmission ?? null,
    notServedBecause: missing?.because ?? null,
    countedFrom: recovery.countedFrom,
    recoveryWatchedMs: Math.round(until - recovery.countedFrom),
    wentOn:
      // The kernel of a frozen program goes on taking what arrives.
      one.fault !== 'freeze' &&
      rows.every(({ noticed }) => noticed === null) &&
      counted.every((row) => recovery.servedIn(row, last).at !== null),
    wasSilent: !hosts.some((host) =>
      sentPayload(
        log,
        host,
        { from: recovery.countedFrom, to: until },
        (group) => group !== undefined && !strangers.has(group),
      ),
    ),
    connectionsOfNobody: connectionsOfNobody(
      log,
      hostOfRole(one.id, 'client'),
      clientNames(settings.clients),
    ),
    packetsMissed: hosts
      .flatMap((host) => log.all('wire:packets_dropped', { host, to: until }))
      .reduce((sum, { data }) => sum + data.packets, 0),
    later: asideOf(log, hostName(one.id, BYSTANDER), LATER, { from, to: until }),
    ask: asideOf(log, hostOfRole(one.id, 'server'), ASK, { from, to: until }),
    unwatched: rows.filter(isUnwatched).map(({ name }) => name),
  }
}

function struckAfter(
  log: LabLog,
  hosts: readonly string[],
  cue: RegExp | null,
  at: number,
): CaseFindings['struckAfter'] {
  // What a server says before there are clients is about its own beginning.
  const [host = ''] = hosts
  const clients = log.first('command:started', { host })
  const said = hosts.flatMap((host) => log.all('command:said', { host, from: clients?.time ?? at, to: at }))
  const [line] = said.filter(({ data }) => cue?.test(data.line)).sort((one, other) => one.time - other.time)
  if (line === undefined) return null
  return { name: line.program, line: line.data.line, afterMs: Math.round(at - line.time) }
}

/** The clients', then those of the servers. */
function hostsOf(caseId: string, settings: TrySettings): string[] {
  const ends = [hostOfRole(caseId, 'client'), hostOfRole(caseId, 'server')]
  return hasSecond(settings) ? [...ends, hostName(caseId, BYSTANDER)] : ends
}

/** Each client, and the servers. Of the clients those count that can notice something. */
function rowsOf(log: LabLog, plan: Plan<TrySettings>, one: TryCase, phases: Phases): RowFindings[] {
  const names = clientNames(plan.settings.clients)
  const clients = names.map((name) =>
    rowFindings(log, plan, one, { name, place: 'a', owned: ownedBy(log, one.id, name, names) }, phases),
  )
  const strangers = strangersOf(log, one.id)
  const all = { hasAny: true, owns: (group: string | undefined) => !strangers.has(group) }
  const server = rowFindings(log, plan, one, { name: SERVER, place: 'b', owned: all }, phases)
  const second = { name: SECOND, place: BYSTANDER, owned: all } as const
  return [
    ...thatCount(clients),
    { ...server, counts: true },
    ...(hasSecond(plan.settings) ? [rowFindings(log, plan, one, second, phases)] : []),
  ]
}

/**
 * Who held a connection when the fault struck, or had said that it is ready. Where nobody did, as with short
 * connections, who had talked; with datagrams, who was there.
 */
function thatCount(clients: readonly RowFindings[]): RowFindings[] {
  const wide = [
    ({ counts }: RowFindings) => counts,
    ({ hasTalked, endedBefore }: RowFindings) => hasTalked && endedBefore === null,
    ({ endedBefore }: RowFindings) => endedBefore === null,
    () => true,
  ]
  const rule = wide.find((counts) => clients.some(counts)) ?? (() => true)
  return clients.map((client) => ({ ...client, counts: rule(client) }))
}

/** From then on nothing is wrong any more. What cannot be undone (a reset) is over when it was seen to have happened. */
function mendedOf(log: LabLog, { pair, other, at, until }: Strike): number {
  const isOfStrike = ({ time }: LabEvent) => time >= at && time <= until
  const again = log
    .all('truth:updated', { host: other })
    .filter(isOfStrike)
    .find(({ data }) => data.new === 'answering')
  const [undone, struck] = (['fault:undone', 'fault:struck'] as const).map((name) =>
    log
      .all(name)
      .filter(isOfStrike)
      .find(({ data }) => data.pair === pair),
  )
  return (again ?? undone ?? struck)?.time ?? at
}

/** A ghost that it believes in to the end, on a connection where neither its program nor its kernel ever asks. */
function isUnwatched({ connections, hasGhost, noticed }: RowFindings): boolean {
  if (!hasGhost || noticed !== null) return false
  return connections.some(({ options, timer, wrote }) => {
    const asks = options === null ? timer === 'keepalive' : options.keepalive || options.userTimeoutMs > 0
    return !wrote.before && !wrote.during && !asks
  })
}

// ---- both ends ----------------------------------------------------------------------------------

function survives(log: LabLog, caseId: string, from: number, to: number): boolean {
  return roles.every((role) => {
    const host = hostOfRole(caseId, role)
    const left = new Set(openAt(log, host, to).map(({ group_id }) => group_id))
    return (
      openAt(log, host, from).every(({ group_id }) => left.has(group_id)) &&
      !log.all('command:ended', { host, from, to }).some(({ program }) => program !== ASK)
    )
  })
}
