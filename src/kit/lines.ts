/** What a program has said, and those who wait for a line of it. */

/** What a program says beyond this before anybody asks is forgotten, the oldest first. */
const LINES_KEPT = 1000
/** Told where a line does not come. */
const LAST_LINES = 40

export interface Line {
  line: string
  /** When it was read, by `performance.now()`. */
  atMs: number
}

interface Waiting {
  pattern: RegExp
  settle: (line: Line | null) => void
}

/** Each line is found once: who asks gets the first that matches behind the one found last. */
export class Lines {
  #unread: Line[] = []
  readonly #last: string[] = []
  readonly #waiting = new Set<Waiting>()

  add(text: string, atMs: number): void {
    const line = { line: text, atMs }
    this.#last.push(text)
    if (this.#last.length > LAST_LINES) this.#last.shift()
    const waiting = [...this.#waiting].find(({ pattern }) => pattern.test(text))
    if (waiting !== undefined) {
      this.#unread = []
      waiting.settle(line)
      return
    }
    this.#unread.push(line)
    if (this.#unread.length > LINES_KEPT) this.#unread.shift()
  }

  /** Nobody gets what was said until now. */
  forget(): void {
    this.#unread = []
  }

  /** The last ones, found or not. */
  get last(): readonly string[] {
    return this.#last
  }

  /**
   * The first that matches, said already or to come.
   * @param pattern without the flags g and y, which remember where they were
   * @returns null where it does not come in time
   */
  until(pattern: RegExp, withinMs: number): Promise<Line | null> {
    const at = this.#unread.findIndex(({ line }) => pattern.test(line))
    const found = this.#unread[at]
    if (found !== undefined) {
      this.#unread.splice(0, at + 1)
      return Promise.resolve(found)
    }
    return new Promise((resolve) => {
      const settle = (line: Line | null) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve(line)
      }
      const waiting = { pattern, settle }
      const timer = setTimeout(() => settle(null), withinMs)
      this.#waiting.add(waiting)
    })
  }
}
