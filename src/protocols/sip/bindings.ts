/** Who is to be called where, and how long that is taken for true (RFC 3261 section 10.3). */
import { placeText } from '../ip-address.ts'
import type { Place } from './compose.ts'

export interface Binding {
  contact: string
  /** Where REGISTER came from: behind a router that is not what Contact says, and the only way back. */
  place: Place
  untilMs: number
  callId: string
  number: number
}

/** Telephones of one user. */
const CONTACTS_MAX = 10

export class Bindings {
  readonly #all = new Map<string, Map<string, Binding>>()
  /** How many are at an address and port: asked of every datagram. */
  readonly #places = new Map<string, number>()

  /** Not expired, the newest last. */
  of(user: string): Binding[] {
    return [...(this.#all.get(user)?.values() ?? [])]
  }

  /** `overtaken`: of the same telephone, and older than what is known. */
  put(user: string, binding: Binding): 'kept' | 'overtaken' | 'full' {
    const mine = this.#all.get(user) ?? new Map<string, Binding>()
    const before = mine.get(binding.contact)
    if (before?.callId === binding.callId && before.number >= binding.number) return 'overtaken'
    if (!before && mine.size >= CONTACTS_MAX) return 'full'
    this.remove(user, binding.contact)
    mine.set(binding.contact, binding)
    this.#all.set(user, mine)
    this.#count(binding.place, 1)
    return 'kept'
  }

  remove(user: string, contact: string): boolean {
    const mine = this.#all.get(user)
    const binding = mine?.get(contact)
    if (mine === undefined || binding === undefined) return false
    this.#count(binding.place, -1)
    return mine.delete(contact)
  }

  /** Where this contact registered from; null: nobody did. */
  placeOf(contact: string): Place | null {
    for (const mine of this.#all.values()) {
      const found = mine.get(contact)
      if (found) return found.place
    }
    return null
  }

  has({ address, port }: Place): boolean {
    return this.#places.has(placeText(address, port))
  }

  #count({ address, port }: Place, change: number): void {
    const place = placeText(address, port)
    const count = (this.#places.get(place) ?? 0) + change
    if (count > 0) this.#places.set(place, count)
    else this.#places.delete(place)
  }

  get dueAtMs(): number {
    return Math.min(
      Infinity,
      ...[...this.#all.values()].flatMap((mine) => [...mine.values()].map((one) => one.untilMs)),
    )
  }

  /** Takes out what has expired. */
  expire(nowMs: number): { user: string; contact: string }[] {
    return [...this.#all].flatMap(([user, mine]) =>
      [...mine.values()].flatMap(({ contact, untilMs }) => {
        if (untilMs > nowMs) return []
        this.remove(user, contact)
        return [{ user, contact }]
      }),
    )
  }
}
