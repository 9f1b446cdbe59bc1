/** The cases in which an answer is lost, or the server that had the session: who knows what was done? */
import { randomUUID } from 'node:crypto'
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { Policy } from '../../src/programs/balancer.ts'
import type { HttpSettings } from './conditions.ts'
import { Customer } from './customer.ts'
import { killableBank, startRedis } from './servers.ts'

/** What is waited for comes within milliseconds, where the machine has nothing else to do. */
const SOON = { withinMs: 30_000 }

/** The money moves, and the answer does not arrive. */
export async function cutAnswer(rig: Rig, pair: Pair, settings: HttpSettings): Promise<void> {
  const { a, b } = pair
  const { amountCents, answerWithinMs } = settings
  const cable = rig.cable(pair)
  for (const mechanism of ['same-key', 'new-key'] as const) {
    const at = await rig.sockets(b).bank(mechanism)
    const alice = new Customer({ sockets: rig.sockets(a), mechanism, at }, 'alice', {}, `alice ${mechanism}`)
    await alice.signIn({ connection: 'one' })

    await cable.hold('bToA', ['data'])
    const key = randomUUID()
    await alice.transfer('bob', amountCents, key, { connection: 'one', answerWithinMs })
    await rig.untilEvent(b, 'bank:transfer_done', { mechanism, ...SOON })
    await cable.release('bToA')

    const again = mechanism === 'same-key' ? key : randomUUID()
    await alice.transfer('bob', amountCents, again, { connection: 'two' })
    await alice.visit({ connection: 'two' })
  }
  const at = await rig.sockets(b).bank('no-key')
  const customers = { sockets: rig.sockets(a), mechanism: 'no-key', at }
  const alice = new Customer(customers, 'alice', { connection: 'one' }, 'alice no-key')
  await alice.signIn()
  await alice.transfer('bob', amountCents, null)
  await alice.visit()
}

/** Two servers, each with a memory of its own. */
export async function ownMemories(rig: Rig, pair: Pair, settings: HttpSettings): Promise<void> {
  await twoServers(rig, pair, settings, { mechanism: 'sticky-memory', policy: 'sticky', store: 'memory' })
  await twoServers(rig, pair, settings, {
    mechanism: 'spread-memory',
    policy: 'round-robin',
    store: 'memory',
  })
}

/** Two servers that keep sessions and money in one store. */
export async function sharedStore(rig: Rig, pair: Pair, settings: HttpSettings): Promise<void> {
  const redis = await startRedis(rig, pair.b)
  // A database of its own for each row: two banks that have nothing to do with each other.
  await twoServers(rig, pair, settings, { mechanism: 'sticky-redis', policy: 'sticky', store: `${redis}/0` })
  await twoServers(rig, pair, settings, {
    mechanism: 'spread-redis',
    policy: 'round-robin',
    store: `${redis}/1`,
  })
}

/** Alice banks there, and the server at which she signed in is killed in the middle of it. */
async function twoServers(
  rig: Rig,
  { a, b }: Pair,
  { requests, amountCents }: HttpSettings,
  { mechanism, policy, store }: { mechanism: string; policy: Policy; store: string },
): Promise<void> {
  const banks = await Promise.all(
    ['one', 'two'].map((name) => killableBank(rig, b, { mechanism, name, store })),
  )
  const servers = banks.map((bank) => bank.at)
  const at = await rig.sockets(a).balancer(mechanism, servers, { policy })
  const customers = { sockets: rig.sockets(a), mechanism, at }
  const alice = new Customer(customers, 'alice', { connection: 'one' }, `alice ${mechanism}`)
  const signedIn = await alice.signIn()
  const servedBy = 'headers' in signedIn ? signedIn.headers['x-served-by'] : undefined
  const home = banks.find(({ name }) => name === servedBy)
  if (home === undefined) throw new Error(`nobody signed Alice in: ${JSON.stringify(signedIn)}`)

  for (let request = 0; request < requests; request++) await alice.visit()
  if (policy === 'sticky' && store !== 'memory') await killedWhileAsked()
  else await home.kill()
  await alice.visit()
  await alice.visit()

  /** The request is at the server, which does not come to it any more; then it is asked for again. */
  async function killedWhileAsked(): Promise<void> {
    home?.freeze()
    const key = randomUUID()
    const cutOff = alice.transfer('bob', amountCents, key)
    const forwarded = 2 + requests + 1
    await rig.untilEvent(a, 'balancer:forwarded', { mechanism, occurrence: forwarded, ...SOON })
    await home?.kill()
    await cutOff
    await alice.transfer('bob', amountCents, key)
  }
}
