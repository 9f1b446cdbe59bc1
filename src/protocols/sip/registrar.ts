/** REGISTER, as who keeps the list sees it (RFC 3261 section 10.3): who is it, may it, how long. */
import type { Bindings } from './bindings.ts'
import { essentialsOf } from './checks.ts'
import type { Answer, Place } from './compose.ts'
import { type Algorithm, isRight, readCredentials, writeChallenge } from './digest.ts'
import { type Header, headerOf, type Request, valuesOf } from './message.ts'
import { Nonces } from './nonces.ts'
import { bad } from './text.ts'
import { readUri, userOf } from './uri.ts'
import { readNameAddress } from './values.ts'

export interface RegistrarOptions {
  realm: string
  /** By user. */
  passwords: ReadonlyMap<string, string>
  /** Shorter is refused with 423, longer is cut. */
  seconds: { min: number; max: number }
  makeToken(): string
  /** Of the nonces: random. */
  key: Buffer
  /** Which proofs it asks for, the one that it likes most first. */
  algorithms: readonly Algorithm[]
}

export type Proof = 'wrong' | 'replayed' | 'stale' | 'not-ours' | 'unknown-user' | 'missing'
export type RegistrarNote =
  | { do: 'binding-added'; user: string; contact: string; seconds: number; from: Place }
  | { do: 'binding-removed'; user: string; contact: string; because: 'asked' | 'expired' }
  | { do: 'proof-refused'; user: string; because: Proof; from: Place }

export interface Registered {
  answer: Answer
  notes: RegistrarNote[]
}

export class Registrar {
  readonly #options: RegistrarOptions
  readonly #bindings: Bindings
  readonly #nonces: Nonces

  constructor(options: RegistrarOptions, bindings: Bindings) {
    this.#options = options
    this.#bindings = bindings
    this.#nonces = new Nonces(options.key)
  }

  /** @throws SipError */
  take(request: Request, from: Place, nowMs: number): Registered {
    const { to, callId, cseq } = essentialsOf(request)
    // Section 10.2: here no other kind of address will do, so it is no question of what this server knows (416).
    if (!/^sips?:/i.test(to.uri)) throw bad('who registers has an address of SIP')
    const user = userOf(readUri(to.uri))
    const because = this.#proof(request, user, nowMs)
    if (because !== 'good') return this.#challenge(user, because, from, nowMs)
    const contacts = valuesOf(request, 'Contact')
    const notes: RegistrarNote[] = []
    if (contacts.includes('*')) {
      if (contacts.length > 1 || headerOf(request, 'Expires') !== '0')
        return { answer: { status: 400 }, notes }
      for (const { contact } of this.#bindings.of(user)) this.#remove(user, contact, notes)
      return this.#granted(user, notes, nowMs)
    }
    for (const text of contacts) {
      const { uri: contact, parameters } = readNameAddress(text)
      const wanted = secondsOf(
        parameters.get('expires') ?? headerOf(request, 'Expires'),
        this.#options.seconds.max,
      )
      if (wanted === 0) {
        this.#remove(user, contact, notes)
        continue
      }
      if (wanted < this.#options.seconds.min)
        return { answer: { status: 423, headers: [field('Min-Expires', this.#options.seconds.min)] }, notes }
      const seconds = Math.min(wanted, this.#options.seconds.max)
      const binding = { contact, place: from, untilMs: nowMs + 1000 * seconds, callId, number: cseq.number }
      const put = this.#bindings.put(user, binding)
      if (put !== 'kept') return { answer: { status: put === 'full' ? 403 : 500 }, notes }
      notes.push({ do: 'binding-added', user, contact, seconds, from })
    }
    return this.#granted(user, notes, nowMs)
  }

  #proof(request: Request, user: string, nowMs: number): Proof | 'good' {
    const password = this.#options.passwords.get(user)
    const all = request.headers.filter(({ name }) => name === 'Authorization').map(({ value }) => value)
    const credentials = all.map(readCredentials).find((one) => one?.realm === this.#options.realm)
    if (!credentials) return 'missing'
    if (password === undefined || credentials.username !== user) return 'unknown-user'
    const isOurs = credentials.uri === request.target
    if (!isOurs || !isRight(credentials, { password, method: request.method })) return 'wrong'
    return this.#nonces.use(credentials.nonce, credentials.counted?.nc ?? null, nowMs)
  }

  /** RFC 8760 2.4: a challenge for each. Whether there is such a user is not told. */
  #challenge(user: string, because: Proof, from: Place, nowMs: number): Registered {
    const { realm, makeToken, algorithms } = this.#options
    const nonce = this.#nonces.make(nowMs, makeToken())
    const headers = algorithms.map((algorithm) =>
      field(
        'WWW-Authenticate',
        writeChallenge({ realm, nonce, algorithm, qop: true, opaque: null, isStale: because === 'stale' }),
      ),
    )
    const notes: RegistrarNote[] = because === 'missing' ? [] : [{ do: 'proof-refused', user, because, from }]
    return { answer: { status: 401, headers }, notes }
  }

  #remove(user: string, contact: string, notes: RegistrarNote[]): void {
    if (this.#bindings.remove(user, contact))
      notes.push({ do: 'binding-removed', user, contact, because: 'asked' })
  }

  #granted(user: string, notes: RegistrarNote[], nowMs: number): Registered {
    const headers = this.#bindings.of(user).map(({ contact, untilMs }) => {
      const seconds = Math.max(0, Math.round((untilMs - nowMs) / 1000))
      return field('Contact', `<${contact}>;expires=${seconds}`)
    })
    return { answer: { status: 200, headers }, notes }
  }
}

const field = (name: string, value: string | number): Header => ({ name, value: String(value) })

/** Section 10.2.1.1: what is no number is taken as an hour. */
function secondsOf(text: string | null | undefined, max: number): number {
  if (text === null || text === undefined) return Math.min(3600, max)
  return /^\d{1,10}$/.test(text) ? Number(text) : Math.min(3600, max)
}
