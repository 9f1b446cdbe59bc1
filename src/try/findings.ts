/** What a try found, fault by fault, from its log. Pure. */
import { hostOfRole, type Role, roles } from '../events/host-names.ts'
import { addressOf, type EventData, type EventOf, type LabEvent, type Trigger } from '../events/vocabulary.ts'
import { killOn } from '../lab/kills.ts'
import type { LabLog, Strike } from '../lab/log.ts'
import { mechanismOf } from '../lab/log.ts'
import type { Plan } from '../plan/plan.ts'
import { causeOfEnd } from './ends.ts'
import { allCases, type TryCase } from './faults.ts'
import type { TrySettings } from './request.ts'

/** One end of one connection. */
export interface ConnectionFindings {
  group: string
  local: string
  remote: string
  /** null: they could not be read. */
  options: Pick<
    EventData<'kernel:options_read'>,
    'keepalive' | 'keepaliveIdleMs' | 'keepaliveIntervalMs' | 'keepaliveProbes' | 'userTimeoutMs'
  > | null
  /** As the kernel's table had it before the fault. */
  timer: string
  /** While the fault lasted its program wrote nothing. */
  wasIdle: boolean
  /** When its kernel had it ESTABLISHED no more; null: never, as far as it was watched. */
  kernelEnd: { afterMs: number; state: string; cause: Trigger } | null
}

/** One end of the conversation. */
export interface EndFindings {
  end: Role
  host: string
  connections: ConnectionFindings[]
  /** It believes in none of the connections any more that it had when the fault struck. */
  noticed: { afterMs: number; by: Trigger; evidence: string } | null
  /** Its peer was for the whole watch not what it had been: to go on believing is to believe in a ghost. */
  hasGhost: boolean
  /** The first of its programs to print what `--down` says. */
  saidAfterMs: number | null
  /** The first of its programs to end. */
  exit: { program: string; afterMs: number; code: number | null; signal: string | null } | null
}

export interface CaseFindings {
  id: string
  fault: TryCase['fault']
  struck: Role
  /** What showed that it happened. */
  verifiedBy: string
  /** From the moment it became true. */
  from: number
  /** So long the fault was watched, for whoever notices. */
  watchedMs: number
  /** When it was undone, or what it had ended came back. */
  mendedAt: number
  until: number
  ends: Record<Role, EndFindings>
  /** The connections of before are there afterwards, at both ends. */
  survived: boolean
  /** Payload has arrived again so long after the mending, each way it went before; null: never. */
  recoveredAfterMs: number | null
  recoveryWatchedMs: number
  /** Neither end said anything after the mending: that no payload arrived proves nothing. */
  wasSilent: boolean
  /** Packets that passed and were not captured: payload may have been among them. */
  packetsMissed: number
  /** The ends whose idle connections nobody watches: their kernels would believe in them for ever. */
  unwatched: Role[]
}

/** What was found of each fault that was seen to happen, to its end. */
export function findingsOf(log: LabLog, plan: Plan<TrySettings>): CaseFindings[] {
  return allCases
    .filter(({ id }) => plan.cases.includes(id))
    .flatMap((one) => {
      const strike = log.strikeOn(one.id)
      const isWhole = strike?.complete && strike.problem === null && killOn(log, one.id) === undefined
      return isWhole ? [caseFindings(log, plan, one, strike)] : []
    })
}

function caseFindings(log: LabLog, plan: Plan<TrySettings>, one: TryCase, strike: Strike): CaseFindings {
  const { settings } = plan
  const { at: from, until } = strike
  const watched = Math.min(until, from + settings.watchMs)
  const end = (role: Role) => endFindings(log, settings, one, role, { from, to: watched })
  const ends = { client: end('client'), server: end('server') }
  const mendedAt = mendedOf(log, strike)
  const before = { from: from - settings.settleMs / 2, to: from }
  const recoveredAt = heardAgain(log, one.id, before, { from: mendedAt, to: until })
  return {
    id: one.id,
    fault: one.fault,
    struck: one.role,
    verifiedBy: log.all('fault:struck').find(({ data }) => data.pair === one.id)?.data.verifiedBy ?? '',
    from,
    watchedMs: Math.round(watched - from),
    mendedAt,
    until,
    ends,
    survived: survives(log, settings, one.id, from, until),
    recoveredAfterMs: recoveredAt === null ? null : Math.max(0, Math.round(recoveredAt - mendedAt)),
    recoveryWatchedMs: Math.round(until - mendedAt),
    wasSilent: !roles.some((role) => payload(log, one.id, role, 'sent', { from: mendedAt, to: until })),
    packetsMissed: roles
      .flatMap((role) => log.all('wire:packets_dropped', { host: hostOfRole(one.id, role), to: until }))
      .reduce((sum, { data }) => sum + data.packets, 0),
    unwatched: roles.filter((role) => isUnwatched(ends[role], one.role === role)),
  }
}

/** From then on nothing is wrong any more. What cannot be undone (a reset) is over when it has happened. */
function mendedOf(log: LabLog, { pair, other, at, until }: Strike): number {
  const isOfStrike = ({ time }: LabEvent) => time >= at && time <= until
  const again = log
    .all('truth:updated', { host: other })
    .filter(isOfStrike)
    .find(({ data }) => data.new === 'answering')
  const undone = log
    .all('fault:undone')
    .filter(isOfStrike)
    .find(({ data }) => data.pair === pair)
  return again?.time ?? undone?.time ?? at
}

// ---- one end ------------------------------------------------------------------------------------

function endFindings(
  log: LabLog,
  { down }: TrySettings,
  { id: caseId, fault }: TryCase,
  end: Role,
  { from, to }: Time,
): EndFindings {
  const host = hostOfRole(caseId, end)
  const since = (event: LabEvent) => Math.max(0, Math.round(event.time - from))
  const connections = openAt(log, host, from).map((before) => connectionFindings(log, host, before, from, to))
  const said = down === null ? undefined : saysDown(log, host, down, from, to)
  const ended = log.first('command:ended', { host, from, to })
  return {
    end,
    host,
    connections,
    noticed: noticedOf(log, host, connections, said ?? ended, from, to),
    hasGhost: fault !== 'blip' && log.first('truth:updated', { host, from, to }) !== undefined,
    saidAfterMs: said === undefined ? null : since(said),
    exit:
      ended === undefined
        ? null
        : { program: ended.program, afterMs: since(ended), code: ended.data.code, signal: ended.data.signal },
  }
}

function saysDown(log: LabLog, host: string, down: string, from: number, to: number) {
  const pattern = new RegExp(down)
  return log.all('command:said', { host, from, to }).find(({ data }) => pattern.test(data.line))
}

/** Each connection that a kernel had ESTABLISHED at a moment: the newest line of its table before that. */
function openAt(log: LabLog, host: string, time: number): EventOf<'kernel:socket_updated'>[] {
  const newest = new Map(
    log.all('kernel:socket_updated', { host, to: time }).map((one) => [one.group_id, one]),
  )
  return [...newest.values()].filter(({ data }) => data.new?.state === 'ESTABLISHED')
}

function connectionFindings(
  log: LabLog,
  host: string,
  before: EventOf<'kernel:socket_updated'>,
  from: number,
  to: number,
): ConnectionFindings {
  const group = before.group_id ?? ''
  const isOurs = (event: LabEvent) => event.group_id === group
  const end = log
    .all('kernel:socket_updated', { host, from, to })
    .find((event) => isOurs(event) && event.data.new?.state !== 'ESTABLISHED')
  const options = log.all('kernel:options_read', { host, to: from }).findLast(isOurs)?.data ?? null
  const old = end?.data.old ?? null
  return {
    group,
    local: before.data.local,
    remote: before.data.remote,
    options: options && {
      keepalive: options.keepalive,
      keepaliveIdleMs: options.keepaliveIdleMs,
      keepaliveIntervalMs: options.keepaliveIntervalMs,
      keepaliveProbes: options.keepaliveProbes,
      userTimeoutMs: options.userTimeoutMs,
    },
    timer: before.data.new?.timer ?? 'none',
    wasIdle: !log
      .all('packet:captured', { host, from, to })
      .some((event) => isOurs(event) && event.data.direction === 'sent' && isPayload(event)),
    kernelEnd:
      end === undefined || old === null
        ? null
        : {
            afterMs: Math.max(0, Math.round(end.time - from)),
            state: end.data.new?.state ?? 'CLOSED',
            cause: causeOfEnd(old, end.data.new),
          },
  }
}

/**
 * When an end has given up the last connection that it had. Datagrams have none: then what its program said, or
 * its end, is all there is.
 */
function noticedOf(
  log: LabLog,
  host: string,
  connections: readonly ConnectionFindings[],
  said: EventOf<'command:said'> | EventOf<'command:ended'> | undefined,
  from: number,
  to: number,
): EndFindings['noticed'] {
  const after = (event: LabEvent) => Math.max(0, Math.round(event.time - from))
  if (connections.length === 0) {
    if (said === undefined) return null
    const by = said.name === 'command:said' ? 'program_said' : 'program_ended'
    return { afterMs: after(said), by, evidence: addressOf(said) }
  }
  const changes = log.all('belief:updated', { host, from, to })
  const ends = connections.map(({ group }) =>
    changes.find(({ group_id, data }) => group_id === group && data.new === 'down'),
  )
  const last = ends.reduce((latest, one) => {
    if (latest === undefined || one === undefined) return undefined
    return one.time > latest.time ? one : latest
  })
  return last === undefined
    ? null
    : { afterMs: after(last), by: last.data.trigger, evidence: addressOf(last) }
}

/** Neither keepalive nor a user timeout on a connection on which nothing was written; unless it was to end. */
function isUnwatched({ connections, exit }: EndFindings, isStruck: boolean): boolean {
  if (isStruck && exit !== null) return false
  return connections.some(({ options, timer, wasIdle }) => {
    const asks = options === null ? timer === 'keepalive' : options.keepalive || options.userTimeoutMs > 0
    return wasIdle && !asks
  })
}

// ---- both ends ----------------------------------------------------------------------------------

function survives(log: LabLog, { down }: TrySettings, caseId: string, from: number, to: number): boolean {
  return (['client', 'server'] as const).every((role) => {
    const host = hostOfRole(caseId, role)
    const isOpen = (group: string | undefined, time: number) =>
      openAt(log, host, time).some(({ group_id }) => group_id === group)
    return (
      openAt(log, host, from).every(({ group_id }) => isOpen(group_id, to)) &&
      log.first('command:ended', { host, from, to }) === undefined &&
      (down === null || saysDown(log, host, down, from, to) === undefined)
    )
  })
}

interface Time {
  from: number
  to: number
}

/**
 * The first moment by which payload has arrived again, at each end that it reached before: a download flows one
 * way. Where nothing flowed, at both ends.
 */
function heardAgain(log: LabLog, caseId: string, before: Time, after: Time): number | null {
  const first = (role: Role, time: Time) => payload(log, caseId, role, 'received', time)
  const reached = roles.filter((role) => first(role, before) !== undefined)
  const arrivals = (reached.length === 0 ? roles : reached).map((role) => first(role, after)?.time ?? null)
  return arrivals.includes(null) ? null : Math.max(...arrivals.map(Number))
}

/** The first packet of a time that took bytes of a program to an end, or from it. */
function payload(log: LabLog, caseId: string, role: Role, direction: 'sent' | 'received', time: Time) {
  return log
    .all('packet:captured', { host: hostOfRole(caseId, role), ...time })
    .find(
      (event) => event.data.direction === direction && mechanismOf(event) !== undefined && isPayload(event),
    )
}

/** Bytes of a program, be it for the second time. */
function isPayload({ data }: EventOf<'packet:captured'>): boolean {
  return ['data', 'retransmission', 'datagram'].includes(data.kind) && data.bytes > 0
}
