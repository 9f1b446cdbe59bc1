/** A customer of a bank with two servers behind a balancer; the server at which she signed in is killed. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { counts, says, type Words } from '../../src/lab/claims.ts'
import { firstOfEach } from '../../src/lab/packets.ts'
import type { Policy } from '../../src/programs/balancer.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { type Ask, answered, asksOf, inRow, visitsOf } from './asks.ts'
import type { HttpSettings } from './conditions.ts'
import { type Customer, customersOf } from './customer.ts'
import { type KillableBank, killableBank } from './servers.ts'

const STORE = 'OWASP ASVS 5.0 7.2.1: sessions are verified by the server'

interface Scene {
  alice: Customer
  /** The server at which she signed in. */
  home: KillableBank
  /** Kills that server, and marks it. */
  kill(): Promise<void>
}

/** @param andThen how it comes to its end; by default it is simply killed */
export async function bankAtTwoServers(
  rig: Rig,
  pair: Pair,
  { requests }: HttpSettings,
  { row, policy, store }: { row: string; policy: Policy; store: string },
  andThen: (scene: Scene) => Promise<void> = ({ kill }) => kill(),
): Promise<void> {
  const banks = await Promise.all(
    ['one', 'two'].map((name) => killableBank(rig, pair.b, { mechanism: row, name, store })),
  )
  const servers = banks.map((bank) => bank.at)
  const at = await rig.sockets(pair.a).site.balancer(row, servers, { policy })
  const alice = customersOf(rig, pair, row, at)('alice', { connection: 'one' })
  const signedIn = await alice.signIn()
  const servedBy = 'headers' in signedIn ? signedIn.headers['x-served-by'] : undefined
  const home = banks.find(({ name }) => name === servedBy)
  if (home === undefined) throw new Error(`nobody signed Alice in: ${JSON.stringify(signedIn)}`)

  for (let request = 0; request < requests; request++) await alice.visit()
  const kill = () => {
    rig.mark(pair, `${row} to be killed`)
    return home.kill()
  }
  await andThen({ alice, home, kill })
  await alice.visit()
  await alice.visit()
}

/** What the balancer did with the visits of a row, before one server was killed and after. */
interface TwoServers {
  killedAt: number
  /** Where she signed in. */
  home: string | undefined
  before: Visit[]
  after: Visit[]
}

/** A visit, and the server that was asked last. */
interface Visit extends Ask {
  backend: string | undefined
}

/** null: the case did not come to it. */
export function twoServers(cell: Cell): TwoServers | null {
  const killedAt = cell.moment(`${cell.row} to be killed`)
  if (killedAt === undefined) return null
  const signIn = asksOf(cell).find(({ what }) => what === 'POST /sign-in')
  const visits = visitsOf(cell).map((ask) => ({ ...ask, backend: backendOf(cell, ask) }))
  return {
    killedAt,
    home: signIn && backendOf(cell, signIn),
    before: visits.filter(({ sent }) => sent.time < killedAt),
    after: visits.filter(({ sent }) => sent.time >= killedAt),
  }
}

function backendOf(cell: Cell, ask: Ask): string | undefined {
  return forwardsOf(cell, ask).at(-1)?.data.backend
}

/** To which servers one request was passed on: the customer waits for its answer before the next. */
export function forwardsOf(cell: Cell, { sent, event, group }: Ask) {
  const within = { from: sent.time, to: event?.time ?? cell.watch.to }
  return cell.a.of(group).all('balancer:forwarded', within)
}

/** She is signed in until a server that does not know her takes the cookie away. */
export function withOwnMemories(cell: Cell<HttpSettings>, { home, before }: TwoServers): string[] {
  let isSignedIn = true
  return Array.from({ length: cell.settings.requests }, (_, visit) => {
    isSignedIn &&= home !== undefined && before[visit]?.backend === home
    return isSignedIn ? '200' : '401'
  })
}

export function withSharedStore({ settings }: Cell<HttpSettings>): string[] {
  return Array.from({ length: settings.requests }, () => '200')
}

export function serversAsked(cell: Cell, { before, home }: TwoServers, expected: number, claim: string) {
  const asked = firstOfEach([home, ...before.map(({ backend }) => backend)].map((one) => one ?? 'none'))
  return counts(cell, 'servers', expected, asked.length, 'servers', {
    claim,
    formula: 'servers that the balancer passed her requests on to',
    because: asked.join(', '),
    source: 'RFC 9110 section 3.7',
    evidence: cell.a.all('balancer:forwarded'),
  })
}

/** @param expected the outcome of each visit */
export function before(
  cell: Cell,
  { before }: TwoServers,
  expected: readonly string[],
  words: Pick<Words, 'claim' | 'formula'>,
) {
  return answered(cell, 'before', inRow(expected), before, {
    ...words,
    because: `servers asked: ${inRow(before.map(({ backend }) => backend ?? 'none'))}`,
    source: STORE,
    short: before.at(-1)?.outcome ?? '-',
  })
}

/** Passively: a request has found out. */
export function takenOut(cell: Cell, { home, killedAt }: TwoServers) {
  const out = cell.a
    .ofHost('balancer:backend_updated', { from: killedAt })
    .find(({ data }) => data.backend === home && data.new === 'out')
  const [killed] = cell.b.ofHost('command:ended', { from: killedAt })
  return says(cell, 'taken-out', ['ECONNREFUSED', 'ECONNRESET'], out?.data.because ?? '', {
    claim: 'the balancer finds out by a request, and takes the dead server out',
    formula: 'RST: there is no such connection, or nobody listens',
    because: `killed by ${killed?.data.signal}`,
    source: 'RFC 9293 section 3.10.7.1',
    evidence: [killed, out],
  })
}

export function afterwards(cell: Cell, { after, home }: TwoServers, outcome: '200' | '401', claim: string) {
  const [first] = after
  return says(cell, 'after', `${outcome}, from the other server`, first ? whoAnswered(first, home) : '', {
    claim,
    formula: 'the first visit after one server was killed',
    because: `she signed in at ${home}; now ${first?.backend} is asked`,
    source: STORE,
    evidence: after.map(({ event }) => event),
  })
}

/** `200, from the other server` */
function whoAnswered({ outcome, backend }: Visit, home: string | undefined): string {
  const isElsewhere = home !== undefined && backend !== undefined && backend !== home
  return `${outcome}, from ${isElsewhere ? 'the other server' : 'the same server'}`
}
