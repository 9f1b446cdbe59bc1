/**
 * The lab's handle on the capture process. Captures are a help to those who look, and nothing a lab
 * depends on: when they fail, an event says so and the lab goes on without.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Emitter } from '../../events/emit.ts'
import type { CaptureIdentity, FromCapture, ToCapture } from './messages.ts'

/** Enough for node's own start on a busy machine. One that takes longer is stuck. */
const ANSWER_LIMIT_MS = 10_000
const LAST_WORDS_LIMIT = 2000

export class CaptureProcess {
  readonly #child: ChildProcess
  readonly #emit: Emitter
  /** Those who wait for an answer, in the order they asked. */
  readonly #waiting: (() => void)[] = []
  readonly #ended: Promise<void>
  #hasEnded = false
  #stopping = false
  #lastWords = ''

  /**
   * Starts it in the namespaces of this process. Resolves when it runs, or has failed.
   * @param bundle the JavaScript file that `src/capture.ts` was bundled to
   * @param emit says what went wrong
   */
  static async start(bundle: string, identity: CaptureIdentity, emit: Emitter): Promise<CaptureProcess> {
    const started = new CaptureProcess(bundle, identity, emit)
    await started.#answer()
    return started
  }

  private constructor(bundle: string, identity: CaptureIdentity, emit: Emitter) {
    this.#emit = emit
    this.#child = spawn(process.execPath, [bundle, JSON.stringify(identity)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#lastWords.length < LAST_WORDS_LIMIT) this.#lastWords += text.slice(0, LAST_WORDS_LIMIT)
    })
    this.#child.on('message', ({ problem }: FromCapture) => {
      if (problem !== null) this.#failed(problem)
      this.#waiting.shift()?.()
    })
    this.#ended = new Promise((resolve) => {
      const end = (because: string) => {
        if (this.#hasEnded) return
        this.#hasEnded = true
        if (!this.#stopping) this.#failed(`the capture process ended (${because}) ${this.#lastWords}`.trim())
        for (const answered of this.#waiting.splice(0)) answered()
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      this.#child.once('exit', (code, signal) => end(String(signal ?? code)))
    })
  }

  /** Captures this host's packets from now on; anew after each reboot. */
  watch({ name, incarnation }: { name: string; incarnation: number }): Promise<void> {
    return this.#ask({ watch: { name, incarnation } })
  }

  /** What the servers speak, by `address:port`, so that packets get the group id of their connection. */
  label(mechanisms: Record<string, string>): Promise<void> {
    return this.#ask({ mechanisms })
  }

  /** Writes the last packets and ends it. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.race([this.#ask({ stop: true }), this.#ended])
    if (!this.#hasEnded) this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #ask(message: ToCapture): Promise<void> {
    if (this.#hasEnded || !this.#child.connected) return
    const answered = this.#answer()
    this.#child.send(message, () => {
      // It may have ended by now; then `exit` answers.
    })
    await answered
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#failed(`the capture process does not answer in ${ANSWER_LIMIT_MS} ms`)
        this.#child.kill('SIGKILL')
      }, ANSWER_LIMIT_MS)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #failed(message: string): void {
    this.#emit('program:failed', { message })
  }
}
