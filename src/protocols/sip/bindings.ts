/** Who is to be called where, and how long that is taken for true (RFC 3261 section 10.3). */
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
    mine.delete(binding.contact)
    mine.set(binding.contact, binding)
    this.#all.set(user, mine)
    return 'kept'
  }

  remove(user: string, contact: string): boolean {
    return this.#all.get(user)?.delete(contact) ?? false
  }

  /** Where this contact registered from; null: nobody did. */
  placeOf(contact: string): Place | null {
    for (const mine of this.#all.values()) {
      const found = mine.get(contact)
      if (found) return found.place
    }
    return null
  }

  has(place: Place): boolean {
    return [...this.#all.values()].some((mine) =>
      [...mine.values()].some((one) => one.place.address === place.address && one.place.port === place.port),
    )
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
        mine.delete(contact)
        return [{ user, contact }]
      }),
    )
  }
}
