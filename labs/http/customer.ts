/** A customer of the bank, who does with it what its pages offer, over whatever connection the lab names. */
import { randomBytes } from 'node:crypto'
import type { Pair } from '../../src/hosts/host.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import type { UserAnswer } from '../../src/programs/scripts/user/requests.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress, Sockets, User } from '../../src/rig/sockets.ts'

/** What may be different from one request to the next. */
export type How = Partial<Omit<Parameters<User['ask']>[2], 'method' | 'path' | 'body'>>

/** What an answer of the bank holds that its customers need: the token of its forms. */
type Page = { csrf?: string }

/**
 * An answer of the bank that a case waits for. It comes within milliseconds; but passwords are hashed slowly on
 * purpose, and the customers of all cases sign in at the same time.
 */
export const BANK_ANSWERS = { withinMs: 30_000 }

/** A session of the bank is a hexadecimal number of 128 bits: anybody can make one up. */
export function madeUpId(): string {
  return randomBytes(16).toString('hex')
}

/** Opens a bank in b's own process, which keeps its sessions in memory. */
export async function openBank(
  rig: Rig,
  pair: Pair,
  row: string,
  options: Parameters<Sockets['site']['bank']>[1] = {},
) {
  const at = await rig.sockets(pair.b).site.bank(row, options)
  return { at, someone: customersOf(rig, pair, row, at) }
}

/** The customers of a bank at an address, from host a. @param at the bank, or what stands before it */
export function customersOf(rig: Rig, { a }: Pair, row: string, at: SocketAddress) {
  const sockets = rig.sockets(a)
  /** @param browser which of their browsers, where they have several; or whoever uses one in their name */
  return (name: string, how: How = {}, browser = name) =>
    new Customer(sockets.user(`${browser} ${row}`), { name, row, at, how })
}

export class Customer {
  readonly #browser: User
  readonly #name: string
  readonly #row: string
  readonly #at: SocketAddress
  /** For each request, where it is not told otherwise. */
  readonly #how: How
  /** The token of the page that was seen last: without it the bank takes no form. */
  #csrf = ''

  /** @param who `name`: one of the bank's users */
  constructor(browser: User, who: { name: string; row: string; at: SocketAddress; how: How }) {
    this.#browser = browser
    this.#name = who.name
    this.#row = who.row
    this.#at = who.at
    this.#how = who.how
  }

  get #password(): string | undefined {
    return USERS.find(({ name }) => name === this.#name)?.password
  }

  /** Opens the front door, and signs in with the form found there. */
  async signIn(how: How = {}): Promise<UserAnswer> {
    await this.#ask('GET', '/', how)
    const form = { user: this.#name, password: this.#password, csrf: this.#csrf }
    return this.#ask('POST', '/sign-in', how, form)
  }

  /** Looks at the account. */
  visit(how: How = {}): Promise<UserAnswer> {
    return this.#ask('GET', '/account', how)
  }

  /** @param key the same one when the same transfer is asked for again; null: none */
  transfer(to: string, cents: number, key: string | null, how: How = {}): Promise<UserAnswer> {
    const headers = key === null ? {} : { 'Idempotency-Key': key }
    const form = { to, amount: (cents / 100).toFixed(2), csrf: this.#csrf }
    return this.#ask('POST', '/transfer', { ...how, headers: { ...how.headers, ...headers } }, form)
  }

  signOut(which: 'here' | 'everywhere', how: How = {}): Promise<UserAnswer> {
    if (which === 'here') return this.#ask('POST', '/sign-out', how, { csrf: this.#csrf })
    const form = { csrf: this.#csrf, password: this.#password }
    return this.#ask('POST', '/sign-out-everywhere', how, form)
  }

  /** Closes a connection that was kept. */
  hangUp(connection: string): Promise<void> {
    return this.#browser.hangUp(this.#row, connection)
  }

  closeBrowser(): Promise<void> {
    return this.#browser.closeBrowser()
  }

  /** Somebody else of that host name gives the browser a cookie. */
  isGiven(cookie: string): Promise<void> {
    return this.#browser.isGiven(this.#at, `${cookie}; Path=/`)
  }

  /** The header that its browser would send to the bank: what a thief wants. */
  async cookie(): Promise<string> {
    const isSecure = this.#how.tls !== undefined
    return (await this.#browser.cookie(this.#at, { path: '/account', isSecure })) ?? ''
  }

  async #ask(method: string, path: string, how: How, form?: object): Promise<UserAnswer> {
    const all = { ...this.#how, ...how }
    const headers = {
      Accept: 'application/json',
      ...all.headers,
      ...(form === undefined ? {} : { 'Content-Type': 'application/json' }),
    }
    const body = form === undefined ? {} : { body: JSON.stringify(form) }
    const answer = await this.#browser.ask(this.#row, this.#at, {
      method,
      path,
      ...all,
      headers,
      ...body,
    })
    const { csrf } = pageOf(answer)
    if (csrf !== undefined) this.#csrf = csrf
    return answer
  }
}

/** Nothing of an answer that is no page of the bank, or none at all. */
function pageOf(answer: UserAnswer): Page {
  if ('code' in answer) return {}
  try {
    return JSON.parse(answer.body) as Page
  } catch {
    return {}
  }
}
