/** The rows of a try: the server, and each client command by itself; and whose connection is whose. */
import { BYSTANDER, hostName, hostOfRole } from '../events/host-names.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import type { LabLog } from '../lab/log.ts'
import { withoutPort } from '../wire/ip.ts'

export const SERVER = 'server'
/** Where there are two: on the third host, and struck by no fault. */
export const SECOND = 'server2'

export function hasSecond({ secondServer }: { secondServer?: string | null }): boolean {
  return secondServer != null
}

export function isServer(name: string): boolean {
  return name === SERVER || name === SECOND
}

/** What the two commands beside them are called: one that comes later, one that is asked in the end. */
export const LATER = 'later'
export const ASK = 'ask'

/** `client`, `client2`, `client3`: as its events are logged and rules name it. */
export function clientName(index: number): string {
  return index === 0 ? 'client' : `client${index + 1}`
}

export function clientNames(clients: readonly unknown[]): string[] {
  return clients.map((_, index) => clientName(index))
}

/** Which connections of the clients' host are one client's. */
export interface Owned {
  /** It was seen to hold one, ever. */
  hasAny: boolean
  owns(group: string | undefined): boolean
}

/** The server's connections with the third host are no client's, but for those that a balancer there passes on. */
export function strangersOf(log: LabLog, pair: string): ReadonlySet<string | undefined> {
  const third = log.first('host:started', { host: hostName(pair, BYSTANDER) })?.data
  if (third === undefined) return new Set()
  const addresses = [third.address, ...(third.address6 === undefined ? [] : [`[${third.address6}]`])]
  const isTheirs = (end: string) => addresses.includes(withoutPort(end))
  const strange = groupsOf(
    log
      .all('packet:captured', { host: hostOfRole(pair, 'server') })
      .filter(({ data }) => isTheirs(data.source) || isTheirs(data.destination)),
  )
  const passedOn = log.all('relay:opened', { host: hostName(pair, BYSTANDER) })
  for (const { group_id } of passedOn) strange.delete(group_id)
  return strange
}

/**
 * Each connection belongs to the client that was seen to hold it. Where there is but one client, all are its own. One
 * that is too short to be seen is nobody's; and who was never seen to hold any is served, if at all, by those.
 */
export function ownedBy(log: LabLog, pair: string, name: string, clients: readonly string[]): Owned {
  const host = hostOfRole(pair, 'client')
  const strangers = strangersOf(log, pair)
  const used = groupsOf([
    ...log.all('kernel:socket_updated', { host }),
    // Datagrams are in no table of connections.
    ...log.all('packet:captured', { host }),
  ])
  used.delete(undefined)
  if (clients.length === 1) return { hasAny: used.size > 0, owns: (group) => !strangers.has(group) }
  const holds = log.all('command:holds', { host }).filter(({ group_id }) => used.has(group_id))
  const own = groupsOf(holds.filter(({ program }) => program === name))
  const held = groupsOf(holds)
  const isFree = (group: string | undefined) => !held.has(group) && !strangers.has(group)
  return { hasAny: own.size > 0, owns: (group) => (own.size === 0 ? isFree(group) : own.has(group)) }
}

/** How many connections of several clients were made, and none of them was seen to hold. */
export function connectionsOfNobody(log: LabLog, host: string, clients: readonly string[]): number {
  if (clients.length === 1) return 0
  const held = groupsOf(log.all('command:holds', { host }))
  const made = groupsOf(
    log
      .all('packet:captured', { host })
      .filter(({ data }) => data.kind === 'syn-ack' && data.direction === 'received'),
  )
  made.delete(undefined)
  return [...made].filter((group) => !held.has(group)).length
}

function groupsOf(events: readonly LabEvent[]): Set<string | undefined> {
  return new Set(events.map(({ group_id }) => group_id))
}
