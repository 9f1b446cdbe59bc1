/** The cases about sessions: what they hang on, how long they last, and what the cookie is good for in other hands. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { HttpSettings } from './conditions.ts'
import { Customer, type How } from './customer.ts'
import { killableBank } from './servers.ts'

/** A session of the bank is a hexadecimal number of 128 bits: anybody can make one up. */
const madeUpId = () => randomBytes(16).toString('hex')
/** More than any browser keeps, and less than the bank's limit for all headers. */
const OVERSIZED_BYTES = 5000

/** A bank, and somebody who banks there. */
async function openBank(
  rig: Rig,
  { a, b }: Pair,
  mechanism: string,
  sessions: { idleMs?: number; absoluteMs?: number } = {},
) {
  const at = await rig.sockets(b).bank(mechanism, { sessions })
  const customers = { sockets: rig.sockets(a), mechanism, at }
  const someone = (name: string, browser = name, how: How = {}) =>
    new Customer(customers, name, how, `${browser} ${mechanism}`)
  return { at, someone }
}

/** "Session cookies", ports, and what a cookie opens. */
export async function cookies(rig: Rig, pair: Pair): Promise<void> {
  const first = await openBank(rig, pair, 'session-cookie')
  const alice = first.someone('alice')
  await alice.signIn({ connection: 'one' })
  const copy = await alice.cookie()
  await alice.visit({ connection: 'one' })
  await alice.browser.closeBrowser()
  await alice.visit()
  await first.someone('alice', 'copy').visit({ cookie: copy })

  const one = await openBank(rig, pair, 'ports')
  const other = await openBank(rig, pair, 'ports')
  await one.someone('alice').signIn()
  await other.someone('alice').visit()
  // The other bank took away what it did not know.
  await one.someone('alice').visit()

  const bank = await openBank(rig, pair, 'resources')
  const [bob, carol] = [bank.someone('bob'), bank.someone('carol')]
  await bob.signIn()
  await carol.signIn()
  await bob.visit()
  await carol.visit()
  await bank.someone('nobody').visit()
  // Bob's form, and Carol's cookie.
  await bob.transfer('alice', 100, madeUpId(), { cookie: await carol.cookie() })
}

/** The server is killed and started again, with its sessions in memory and in a file. */
export async function restart(rig: Rig, { a, b }: Pair, settings: HttpSettings): Promise<void> {
  for (const mechanism of ['memory', 'durable'] as const) {
    const store = mechanism === 'memory' ? 'memory' : `${rig.plan.folder}/store-${mechanism}`
    const bank = await killableBank(rig, b, { mechanism, name: 'one', store })
    const customers = { sockets: rig.sockets(a), mechanism, at: bank.at }
    const alice = new Customer(customers, 'alice', { connection: 'one' }, `alice ${mechanism}`)
    await alice.signIn()
    await alice.transfer('bob', settings.amountCents, madeUpId())
    await alice.visit()
    await bank.kill()
    await killableBank(rig, b, { mechanism, name: 'one', store, port: bank.at.port, round: 2 })
    await alice.visit({ connection: 'two' })
    if (store !== 'memory') await rm(store, { recursive: true })
  }
}

/** A session that is left alone, and one that never is. */
export async function expiry(rig: Rig, pair: Pair, settings: HttpSettings): Promise<void> {
  const { idleMs, absoluteMs, busyEveryMs } = settings
  const idle = async () => {
    const { someone } = await openBank(rig, pair, 'idle', { idleMs })
    // Each of them is used once, after another time.
    const waits = [0.5 * idleMs, 0.8 * idleMs, 1.2 * idleMs]
    await Promise.all(
      waits.map(async (waitMs, index) => {
        const alice = someone('alice', `alice ${index}`)
        await alice.signIn()
        await rig.sleep(waitMs)
        await alice.visit()
      }),
    )
  }
  const absolute = async () => {
    const { someone } = await openBank(rig, pair, 'absolute', { idleMs, absoluteMs })
    const bob = someone('bob')
    await bob.signIn()
    for (let spentMs = 0; spentMs <= absoluteMs + busyEveryMs; spentMs += busyEveryMs) {
      await rig.sleep(busyEveryMs)
      await bob.visit()
    }
  }
  await Promise.all([idle(), absolute()])
}

/** One browser signs out, here or everywhere; there is another one. */
export async function signOut(rig: Rig, pair: Pair): Promise<void> {
  for (const which of ['here', 'everywhere'] as const) {
    const { someone } = await openBank(rig, pair, which)
    const browsers = ['desk', 'phone'].map((name) => someone('alice', name))
    for (const browser of browsers) await browser.signIn()
    for (const browser of browsers) await browser.visit()
    const [desk] = browsers
    const copy = (await desk?.cookie()) ?? ''
    await desk?.signOut(which)
    for (const browser of browsers) await browser.visit()
    // What the browser has thrown away, somebody may have kept.
    await someone('alice', 'copy').visit({ cookie: copy })
  }
}

/** Cookies in other hands, and cookies that nobody was given. */
export async function theft(rig: Rig, pair: Pair, settings: HttpSettings): Promise<void> {
  const copied = await openBank(rig, pair, 'copied')
  const [alice, thief] = [
    copied.someone('alice', 'alice', { connection: 'hers' }),
    copied.someone('alice', 'thief'),
  ]
  await alice.signIn()
  const cookie = await alice.cookie()
  await thief.transfer('bob', settings.amountCents, madeUpId(), { cookie })
  await thief.visit({ cookie })
  await thief.transfer('bob', settings.amountCents, madeUpId(), { cookie })
  await alice.visit()
  await alice.signOut('everywhere')
  await thief.visit({ cookie })

  const fixed = await openBank(rig, pair, 'fixed-id')
  const planted = `session=${madeUpId()}`
  const victim = fixed.someone('alice')
  await victim.browser.isGiven(fixed.at, `${planted}; Path=/`)
  await victim.signIn()
  await fixed.someone('alice', 'attacker').visit({ cookie: planted })
  await victim.visit()

  const forged = await openBank(rig, pair, 'forged-id')
  await forged.someone('alice', 'forger').visit({ cookie: `session=${madeUpId()}` })
  await forged.someone('alice', 'forger').visit({ cookie: 'session=alice' })

  const replayed = await openBank(rig, pair, 'replayed')
  const bob = replayed.someone('bob')
  await bob.signIn()
  const old = await bob.cookie()
  await bob.visit()
  await bob.signOut('here')
  await bob.signIn()
  await bob.visit()
  await replayed.someone('bob', 'replayer').visit({ cookie: old })

  const oversized = await openBank(rig, pair, 'oversized')
  const carol = oversized.someone('carol')
  await carol.signIn()
  await oversized.someone('carol', 'large').visit({ cookie: `session=${'f'.repeat(OVERSIZED_BYTES)}` })
  await oversized.someone('carol', 'larger').visit({ cookie: `session=${'f'.repeat(4 * OVERSIZED_BYTES)}` })
  await carol.visit()
}
