/** Counts what happens to thousands, and says so in a line now and then. */
import type { Emitter } from '../../../events/emit.ts'

/** What happens within so long is one line. */
const LINE_EVERY_MS = 20

type Counted =
  | 'crowd:connected'
  | 'crowd:disconnected'
  | 'crowd:refused'
  | 'crowd:tried'
  | 'crowd:suspected'
  | 'crowd:trusted'
  | 'crowd:heard'
  | 'crowd:spoke'

export class Tally {
  readonly #emit: Emitter
  readonly #name: Counted
  readonly #groupId: string
  #peers = 0
  #lateMs = 0
  #firstAtMs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(emit: Emitter, name: Counted, groupId: string) {
    this.#emit = emit
    this.#name = name
    this.#groupId = groupId
  }

  /** It happened to one more. @param lateMs so much later than it should have */
  add(lateMs = 0): void {
    if (this.#peers === 0) this.#firstAtMs = performance.now()
    this.#peers += 1
    this.#lateMs = Math.max(this.#lateMs, lateMs)
    this.#timer ??= setTimeout(() => this.tell(), LINE_EVERY_MS)
  }

  /** Says it now, where there is something to say. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#peers === 0) return
    const said = { peers: this.#peers, withinMs: performance.now() - this.#firstAtMs }
    if (this.#name === 'crowd:tried') this.#emit(this.#name, { ...said, lateMs: this.#lateMs }, this.#groupId)
    else this.#emit(this.#name, said, this.#groupId)
    this.#peers = 0
    this.#lateMs = 0
  }
}
