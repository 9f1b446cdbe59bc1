/** A full-screen picture on a terminal: only the lines that changed are written. */

const ESCAPE = '\u001b['
/** The alternate screen: what the shell had shown comes back afterwards. No cursor, no wrapped lines. */
const OPEN = `${ESCAPE}?1049h${ESCAPE}?25l${ESCAPE}?7l${ESCAPE}2J`
const CLOSE = `${ESCAPE}?7h${ESCAPE}?25h${ESCAPE}?1049l`

export class Screen {
  readonly #output: NodeJS.WriteStream
  #shown: string[] = []
  readonly #close = () => this.close()
  readonly #forget = () => this.#clear()
  #isOpen = false

  constructor(output: NodeJS.WriteStream) {
    this.#output = output
  }

  /** A terminal that does not tell its size has that of the first ones. */
  get size(): { columns: number; rows: number } {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 }
  }

  open(): void {
    this.#isOpen = true
    this.#output.write(OPEN)
    this.#output.on('resize', this.#forget)
    // Also when an exception ends this process: its message must be seen, and the shell's screen come back.
    process.once('exit', this.#close)
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    const { rows } = this.size
    const changed = lines.slice(0, rows).flatMap((line, row) => {
      if (this.#shown[row] === line) return []
      this.#shown[row] = line
      // Erased before, not after: at the last column the cursor still stands on the last character.
      return [`${ESCAPE}${row + 1};1H${ESCAPE}2K${line}`]
    })
    const below = this.#shown.length > lines.length ? `${ESCAPE}${lines.length + 1};1H${ESCAPE}J` : ''
    this.#shown.length = Math.min(lines.length, rows)
    if (changed.length > 0 || below !== '') this.#output.write(changed.join('') + below)
  }

  /** Gives the terminal back as it was; harmless when called again. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.removeListener('exit', this.#close)
    this.#output.removeListener('resize', this.#forget)
    this.#output.write(CLOSE)
  }

  #clear(): void {
    this.#shown = []
    this.#output.write(`${ESCAPE}2J`)
  }
}
