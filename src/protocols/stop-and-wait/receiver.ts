/** The other end of `sender.ts`: it takes each message once, in order, and acknowledges every copy of it. */

export class StopAndWaitReceiver {
  #expected = 1

  /**
   * @returns `isNew`: to be handed over, now. `acknowledge`: also a copy of an old one, since the answer to the
   *   one before may be what was lost; never one out of turn, which no such sender sends
   */
  receive(number: number): { isNew: boolean; acknowledge: boolean } {
    const isNew = number === this.#expected
    if (isNew) this.#expected += 1
    return { isNew, acknowledge: number < this.#expected }
  }
}
