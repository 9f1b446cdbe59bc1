/** Addresses and ports that have shown that they receive: they said something that only we can have told them. */
import { placeText } from '../ip-address.ts'
import type { Place } from './compose.ts'
import { PROVEN_FOR_MS, PROVEN_MAX } from './constants.ts'

export class ProvenPlaces {
  /** Until when it is taken for true, the oldest first. */
  readonly #untilMs = new Map<string, number>()

  add(place: Place, nowMs: number): void {
    const name = placeText(place.address, place.port)
    this.#untilMs.delete(name)
    this.#untilMs.set(name, nowMs + PROVEN_FOR_MS)
    const [oldest] = this.#untilMs.keys()
    if (this.#untilMs.size > PROVEN_MAX && oldest !== undefined) this.#untilMs.delete(oldest)
  }

  /** Over TCP the handshake has shown it. */
  has({ transport, address, port }: Place, nowMs: number): boolean {
    return transport === 'tcp' || nowMs < (this.#untilMs.get(placeText(address, port)) ?? -Infinity)
  }
}
