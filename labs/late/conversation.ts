/** What the log says of one conversation under a late answer: both ends, the wire, and what held the answer back. */
import { hostName } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Policy } from './conditions.ts'

export type PacketEvent = EventOf<'packet:captured'>
export type BeliefEvent = EventOf<'belief:updated'>

/** null: the run did not come so far, or has no such events. */
export interface Conversation {
  caseId: string
  policy: Policy
  client: string
  server: string
  /** The group of its first connection, and of the one that the client made anew. */
  groupId: string
  anewId: string | null
  /** From here answers are held back... */
  from: number
  /** ... until here. */
  to: number
  /** The end of the case. */
  end: number
  /** The client's, on its first connection, from `from` on; and the server's, on any. */
  beliefs: BeliefEvent[]
  serverBeliefs: BeliefEvent[]
  /** Whether packets are captured: without, silence on the wire proves nothing. */
  captured: boolean
}

export function conversationOf(log: LabLog, caseId: string, policy: Policy): Conversation | null {
  const watch = log.watchOf(caseId)
  const held = heldBack(log, caseId)
  if (watch === undefined || held === null) return null
  const [client, server] = [hostName(caseId, 'a'), hostName(caseId, 'b')]
  const connected = log.all('tcp:connected', { host: client, mechanism: policy, to: watch.to })
  const groupId = connected[0]?.group_id
  if (groupId === undefined) return null
  const since = { from: held.from, to: watch.to }
  return {
    caseId,
    policy,
    client,
    server,
    groupId,
    anewId: connected[1]?.group_id ?? null,
    ...held,
    end: watch.to,
    beliefs: log
      .all('belief:updated', { host: client, mechanism: policy, ...since })
      .filter((event) => event.group_id === groupId),
    serverBeliefs: log.all('belief:updated', { host: server, mechanism: policy, ...since }),
    captured: log.first('wire:capture_started', { host: client }) !== undefined,
  }
}

/** By the word of whoever held answers back: the cable, a relay, or (a frozen program) the truth that the lab knows. */
function heldBack(log: LabLog, caseId: string): { from: number; to: number } | null {
  const told = log.all('cable:told').filter(({ data }) => data.cable === caseId && data.direction === 'bToA')
  const relayed = log.all('relay:mode_set', { host: hostName(caseId, 'b') })
  const truths = log.all('truth:updated', { host: hostName(caseId, 'a') })
  const from =
    told.find(({ data }) => data.rule === 'hold') ??
    relayed.find(({ data }) => data.mode === 'hold') ??
    truths.find(({ data }) => data.new === 'frozen')
  const to =
    told.find(({ data }) => data.rule === 'release') ??
    relayed.find(({ data }) => data.mode === 'pass') ??
    truths.find(({ data, time }) => data.new === 'answering' && time > (from?.time ?? 0))
  return from === undefined || to === undefined ? null : { from: from.time, to: to.time }
}

/** Packets of a host in a time, of one connection where a group is given. */
export function packetsOf(
  log: LabLog,
  host: string,
  direction: 'sent' | 'received',
  { policy, end }: Conversation,
  { groupId, from, to = end }: { groupId?: string | undefined; from: number; to?: number },
): PacketEvent[] {
  return log
    .all('packet:captured', { host, mechanism: policy, from, to })
    .filter(
      (event) => event.data.direction === direction && (groupId === undefined || event.group_id === groupId),
    )
}

export const isSyn = ({ data }: PacketEvent) => data.flags === 'SYN'

/**
 * When this end heard its peer last before it changed its mind, and for how long its own process did not run since:
 * a detector takes that for no silence (src/protocols/heartbeat/README.md).
 */
export function lastHeard(
  log: LabLog,
  host: string,
  groupId: string,
  before: number,
): { time: number; pausedMs: number } | null {
  const heard = log.events.findLast(
    (event) =>
      event.host === host &&
      event.group_id === groupId &&
      event.time <= before &&
      (event.name === 'heartbeat:ping_received' ||
        event.name === 'heartbeat:pong_received' ||
        event.name === 'tcp:connected'),
  )
  if (heard === undefined) return null
  const pausedMs = log
    .all('detector:paused', { host, from: heard.time, to: before })
    .reduce((sum, { data }) => sum + data.pausedMs, 0)
  return { time: heard.time, pausedMs }
}

/** The states of one connection that a kernel's table showed, oldest first, from what it showed at `from`. */
export function statesSeen(log: LabLog, host: string, groupId: string, from: number, to: number): string[] {
  const entries = log.all('kernel:socket_updated', { host, to }).filter((event) => event.group_id === groupId)
  const before = entries.findLast(({ time }) => time <= from)
  const within = entries.filter(({ time }) => time > from)
  const states = [before, ...within].flatMap((event) =>
    event === undefined ? [] : [event.data.new?.state ?? 'no entry'],
  )
  return states.filter((state, index) => state !== states[index - 1])
}
