/** Faults that the lab itself applies: each is logged with what showed that it happened, and taken back at the end. */
import type { Emitter } from '../events/emit.ts'
import type { Fault, Struck, Target } from '../faults/fault.ts'
import { FaultError, type Proof } from '../faults/proof.ts'

/** A fault that is in force. */
export interface InForce {
  readonly fault: Fault
  /** `performance.now()` when it was applied, or came about by itself; before it was verified. */
  readonly sinceMs: number
  readonly shown: Shown
  /**
   * Takes it back, verified and logged. Does nothing the second time, or where there is no way back.
   * @returns null where nothing was done
   */
  undo(): Promise<Shown | null>
}

/** What showed that a fault happened, or was undone; or why nothing that follows proves anything. */
export type Shown = Proof | { problem: string }

export class Strikes {
  readonly #emit: Emitter
  readonly #inForce = new Set<InForce>()

  constructor(emit: Emitter) {
    this.#emit = emit
  }

  /** A fault that cannot be seen to have happened is logged as such: its cells prove nothing, the others do. */
  async strike(fault: Fault, target: Target): Promise<InForce> {
    const detail = { fault: fault.id, pair: target.pair.name, struck: target.struck.name }
    this.#emit('watch:started', detail)
    this.#emit('fault:striking', { ...detail, promise: fault.promise })
    const sinceMs = performance.now()
    let result: Struck
    try {
      result = await fault.strike(target)
      this.#emit('fault:struck', { ...detail, verifiedBy: result.verifiedBy })
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      this.#emit('fault:unverified', { ...detail, problem: error.message })
      return { fault, sinceMs, shown: { problem: error.message }, undo: async () => null }
    }
    const inForce: InForce = {
      fault,
      sinceMs: result.sinceMs ?? sinceMs,
      shown: { verifiedBy: result.verifiedBy },
      undo: async () => {
        if (!this.#inForce.delete(inForce) || result.undo === undefined) return null
        try {
          const proof: Proof = await result.undo()
          this.#emit('fault:undone', { ...detail, verifiedBy: proof.verifiedBy })
          return proof
        } catch (error) {
          if (!(error instanceof FaultError)) throw error
          this.#emit('fault:unverified', { ...detail, problem: error.message })
          return { problem: error.message }
        }
      },
    }
    this.#inForce.add(inForce)
    return inForce
  }

  /** Takes back whatever is in force. */
  async undoAll(): Promise<void> {
    for (const inForce of [...this.#inForce]) await inForce.undo()
  }
}
