/**
 * The lab's handle on a process that helps it inside the run's namespaces (captures, cables): started from
 * a bundle, asked one thing after the other over IPC, ended by its pid.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** Enough for node's own start on a busy machine. One that takes longer is stuck. */
const ANSWER_LIMIT_MS = 10_000
const LAST_WORDS_LIMIT = 2000

/** The descriptor at its end by which the lab asks: its place in `stdio`. */
export const LAB_FD = 3

/** How such a process is told where to write: one JSON argument. */
export interface HelperIdentity {
  run: string
  lab: string
  /** Absolute: the run's folder. */
  folder: string
}

/** Done; the first one says that the process runs. `problem`: it could not. */
export interface FromHelper<Answer = undefined> {
  problem: string | null
  answer?: Answer
}

export class HelperProcess<Message extends object, Answer = undefined> {
  readonly #what: string
  readonly #child: ChildProcess
  /** Those who wait for an answer, in the order they asked. */
  readonly #waiting: ((answer: FromHelper<Answer>) => void)[] = []
  /** Resolves when it has ended, whoever ended it, with the reason. Never rejects. */
  readonly ended: Promise<string>
  #end: string | null = null
  #lastWords = ''

  /**
   * Starts it in the namespaces of this process; `started` resolves when it runs, or has failed.
   * @param what its name in problems: `the capture process`
   * @param bundle the JavaScript file that it was bundled to
   */
  constructor(what: string, bundle: string, { run, lab, folder }: HelperIdentity) {
    this.#what = what
    this.#child = spawn(process.execPath, [bundle, JSON.stringify({ run, lab, folder })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#lastWords.length < LAST_WORDS_LIMIT) this.#lastWords += text.slice(0, LAST_WORDS_LIMIT)
    })
    this.#child.on('message', (message) => this.#waiting.shift()?.(message as FromHelper<Answer>))
    this.ended = new Promise((resolve) => {
      const end = (because: string) => {
        if (this.#end !== null) return
        this.#end = `${what} ended (${because}) ${this.#lastWords}`.trim()
        for (const answered of this.#waiting.splice(0)) answered({ problem: this.#end })
        resolve(this.#end)
      }
      this.#child.once('error', (error) => end(error.message))
      this.#child.once('exit', (code, signal) => end(String(signal ?? code)))
    })
    this.started = this.#answer()
  }

  readonly started: Promise<FromHelper<Answer>>

  /** Whether it still runs. */
  get isRunning(): boolean {
    return this.#end === null
  }

  /** Asks for one thing. Never rejects: what went wrong, also its end, is in `problem`. */
  async ask(message: Message): Promise<FromHelper<Answer>> {
    if (this.#end !== null || !this.#child.connected) {
      return { problem: this.#end ?? `${this.#what} cannot be asked any more` }
    }
    const answered = this.#answer()
    this.#child.send(message, () => {
      // It may have ended by now; then `exit` answers.
    })
    return answered
  }

  /** Asks it to end, and ends it. */
  async stop(message: Message): Promise<void> {
    await Promise.race([this.ask(message), this.ended])
    if (this.isRunning) this.#child.kill('SIGKILL')
    await this.ended
  }

  #answer(): Promise<FromHelper<Answer>> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL')
        resolve({ problem: `${this.#what} does not answer in ${ANSWER_LIMIT_MS} ms` })
      }, ANSWER_LIMIT_MS)
      this.#waiting.push((answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
    })
  }
}
