/**
 * A line that packets share: whoever has something to send stands in one queue, first come, first served, and has
 * the whole line for as long as his packet takes. Nobody asks before; who finds the queue full is dropped, and nobody
 * is told.
 *
 *     ----> | | | |#|#|#|#|  ----> [ line: one packet at a time, `serviceMs` each ] ---->
 *           queueMax places
 *
 * With arrivals by chance this is what books call M/D/1. No clocks: time is passed in.
 */

export interface LineSettings {
  /** How long each packet takes, whatever its length. */
  serviceMs: number
  /** Packets that wait, beside the one that is on the line. */
  queueMax: number
}

export class PacketLine<T> {
  readonly #settings: LineSettings
  /** In order. The first is on the line, or has just left it. */
  readonly #inside: { item: T; leavesAtMs: number }[] = []
  #freeAtMs = Number.NEGATIVE_INFINITY

  constructor(settings: LineSettings) {
    const { serviceMs, queueMax } = settings
    if (!(serviceMs > 0)) throw new RangeError(`a packet takes more than ${serviceMs} ms`)
    if (!(queueMax >= 0)) throw new RangeError(`a queue has 0 places or more, not ${queueMax}`)
    this.#settings = settings
  }

  /** @returns for how long it has to wait until the line is free; null: there was no room, and it is gone */
  enter(item: T, nowMs: number): number | null {
    const inside = this.#inside.filter(({ leavesAtMs }) => leavesAtMs > nowMs).length
    if (inside > this.#settings.queueMax) return null
    const beginsAtMs = Math.max(nowMs, this.#freeAtMs)
    this.#freeAtMs = beginsAtMs + this.#settings.serviceMs
    this.#inside.push({ item, leavesAtMs: this.#freeAtMs })
    return beginsAtMs - nowMs
  }

  /** Those that have passed the line by now. */
  due(nowMs: number): T[] {
    const left = this.#inside.findIndex(({ leavesAtMs }) => leavesAtMs > nowMs)
    return this.#inside.splice(0, left === -1 ? this.#inside.length : left).map(({ item }) => item)
  }

  /** When the next one has passed; null: nobody is on the line. */
  get nextDueMs(): number | null {
    return this.#inside[0]?.leavesAtMs ?? null
  }
}
