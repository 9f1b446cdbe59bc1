/** Two telephones, and whoever finds one for the other. */
import type { EventName } from '../../src/events/vocabulary.ts'
import type { Host, Pair } from '../../src/hosts/host.ts'
import { cellId } from '../../src/plan/plan.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SipPhone, SipRegistrar } from '../../src/rig/sockets/sip.ts'
import type { SocketAddress } from '../../src/rig/sockets.ts'
import type { Row, SipSettings } from './conditions.ts'

export const PASSWORDS = { alice: 'wonderland', bob: 'a fisherman' }
type User = keyof typeof PASSWORDS

/** The call is made, and voice has come from the other end, within this; and other things that come at once. */
const SOON_MS = 10_000
const HOUR_SECONDS = 3600
/** So long the two talk, and so long is looked at what goes on. */
export const TALK_MS = 1500

interface How {
  registrar?: SipRegistrar
  /** Left out: between two registrations it says nothing. */
  keepAliveMs?: number
}

/** Opens a telephone of a row on a host. */
export function openPhone(rig: Rig, pair: Pair, side: 'a' | 'b', row: Row, user: User, how: How = {}) {
  const { times, sessionMs } = rig.plan.settings as SipSettings
  const { registrar, keepAliveMs } = how
  return rig.sockets(pair[side]).sip.phone(row, {
    user,
    transport: row === 'tcp' ? 'tcp' : 'udp',
    ...times,
    ...(registrar && {
      registrar: { ...registrar.at, password: PASSWORDS[user], seconds: HOUR_SECONDS },
    }),
    ...(keepAliveMs !== undefined && { keepAliveMs }),
    // Who is called refreshes: so who calls has something to miss.
    ...(row === 'timer' && { session: { intervalMs: sessionMs, refresher: 'uas' as const } }),
  })
}

/** Who finds bob: on a host of its own, where there is one beside the two. */
export function openRegistrar(
  rig: Rig,
  { b, c = b }: Pair,
  row: Row,
  { port, on = c }: { port?: number; on?: Host } = {},
): Promise<SipRegistrar> {
  const { times } = rig.plan.settings as SipSettings
  return rig.sockets(on).sip.registrar(row, {
    ...times,
    passwords: PASSWORDS,
    ...(port !== undefined && { port }),
  })
}

export interface Call {
  row: Row
  /** On a: who calls. */
  alice: SipPhone
  /** On b. */
  bob: SipPhone
}

/** A call from a to b, without anybody between them; resolves when either has heard the other's voice. */
export async function talkDirectly(rig: Rig, pair: Pair, row: Row): Promise<Call> {
  const bob = await openPhone(rig, pair, 'b', row, 'bob')
  const alice = await openPhone(rig, pair, 'a', row, 'alice')
  await alice.call(addressOfBob(bob))
  await heard(rig, pair, row)
  return { row, alice, bob }
}

/** Bob, where he is himself or where somebody knows him. */
export function addressOfBob({ at }: { at: SocketAddress }): string {
  return `sip:bob@${at.address}:${at.port}`
}

/**
 * Until either has heard the other's voice, in the first call or a later one.
 * @returns the ports of the voice, a's first: who knows them can tell whose packets they are
 */
export async function heard(rig: Rig, { a, b }: Pair, row: Row, occurrence = 1): Promise<number[]> {
  const open = (host: Host) =>
    rig.untilEvent(host, 'media:opened', { mechanism: row, occurrence, withinMs: SOON_MS })
  const [atA, atB] = await Promise.all([open(a), open(b)])
  const { reportsPort } = atB.data
  await rig.speaksAt(b, reportsPort - 1, row)
  await rig.speaksAt(b, reportsPort, row)
  await Promise.all([a, b].map((host) => until(rig, host, 'media:heard', row, { occurrence })))
  return [atA, atB].map(({ data }) => data.reportsPort - 1)
}

/** Until something has come that may take so long beyond what comes at once; that it has not is for the judgement. */
export function until(
  rig: Rig,
  host: Host,
  name: EventName,
  mechanism: Row,
  { occurrence = 1, takesMs = 0 }: { occurrence?: number; takesMs?: number } = {},
): Promise<boolean> {
  return rig.came(rig.untilEvent(host, name, { mechanism, occurrence, withinMs: SOON_MS + takesMs }))
}

/** Rows of a case that this run looks into. */
export function askedOf(rig: Rig, pair: Pair, rows: readonly Row[]): Row[] {
  return rows.filter((row) => rig.plan.cells.includes(cellId(pair.name, row)))
}
