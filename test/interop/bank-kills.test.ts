/**
 * The bank is killed a hundred times at random moments while its users transfer money, and started again each
 * time. They ask again with the same key until they have an answer. In the end nothing may be lost or doubled.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { randomFrom } from '../../src/lab/random.ts'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import {
  type Account,
  accountKey,
  type LedgerLine,
  ledgerKey,
  OPENING_CENTS,
} from '../../src/programs/bank/transfer.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import { durableStore } from '../../src/store/durable.ts'
import { BankUser, passwordOf } from '../support/bank-user.ts'
import { runNode, type TestedProcess } from '../support/process.ts'
import { freePort } from '../support/redis.ts'

const KILLS = 100
const CLIENTS_PER_USER = 2
/** A bank that listens is killed within so long. */
const LIFE_MAX_MS = 120
/** Of five, one is killed while it starts. */
const STARTING_SHARE = 0.2
const START_MS = 300

const names = USERS.map(({ name }) => name)

interface Asked {
  from: string
  to: string
  cents: number
  /** null: there was not enough money. */
  transfer: string | null
}

test('a hundred SIGKILLs lose no transfer, double none, and end no session', async () => {
  const seed = Number(process.env.STILLHERE_SEED ?? Math.floor(Math.random() * 2 ** 32))
  const random = randomFrom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-kills-'))
  const { bank: bundle } = await bundlePrograms()
  const port = await freePort()
  let bank: TestedProcess | undefined
  const start = () => {
    bank = runNode([bundle, '--port', String(port), '--store', join(folder, 'store')])
    return bank
  }
  onTestFinished(async () => {
    bank?.child.kill('SIGKILL')
    await bank?.ended
    rmSync(folder, { recursive: true, force: true })
  })

  const url = `http://127.0.0.1:${port}/`
  await start().untilPrinted(/listens at/)
  // One after the other: a password takes a processor a third of a second, and longer where others use it.
  const clients: { name: string; user: BankUser; csrf: string }[] = []
  for (const name of names.flatMap((each) => Array<string>(CLIENTS_PER_USER).fill(each))) {
    const user = new BankUser(url)
    expect((await user.signIn(name)).status).toBe(200)
    clients.push({ name, user, csrf: await user.token() })
  }

  const asked: Asked[] = []
  const seen = { cut: 0, replayed: 0, statuses: new Set<number>() }
  let isOver = false

  /** Asks until there is an answer: the bank comes back. */
  async function transfer({ name, user, csrf }: (typeof clients)[number]): Promise<void> {
    const to = pick(names.filter((each) => each !== name))
    const cents = 1 + Math.floor(random() * 2000)
    const form: Record<string, string> = { to, amount: (cents / 100).toFixed(2), key: randomUUID(), csrf }
    const again = random() < 0.2
    let first: string | undefined
    for (;;) {
      try {
        const { status, text, json, headers } = await user.ask('POST', '/transfer', { form })
        seen.statuses.add(status)
        if (status === 200 || status === 409) {
          if (headers['idempotent-replayed'] === 'true' && first === undefined) seen.replayed += 1
          if (first !== undefined) expect(text).toBe(first)
          else asked.push({ from: name, to, cents, transfer: status === 200 ? String(json.transfer) : null })
          if (!again || first !== undefined) return
          first = text
          continue
        }
        // They have moved much: this one is asked for with the password.
        if (status === 403) form.password = passwordOf(name)
        await delay(20)
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error
        // Refused: nobody listened. Any other end came after the request had been sent.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') seen.cut += 1
        await delay(10)
      }
    }
  }
  const working = clients.map(async (client) => {
    while (!isOver) await transfer(client)
  })

  for (let kills = 0; kills < KILLS; kills += 1) {
    if (random() < STARTING_SHARE) await delay(random() * START_MS)
    else {
      await bank?.untilPrinted(/listens at/)
      await delay(random() * LIFE_MAX_MS)
    }
    bank?.child.kill('SIGKILL')
    expect(await bank?.ended).toBe('SIGKILL')
    start()
  }
  await bank?.untilPrinted(/listens at/)
  isOver = true
  await Promise.all(working)
  // Their sessions are those of the beginning.
  for (const { user } of clients) expect((await user.account()).status).toBe(200)
  bank?.child.kill('SIGTERM')
  await bank?.ended

  const done = asked.filter((each): each is Asked & { transfer: string } => each.transfer !== null)
  console.log(
    `seed ${seed}: ${done.length} transfers, ${seen.cut} requests cut off, ${seen.replayed} of them after they had been done`,
  )
  // Nobody was ever refused but for want of money, of the password or of patience.
  expect([200, 403, 409, 429, 503]).toEqual(expect.arrayContaining([...seen.statuses]))
  // The kills hit something.
  expect(seen.cut).toBeGreaterThan(KILLS / 2)
  expect(done.length).toBeGreaterThan(KILLS)

  const store = durableStore(join(folder, 'store'))
  onTestFinished(() => store.close())
  const accounts = new Map<string, Account>()
  for (const name of names) accounts.set(name, (await store.get(accountKey(name))) as Account)
  const expected = new Map(names.map((name) => [name, OPENING_CENTS]))
  for (const { from, to, cents, transfer } of done) {
    expected.set(from, (expected.get(from) ?? 0) - cents)
    expected.set(to, (expected.get(to) ?? 0) + cents)
    expect((await store.get(ledgerKey(transfer))) as LedgerLine).toMatchObject({ from, to, cents })
  }
  expect(new Set(done.map(({ transfer }) => transfer)).size).toBe(done.length)
  // And the ledger has none that nobody was told of.
  expect([...accounts.values()].reduce((sum, { sent }) => sum + sent, 0)).toBe(done.length)
  expect(new Map([...accounts].map(([name, { cents }]) => [name, cents]))).toEqual(expected)
  expect([...accounts.values()].reduce((sum, { cents }) => sum + cents, 0)).toBe(names.length * OPENING_CENTS)
}, 180_000)
