/** The events of a run by pair of hosts, so that a ladder is laid out from what concerns it alone. */
import { pairOf } from '../../events/host-names.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import { mechanismOf } from '../../lab/log.ts'

export class EventIndex {
  readonly #byPair = new Map<string, LabEvent[]>()
  /** What concerns every pair, as that the kernels are read from now on. */
  readonly #common: LabEvent[] = []
  /** By pair and mechanism. */
  readonly #connections = new Map<string, Set<string>>()
  #last: LabEvent | undefined

  /** @returns the pair whose ladder changes by it, if there is one */
  note(event: LabEvent): string | undefined {
    this.#last = event
    if (event.name === 'kernel:sampling_started') {
      this.#common.push(event)
      for (const events of this.#byPair.values()) events.push(event)
      return undefined
    }
    const pair = 'pair' in event.data ? event.data.pair : (pairOf(event.host) ?? undefined)
    if (pair === undefined) return undefined
    let events = this.#byPair.get(pair)
    if (events === undefined) {
      events = [...this.#common]
      this.#byPair.set(pair, events)
    }
    events.push(event)
    if (event.group_id !== undefined) this.#noteConnection(`${pair}/${mechanismOf(event)}`, event.group_id)
    return pair
  }

  #noteConnection(key: string, connection: string): void {
    const known = this.#connections.get(key)
    if (known === undefined) this.#connections.set(key, new Set([connection]))
    else known.add(connection)
  }

  /**
   * In order of time. The last event of the run stands at the end, whosever it is: by it the layout knows
   * that what has not arrived by now will not arrive.
   */
  eventsOf(pair: string): LabEvent[] {
    const own = this.#byPair.get(pair) ?? []
    return this.#last === undefined || this.#last === own.at(-1) ? own : [...own, this.#last]
  }

  connectionsOf(pair: string, mechanism: string): string[] {
    return [...(this.#connections.get(`${pair}/${mechanism}`) ?? [])]
  }
}
