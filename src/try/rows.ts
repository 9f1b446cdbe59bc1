/** The rows of a try: the server, and each client command by itself; and whose connection is whose. */
import type { LabEvent } from '../events/vocabulary.ts'
import type { LabLog } from '../lab/log.ts'

export const SERVER = 'server'

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

/**
 * Each connection belongs to the client that was seen to hold it. Where there is but one client, all are its own. One
 * that is too short to be seen is nobody's; and who was never seen to hold any is served, if at all, by those.
 */
export function ownedBy(log: LabLog, host: string, name: string, clients: readonly string[]): Owned {
  const used = groupsOf([
    ...log.all('kernel:socket_updated', { host }),
    // Datagrams are in no table of connections.
    ...log.all('packet:captured', { host }),
  ])
  used.delete(undefined)
  if (clients.length === 1) return { hasAny: used.size > 0, owns: () => true }
  const holds = log.all('command:holds', { host }).filter(({ group_id }) => used.has(group_id))
  const own = groupsOf(holds.filter(({ program }) => program === name))
  const held = groupsOf(holds)
  return { hasAny: own.size > 0, owns: (group) => (own.size === 0 ? !held.has(group) : own.has(group)) }
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
