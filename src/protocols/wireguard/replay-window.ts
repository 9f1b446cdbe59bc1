/**
 * Which counters have been seen: a packet counts once, may come late, and not too late (RFC 6479).
 *
 * One bit for each counter, in a ring of words. Going forward clears whole words, instead of shifting all of them.
 */
import { REPLAY_WINDOW_PACKETS } from './constants.ts'

const WORD_BITS = 32
/** One word more than the window has: the newest word is never full. */
const WORDS = REPLAY_WINDOW_PACKETS / WORD_BITS + 1

export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS)
  #greatest = -1

  /**
   * Only for a counter whose packet proved to be authentic: or anybody could move the window.
   * @returns false for what came before, or too long ago to know
   */
  accept(counter: number): boolean {
    if (counter <= this.#greatest - REPLAY_WINDOW_PACKETS) return false
    if (counter > this.#greatest) {
      this.#clear(Math.floor(Math.max(this.#greatest, 0) / WORD_BITS), Math.floor(counter / WORD_BITS))
      this.#greatest = counter
    }
    const word = Math.floor(counter / WORD_BITS) % WORDS
    const bit = 1 << (counter % WORD_BITS)
    const words = this.#words
    if (((words[word] as number) & bit) !== 0) return false
    words[word] = (words[word] as number) | bit
    return true
  }

  /** The words between the one that was last, and the one that is now: a whole turn at most. */
  #clear(lastWord: number, newWord: number): void {
    const steps = Math.min(newWord - lastWord, WORDS)
    for (let step = 1; step <= steps; step += 1) this.#words[(lastWord + step) % WORDS] = 0
  }
}
