/** The learner who plays: what they press, one key after the other, and what the log says of a strike of theirs. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../events/emit.ts'
import { type FaultId, faults } from '../faults/registry.ts'
import type { Host, Pair } from '../hosts/host.ts'
import type { PlayCommand } from '../plan/play-command.ts'
import type { Shown } from './strikes.ts'

/** Keys pressed while an act takes its time; whoever presses more has forgotten what. */
const COMMANDS_MAX = 8

export class Learner {
  readonly #emit: Emitter
  readonly #stop: AbortSignal
  /** Keys and buttons that wait for their turn. */
  readonly #asked: PlayCommand[] = []
  #wake: (() => void) | null = null

  /** @param stop aborted when the run is to end early */
  constructor(emit: Emitter, stop: AbortSignal) {
    this.#emit = emit
    this.#stop = stop
  }

  /** Takes a key or button, to be done in its turn. */
  take(command: PlayCommand): void {
    if (this.#asked.length < COMMANDS_MAX) this.#asked.push(command)
    else this.#emit('run:progressed', { message: `${command.action}: too many at once` })
    this.#wake?.()
  }

  /**
   * The next of them; null when there is none for so long.
   * @throws AbortError when the run is to end
   */
  async next(withinMs: number): Promise<PlayCommand | null> {
    this.#stop.throwIfAborted()
    if (this.#asked.length === 0) {
      const came = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([delay(withinMs, undefined, { signal: this.#stop }), came])
    }
    return this.#asked.shift() ?? null
  }

  /** Strikes a host now, or was seen to have struck it, at most `uncertainMs` ago. */
  strikes(id: FaultId, pair: Pair, struck: Host, uncertainMs: number): void {
    const detail = { fault: id, pair: pair.name, struck: struck.name }
    this.#emit('watch:started', detail)
    this.#emit('fault:striking', { ...detail, promise: faults[id].promise, uncertainMs })
  }

  /** @param shown what showed that it happened; or why nothing that follows proves anything */
  struck(id: FaultId, pair: Pair, struck: Host, shown: Shown): void {
    const detail = { fault: id, pair: pair.name, struck: struck.name }
    if ('problem' in shown) this.#emit('fault:unverified', { ...detail, ...shown })
    else this.#emit('fault:struck', { ...detail, verifiedBy: shown.verifiedBy })
  }
}
