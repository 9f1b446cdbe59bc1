/** The rows of a try: the server, and each client command by itself; and whose connection is whose. */
import type { EventOf } from '../events/vocabulary.ts'
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
 * that is too short to be seen is nobody's; and who was never seen to hold any is served, if at all, by others.
 */
export function ownedBy(log: LabLog, host: string, name: string, clients: readonly string[]): Owned {
  if (clients.length === 1) {
    return { hasAny: log.first('kernel:socket_updated', { host }) !== undefined, owns: () => true }
  }
  const own = new Set(
    log
      .all('command:holds', { host })
      .filter(({ program }) => program === name)
      .map(({ group_id }: EventOf<'command:holds'>) => group_id),
  )
  return { hasAny: own.size > 0, owns: (group) => own.size === 0 || own.has(group) }
}
