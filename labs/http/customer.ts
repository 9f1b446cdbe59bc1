/** A customer of the bank, who does with it what its pages offer, over whatever connection the lab names. */

import type { SocketAddress, Sockets, User } from '../../src/lab/sockets.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import type { UserAnswer } from '../../src/programs/socket-requests.ts'

/** What may be different from one request to the next. */
export type How = Partial<Omit<Parameters<User['ask']>[2], 'method' | 'path' | 'body'>>

/** What an answer of the bank holds that its customers need. */
type Page = { user?: string; csrf?: string; balance?: string }

export interface Customers {
  readonly sockets: Sockets
  /** The row: what the customer's connections are called. */
  readonly mechanism: string
  /** The bank, or what stands before it. */
  readonly at: SocketAddress
}

export class Customer {
  readonly browser: User
  readonly #name: string
  readonly #mechanism: string
  readonly #at: SocketAddress
  readonly #how: How
  /** Of the page that was seen last: without it the bank takes no form. */
  #csrf = ''

  /**
   * @param name one of the bank's users
   * @param how for each request, where it is not told otherwise
   * @param browser which of their browsers, where they have several
   */
  constructor({ sockets, mechanism, at }: Customers, name: string, how: How = {}, browser = name) {
    this.browser = sockets.user(browser)
    this.#name = name
    this.#mechanism = mechanism
    this.#at = at
    this.#how = how
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

  /** The header that its browser would send to the bank: what a thief wants. */
  async cookie(): Promise<string> {
    const isSecure = this.#how.tls !== undefined
    return (await this.browser.cookie(this.#at, { path: '/account', isSecure })) ?? ''
  }

  async #ask(method: string, path: string, how: How, form?: object): Promise<UserAnswer> {
    const all = { ...this.#how, ...how }
    const headers = {
      Accept: 'application/json',
      ...all.headers,
      ...(form === undefined ? {} : { 'Content-Type': 'application/json' }),
    }
    const body = form === undefined ? {} : { body: JSON.stringify(form) }
    const answer = await this.browser.ask(this.#mechanism, this.#at, {
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
