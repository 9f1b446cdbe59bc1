/**
 * One direction of one connection through a relay: what has arrived and not been passed on yet. It keeps the
 * order, whatever the mode is and however often it changes.
 */
import type { Emitter } from '../../events/emit.ts'
import type { RelayDirection, RelayMode } from '../../events/vocabulary.ts'
import type { Program } from '../parts/program.ts'

export interface LaneMode {
  mode: RelayMode
  /** `late`: everything is passed on so long after it arrived. */
  delayMs?: number | undefined
  /** `drop`: how many of a hundred datagrams, by chance; all where left out. */
  percent?: number | undefined
}

export interface RelayOptions {
  mechanism: string
  protocol: 'tcp' | 'udp'
  listen: { host: string; port: number }
  to: { host: string; port: number }
}

export interface RunningRelay extends Pick<Program, 'port' | 'close' | 'reset'> {
  /** From now on. What was held back is passed on as the new mode has it, in order. */
  setMode(direction: RelayDirection, mode: LaneMode): void
}

/** What a lane holds back, at most: then it is {@link Lane.isFull}. */
export const LANE_BYTES_MAX = 256 * 1024
const LANE_ITEMS_MAX = 1024

interface Waiting {
  /** null: the end of a stream. */
  chunk: Buffer | null
  arrivedAtMs: number
}

export class Lane {
  readonly #direction: RelayDirection
  readonly #mode: () => LaneMode
  readonly #forward: (chunk: Buffer | null) => void
  readonly #emit: Emitter
  readonly #groupId: string
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * @param mode asked anew whenever something arrives or is due
   * @param forward passes on what is due
   */
  constructor(
    direction: RelayDirection,
    mode: () => LaneMode,
    forward: (chunk: Buffer | null) => void,
    emit: Emitter,
    groupId: string,
  ) {
    this.#direction = direction
    this.#mode = mode
    this.#forward = forward
    this.#emit = emit
    this.#groupId = groupId
  }

  /** Whoever can stop reading should; whoever cannot has to throw away. */
  get isFull(): boolean {
    return this.#waitingBytes >= LANE_BYTES_MAX || this.#waiting.length >= LANE_ITEMS_MAX
  }

  push(chunk: Buffer | null): void {
    const { mode, percent = 100 } = this.#mode()
    if (chunk !== null && mode === 'drop' && Math.random() * 100 < percent) {
      this.drop(chunk, 'the relay drops what goes this way')
      return
    }
    this.#waiting.push({ chunk, arrivedAtMs: performance.now() })
    this.#waitingBytes += chunk?.length ?? 0
    this.release()
  }

  drop({ length: bytes }: Buffer, because: string): void {
    this.#emit('relay:dropped', { direction: this.#direction, bytes, because }, this.#groupId)
  }

  /** Passes on what is due: to be called when the mode has changed, too. */
  release(): void {
    clearTimeout(this.#timer)
    const { mode, delayMs = 0 } = this.#mode()
    if (mode === 'hold') return
    const keepMs = mode === 'late' ? delayMs : 0
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const heldMs = performance.now() - next.arrivedAtMs
      if (heldMs < keepMs) {
        this.#timer = setTimeout(() => this.release(), Math.ceil(keepMs - heldMs))
        return
      }
      this.#waiting.shift()
      const bytes = next.chunk?.length ?? 0
      this.#waitingBytes -= bytes
      const told = { direction: this.#direction, bytes, heldMs: Math.round(heldMs * 1000) / 1000 }
      this.#emit('relay:forwarded', told, this.#groupId)
      this.#forward(next.chunk)
    }
  }

  /** Forgets what waits. */
  close(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }
}
