/** What one row of a try shows of one fault: the server, or one of the clients. Pure. */
import { type HostPlace, hostName, type Role } from '../events/host-names.ts'
import { addressOf, type EventOf, type LabEvent, type Trigger } from '../events/vocabulary.ts'
import { LINES_LOGGED_MAX } from '../hosts/host-command.ts'
import { Cell, cellOf, type End } from '../lab/cell.ts'
import { type LabLog, mechanismOf, type Period } from '../lab/log.ts'
import { cellId, type Plan } from '../plan/plan.ts'
import { causeOfEnd, type Patience } from './cause.ts'
import { ENDS_THE_STRUCK, lastsMs, type TryCase } from './faults.ts'
import type { Level } from './grammar.ts'
import { type Heartbeat, heartbeatsOf, watchedBeforeMs } from './heartbeat.ts'
import { type IcmpErrors, icmpErrorsAt } from './icmp.ts'
import { isPayload } from './recovery.ts'
import type { TrySettings } from './request.ts'
import type { Owned } from './rows.ts'
import { patternOf } from './settings.ts'

/** Fewer lines have no rhythm. */
const RHYTHM_LINES = 3
/** Who is silent for so long, and for so many times its rhythm, has fallen silent. */
const SILENT_MS = 1500
const SILENT_TIMES = 3

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

/** One row. */
export interface RowFindings {
  /** `server`, `client`, `client2` */
  name: string
  end: Role
  host: string
  connections: ConnectionFindings[]
  /** Of the connections that it had when the fault struck so many were left when the watch was over. */
  connectionsLeft: number
  /** By each level: a connection was over, the program said so (`--down`), the program ended. */
  signs: Record<Level, Noticed | null>
  /** The first of them. */
  noticed: Noticed | null
  /** What it printed, where it said so. */
  said: string | null
  /** It printed so often before the fault, and since it struck, or later, nothing for so long; null: no such thing. */
  silence: { everyMs: number; forMs: number } | null
  /** It had sent or received datagrams before the fault: of them no kernel keeps a connection. */
  hasDatagrams: boolean
  /** What its connections send, or are sent, in a rhythm of their own. */
  heartbeats: Heartbeat[]
  /** For how long they had been watched for that when the fault struck; null: it had none, or packets are missing. */
  watchedBeforeMs: number | null
  /** What came back to its host while the fault was watched, whether or not a program was told; null: nothing. */
  icmpErrors: IcmpErrors | null
  /** Its program ended while the fault lasted. */
  exit: Exit | null
  /** It had ended when the fault struck, and held no connection any more. */
  endedBefore: Exit | null
  /** It was seen to talk before the fault: by a connection, or by what `--ready` says. */
  hasTalked: boolean
  /** A rule about all of its end is about it. */
  counts: boolean
  /** Its peer was for the whole watch not what it had been: to go on believing is to believe in a ghost. */
  hasGhost: boolean
}

/** How a program ended. */
interface Exit {
  afterMs: number
  code: number | null
  signal: string | null
}

/** Right before the fault, and while it was watched. */
export interface Phases {
  before: Period
  during: Period
  /** When it may have been in force already. */
  began: number
  /** When it was undone. What cannot be undone is over when it has happened. */
  mendedAt: number
}

export function rowFindings(
  log: LabLog,
  plan: Plan<TrySettings>,
  { id: caseId, fault }: TryCase,
  { name, place, owned }: { name: string; place: HostPlace; owned: Owned },
  phases: Phases,
): RowFindings {
  const host = hostName(caseId, place)
  const end = place === 'a' ? 'client' : 'server'
  const { from, to } = phases.during
  const { down, ready } = plan.settings
  const since = (event: LabEvent) => Math.max(0, Math.round(event.time - from))
  const cell = cellOf(log, plan, cellId(caseId, plan.settings.name))
  const connections = openAt(log, host, from)
    .filter(({ group_id }) => owned.hasAny && owned.owns(group_id))
    .map((before) => connectionFindings(log, cell?.[place], before, phases))
  const isOwn = ({ program }: LabEvent) => program === name
  const said = (text: string | null, time: Partial<Period>) => {
    const pattern = patternOf(text)
    return log
      .all('command:said', { host, ...time })
      .find((event) => isOwn(event) && pattern?.test(event.data.line))
  }
  const saysDown = said(down, phases.during)
  const saidReady = said(ready, { to: from }) !== undefined
  const ended = log.all('command:ended', { host, from, to }).find(isOwn)
  const before = log.all('command:ended', { host, to: from }).find(isOwn)
  const signs = {
    loses: firstLost(connections),
    says: saysDown === undefined ? null : signOfEvent(saysDown, 'program_said', from),
    ends: ended === undefined ? null : signOfEvent(ended, 'program_ended', from),
  }
  const noticed = firstOf(Object.values(signs))
  const hasDatagrams = log
    .all('packet:captured', { host, to: from })
    .some(
      (event) =>
        event.data.kind === 'datagram' && mechanismOf(event) !== undefined && owned.owns(event.group_id),
    )
  const everything = wholeCell(log, plan, caseId, host, to)[place]
  const isHeld = (group: string | undefined) =>
    connections.length > 0 ? connections.some((one) => one.group === group) : owned.owns(group)
  return {
    name,
    end,
    host,
    connections,
    connectionsLeft: connections.filter(({ kernelEnd }) => kernelEnd === null).length,
    signs,
    noticed,
    said: saysDown?.data.line ?? null,
    silence:
      ended === undefined ? silenceOf(log.all('command:said', { host, to }).filter(isOwn), from, to) : null,
    hasDatagrams,
    watchedBeforeMs:
      connections.length > 0 || hasDatagrams ? watchedBeforeMs(everything, isHeld, phases.began) : null,
    heartbeats: heartbeatsOf(everything, owned.owns, beating(fault, phases, noticed)),
    icmpErrors: icmpErrorsAt(log, host, owned.owns, phases.during),
    exit: ended === undefined ? null : { ...ended.data, afterMs: since(ended) },
    endedBefore:
      before === undefined || connections.length > 0
        ? null
        : { ...before.data, afterMs: Math.round(before.time - from) },
    hasTalked: owned.hasAny || saidReady,
    counts: connections.length > 0 || saidReady,
    hasGhost:
      isLasting(fault, plan.settings) && log.first('truth:updated', { host, ...phases.during }) !== undefined,
  }
}

/** When heartbeats are looked for: where nothing goes wrong, all the time. */
function beating(
  fault: TryCase['fault'],
  { began, mendedAt, during: { from, to } }: Phases,
  noticed: Noticed | null,
): { began: number; until: number } {
  if (fault === 'none') return { began: to, until: to }
  return {
    began,
    until: Math.min(noticed === null ? to : from + noticed.afterMs, mendedAt > from ? mendedAt : to),
  }
}

/** Also what went before, since a host's packets are captured. */
function wholeCell(log: LabLog, plan: Plan<TrySettings>, caseId: string, host: string, to: number) {
  const { time: from = to } = log.first('wire:capture_started', { host }) ?? {}
  return new Cell(log, plan, { case: caseId, row: plan.settings.name }, { from, to, complete: true })
}

/** Of a program that spoke regularly, and went on saying nothing to the end of the watch. */
function silenceOf(said: readonly LabEvent[], from: number, to: number): RowFindings['silence'] {
  const before = said.filter(({ time }) => time <= from).map(({ time }) => time)
  const gaps = before.slice(1).map((time, index) => time - (before[index] ?? time))
  const everyMs = gaps.sort((one, other) => one - other)[Math.floor(gaps.length / 2)]
  const forMs = to - (said.at(-1)?.time ?? to)
  if (everyMs === undefined || before.length < RHYTHM_LINES || said.length >= LINES_LOGGED_MAX) return null
  // What a program prints when it starts, all at once, was over before the fault.
  const wentOn = from - (before.at(-1) ?? 0) <= SILENT_TIMES * everyMs
  if (!wentOn || forMs < Math.max(SILENT_MS, SILENT_TIMES * everyMs)) return null
  return { everyMs: Math.round(everyMs), forMs: Math.round(forMs) }
}

/** What was ended stays so for whoever was connected to it, also when it is started again. */
function isLasting(fault: TryCase['fault'], settings: TrySettings): boolean {
  return ENDS_THE_STRUCK.includes(fault) || lastsMs(fault, settings) >= settings.watchMs
}

function firstLost(connections: readonly ConnectionFindings[]): Noticed | null {
  return firstOf(
    connections.map(
      ({ kernelEnd }) =>
        kernelEnd && { afterMs: kernelEnd.afterMs, by: kernelEnd.cause, evidence: kernelEnd.evidence },
    ),
  )
}

/** The first of those that came; null: none did. */
export function firstOf(signs: readonly (Noticed | null)[]): Noticed | null {
  const seen = signs.filter((sign) => sign !== null)
  return seen.sort((one, other) => one.afterMs - other.afterMs)[0] ?? null
}

function signOfEvent(event: LabEvent, by: Trigger, from: number): Noticed {
  return { afterMs: Math.max(0, Math.round(event.time - from)), by, evidence: addressOf(event) }
}

/** Each connection that a kernel had ESTABLISHED at a moment: the newest line of its table before that. */
export function openAt(log: LabLog, host: string, time: number): EventOf<'kernel:socket_updated'>[] {
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
  const wroteIn = (time: Period) => sentPayload(log, host, time, (one) => one === group)
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

/** Whether bytes of a program left a host on a connection that counts. */
export function sentPayload(
  log: LabLog,
  host: string,
  time: Period,
  counts: (group: string | undefined) => boolean,
): boolean {
  return log
    .all('packet:captured', { host, ...time })
    .some((event) => event.data.direction === 'sent' && counts(event.group_id) && isPayload(event))
}
