/** What a try found, fault by fault, from its log. Pure. */
import { hostOfRole, type Role, roles } from '../events/host-names.ts'
import { addressOf, type EventOf, type LabEvent, type Trigger } from '../events/vocabulary.ts'
import { cellOf, type End } from '../lab/cell.ts'
import { killOn } from '../lab/kills.ts'
import { type LabLog, mechanismOf, type Period, type Strike } from '../lab/log.ts'
import { cellId, type Plan } from '../plan/plan.ts'
import { causeOfEnd, type Patience } from './cause.ts'
import { allCases, type TryCase } from './faults.ts'
import { isPayload, recoveryOf } from './recovery.ts'
import type { TrySettings } from './request.ts'

/** Who speaks as often as this speaks while a fault lasts, if it lets them. */
const LAST_MOMENTS_MS = 1000

/** One end of one connection. */
export interface ConnectionFindings {
  group: string
  local: string
  remote: string
  /** null: they could not be read. */
  options: Patience | null
  /** As the kernel's table had it before the fault. */
  timer: string
  /** Its program wrote: right before the fault, and while it lasted. */
  wrote: { before: boolean; during: boolean }
  /** When its kernel had it ESTABLISHED no more; null: never, as far as it was watched. */
  kernelEnd: { afterMs: number; state: string; cause: Trigger; evidence: string } | null
}

/** A first sign that an end has noticed. */
export interface Noticed {
  afterMs: number
  by: Trigger
  evidence: string
}

/** One end of the conversation. */
export interface EndFindings {
  end: Role
  host: string
  connections: ConnectionFindings[]
  /** The first of what follows: of its connections, its words, its end. */
  noticed: Noticed | null
  /** Of the connections that it had when the fault struck so many were left when the watch was over. */
  connectionsLeft: number
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
  /** Somebody was served again so long after the mending; null: never. */
  recoveredAfterMs: number | null
  /** Why not, where that may be no surprise to the wire: data arrived, and nobody was served. */
  notServedBecause: string | null
  recoveryWatchedMs: number
  /** Data still arrived when the fault was undone, each way it went before: nobody had to come back. */
  wentOn: boolean
  /** Neither end sent any data after the mending: that none arrived proves nothing. */
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
  const before = { from: from - settings.settleMs / 2, to: from }
  const end = (role: Role) => endFindings(log, plan, one, role, { before, during: { from, to: watched } })
  const ends = { client: end('client'), server: end('server') }
  const mendedAt = mendedOf(log, strike)
  const after = { from: mendedAt, to: until }
  const words = { up: patternOf(settings.up), down: patternOf(settings.down) }
  const served = { pair: one.id, before, ...words }
  const recovery = recoveryOf(log, { ...served, after })
  const last = { from: Math.max(from, mendedAt - LAST_MOMENTS_MS), to: mendedAt }
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
    survived: survives(log, one.id, from, until),
    recoveredAfterMs: recovery.at === null ? null : Math.max(0, Math.round(recovery.at - mendedAt)),
    notServedBecause: recovery.because,
    recoveryWatchedMs: Math.round(until - mendedAt),
    wentOn:
      // The kernel of a frozen program goes on taking what arrives.
      one.fault !== 'freeze' &&
      roles.every((role) => ends[role].noticed === null) &&
      recoveryOf(log, { ...served, after: last }).at !== null,
    wasSilent: !roles.some((role) => sentPayload(log, hostOfRole(one.id, role), after)),
    packetsMissed: roles
      .flatMap((role) => log.all('wire:packets_dropped', { host: hostOfRole(one.id, role), to: until }))
      .reduce((sum, { data }) => sum + data.packets, 0),
    unwatched: roles.filter((role) => isUnwatched(ends[role])),
  }
}

function patternOf(text: string | null): RegExp | null {
  return text === null ? null : new RegExp(text)
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

/** Right before the fault, and while it lasted. */
interface Phases {
  before: Period
  during: Period
}

function endFindings(
  log: LabLog,
  plan: Plan<TrySettings>,
  { id: caseId, fault }: TryCase,
  end: Role,
  phases: Phases,
): EndFindings {
  const host = hostOfRole(caseId, end)
  const { from } = phases.during
  const since = (event: LabEvent) => Math.max(0, Math.round(event.time - from))
  const cell = cellOf(log, plan, cellId(caseId, plan.settings.name))
  const connections = openAt(log, host, from).map((before) =>
    connectionFindings(log, cell?.at(end === 'client' ? 'a' : 'b'), before, phases),
  )
  const down = patternOf(plan.settings.down)
  const said = log
    .all('command:said', { host, ...phases.during })
    .find(({ data }) => down?.test(data.line) === true)
  const ended = log.first('command:ended', { host, ...phases.during })
  const signs: Noticed[] = [
    ...connections.flatMap(({ kernelEnd }) =>
      kernelEnd === null
        ? []
        : [{ afterMs: kernelEnd.afterMs, by: kernelEnd.cause, evidence: kernelEnd.evidence }],
    ),
    ...(said === undefined
      ? []
      : [{ afterMs: since(said), by: 'program_said' as const, evidence: addressOf(said) }]),
    ...(ended === undefined
      ? []
      : [{ afterMs: since(ended), by: 'program_ended' as const, evidence: addressOf(ended) }]),
  ]
  return {
    end,
    host,
    connections,
    noticed: signs.sort((one, other) => one.afterMs - other.afterMs)[0] ?? null,
    connectionsLeft: connections.filter(({ kernelEnd }) => kernelEnd === null).length,
    hasGhost: fault !== 'blip' && log.first('truth:updated', { host, ...phases.during }) !== undefined,
    saidAfterMs: said === undefined ? null : since(said),
    exit:
      ended === undefined
        ? null
        : { program: ended.program, afterMs: since(ended), code: ended.data.code, signal: ended.data.signal },
  }
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
  end: End | undefined,
  opened: EventOf<'kernel:socket_updated'>,
  { before, during }: Phases,
): ConnectionFindings {
  const { host, group_id: group = '' } = opened
  const isOurs = (event: LabEvent) => event.group_id === group
  const gone = log
    .all('kernel:socket_updated', { host, ...during })
    .find((event) => isOurs(event) && event.data.new?.state !== 'ESTABLISHED')
  const read = log.all('kernel:options_read', { host, to: during.from }).findLast(isOurs)?.data
  const options = read === undefined ? null : patienceOf(read)
  const wroteIn = (time: Period) => sentPayload(log, host, time, group)
  return {
    group,
    local: opened.data.local,
    remote: opened.data.remote,
    options,
    timer: opened.data.new?.timer ?? 'none',
    wrote: { before: wroteIn(before), during: wroteIn(during) },
    kernelEnd: gone === undefined ? null : kernelEndOf(gone, end?.of(group), options, during.from),
  }
}

function patienceOf(read: Patience): Patience {
  const { keepalive, keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes, userTimeoutMs } = read
  return { keepalive, keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes, userTimeoutMs }
}

function kernelEndOf(
  gone: EventOf<'kernel:socket_updated'>,
  end: End | undefined,
  options: Patience | null,
  from: number,
): ConnectionFindings['kernelEnd'] {
  const { old, new: now } = gone.data
  if (old === null) return null
  const { by, evidence } = causeOfEnd({
    before: old,
    now,
    at: gone.time,
    packets: end?.packets({ to: gone.time }) ?? null,
    options,
    retries2: end?.sysctl('tcp_retries2') ?? Number.NaN,
  })
  return {
    afterMs: Math.max(0, Math.round(gone.time - from)),
    state: now?.state ?? 'CLOSED',
    cause: by,
    evidence: evidence ?? addressOf(gone),
  }
}

/** A ghost that it believes in to the end, on a connection where neither its program nor its kernel ever asks. */
function isUnwatched({ connections, hasGhost, noticed }: EndFindings): boolean {
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
      log.first('command:ended', { host, from, to }) === undefined
    )
  })
}

/** Whether bytes of a program left a host, on one connection or on any. */
function sentPayload(log: LabLog, host: string, time: Period, group?: string): boolean {
  return log
    .all('packet:captured', { host, ...time })
    .some(
      (event) =>
        event.data.direction === 'sent' &&
        (group === undefined ? mechanismOf(event) !== undefined : event.group_id === group) &&
        isPayload(event),
    )
}
