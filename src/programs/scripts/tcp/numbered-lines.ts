/** Lines numbered from 1, all of one length: whoever reads them sees whether any is out of its place. */

/** With its LF. */
export const NUMBERED_LINE_BYTES = 100

export function numberedLines(count: number): Buffer {
  const lines = Array.from(
    { length: count },
    (_, index) => `${String(index + 1).padStart(NUMBERED_LINE_BYTES - 1, '.')}\n`,
  )
  return Buffer.from(lines.join(''))
}

/** Reads them as they come, in pieces of whatever length. */
export class LineOrder {
  /** Less than a line. */
  #rest: Buffer = Buffer.alloc(0)
  #last = 0

  /** @returns how many of the lines that are whole now did not follow the one before */
  take(chunk: Buffer): number {
    let misplaced = 0
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= NUMBERED_LINE_BYTES) {
      const line = this.#rest.subarray(0, NUMBERED_LINE_BYTES).toString('latin1')
      const number = Number(/^\.*(\d+)\n$/.exec(line)?.[1] ?? Number.NaN)
      if (number !== this.#last + 1) misplaced += 1
      this.#last = number
      this.#rest = this.#rest.subarray(NUMBERED_LINE_BYTES)
    }
    return misplaced
  }
}
