/** What an office tells of itself, whatever carries its packets. */
import type { Emitter } from '../events/emit.ts'
import type { Town } from './exchange.ts'
import type { Office } from './office.ts'

/** Who makes thousands of calls is not told of each: counts are for that. */
const CORDS_TOLD_MAX = 100

export class OfficeLog {
  readonly #exchange: string
  readonly #office: Office<unknown>
  readonly #emit: Emitter
  #cords = ''
  #cordsTold = 0

  /** @param name of the exchange, as its events have it */
  constructor(name: string, office: Office<unknown>, emit: Emitter) {
    this.#exchange = name
    this.#office = office
    this.#emit = emit
    const { lines, slots, frameMs, queueMax } = office.settings
    const { serviceMs } = office
    emit('exchange:started', { exchange: name, lines, slots, frameMs, queueMax, serviceMs })
  }

  /** The board, where a cord on it has moved. */
  tellCords(): void {
    if (this.#cordsTold === CORDS_TOLD_MAX) return
    const owners = [...this.#office.owners]
    if (owners.join() === this.#cords) return
    this.#cords = owners.join()
    this.#cordsTold += 1
    this.#emit('exchange:cords_moved', { exchange: this.#exchange, owners })
  }

  tellCounts(): void {
    this.#emit('exchange:counted', { exchange: this.#exchange, ...this.#office.counted() })
  }

  /** The line to a town is dead, and so are its calls. */
  loseLine(town: Town, port: string): void {
    this.#emit('exchange:line_lost', { exchange: this.#exchange, port, calls: this.#office.lose(town) })
    this.tellCords()
  }
}
