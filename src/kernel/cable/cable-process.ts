/** The lab's handle on the process that is the cables of a run. */
import type { CableCounts, CableDirection, CableSettings, FrameKind, Link } from '../../wire/cable.ts'
import { type FromHelper, type HelperIdentity, HelperProcess } from '../helper-process.ts'
import type { CableAnswer, ToCables } from './messages.ts'

/** A cable that cannot be had, or no longer: `message` says why. */
export class CableError extends Error {
  override name = 'CableError'
}

export class CableProcess {
  readonly #process: HelperProcess<ToCables, CableAnswer>

  /**
   * Starts it in the namespaces of this process.
   * @param bundle the JavaScript file that `src/processes/cable.ts` was bundled to
   * @throws CableError with its last words when it does not start
   */
  static async start(bundle: string, identity: HelperIdentity): Promise<CableProcess> {
    const started = new CableProcess(bundle, identity)
    answerOf(await started.#process.started)
    return started
  }

  private constructor(bundle: string, identity: HelperIdentity) {
    this.#process = new HelperProcess('the cable process', bundle, identity)
  }

  /** Connects two interfaces, or connects them anew. @throws CableError */
  async connect(pair: string, ends: { a: string; b: string; link: Link }): Promise<void> {
    await this.#ask({ connect: { pair, ...ends } })
  }

  /** Pulled out, nothing passes in either direction, whatever is set. @throws CableError */
  async plug(pair: string, isPlugged: boolean): Promise<void> {
    await this.#ask({ plug: { pair, isPlugged } })
  }

  /** The cable of a pair. */
  of(pair: string): Cable {
    return {
      set: async (direction, change) => {
        const { before } = await this.#ask({ set: { pair, direction, change } })
        if (before === undefined) throw new CableError(`the cable of ${pair} has no settings`)
        return before
      },
      limit: async (direction, bytes) => void (await this.#ask({ limit: { pair, direction, bytes } })),
      isAtLimit: async (direction) => {
        const { isAtLimit = false } = await this.#ask({ limited: { pair, direction } })
        return isAtLimit
      },
      drop: async (direction, kinds, frames) =>
        void (await this.#ask({ drop: { pair, direction, kinds, frames } })),
      hold: async (direction, kinds) => void (await this.#ask({ hold: { pair, direction, kinds } })),
      release: async (direction, kinds = []) =>
        void (await this.#ask({ release: { pair, direction, kinds } })),
      counts: async (direction) => {
        const { counts } = await this.#ask({ count: { pair, direction } })
        if (counts === undefined) throw new CableError(`the cable of ${pair} does not count`)
        return counts
      },
    }
  }

  async stop(): Promise<void> {
    await this.#process.stop({ stop: true })
  }

  async #ask(message: ToCables): Promise<CableAnswer> {
    return answerOf(await this.#process.ask(message))
  }
}

function answerOf({ problem, answer = {} }: FromHelper<CableAnswer>): CableAnswer {
  if (problem !== null) throw new CableError(problem)
  return answer
}

/**
 * A cable that is a program, and so does to frames what it is told. Each direction has its own settings
 * and rules. Every call resolves once it is in force, and throws CableError when there is no cable any more.
 */
export interface Cable {
  /** Changes what is named; the rest stays. @returns the settings before */
  set(direction: CableDirection, change: Partial<CableSettings>): Promise<CableSettings>
  /**
   * When so many bytes have passed by TCP this way, nothing enters the cable any more, either way: in the middle of a
   * segment, if need be. null: there is no limit, and the cable is open again.
   */
  limit(direction: CableDirection, bytes: number | null): Promise<void>
  /** Whether the limit of `limit` is reached. */
  isAtLimit(direction: CableDirection): Promise<boolean>
  /** The next `frames` frames of one of these kinds vanish. Replaces the `drop` before. */
  drop(direction: CableDirection, kinds: readonly FrameKind[], frames: number): Promise<void>
  /** Keeps back frames of these kinds from now on. Replaces the `hold` before, not what it has kept back. */
  hold(direction: CableDirection, kinds: readonly FrameKind[]): Promise<void>
  /** Lets go what was kept back, in order, and keeps back these kinds from now on (without: nothing). */
  release(direction: CableDirection, kinds?: readonly FrameKind[]): Promise<void>
  /** What became of the frames so far; `held` is how many are kept back now. */
  counts(direction: CableDirection): Promise<CableCounts>
}
