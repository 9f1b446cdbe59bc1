/**
 * The lab's handle on the one process of a host: start it, ask it, signal it, see it end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { FromHost, HostIdentity, HostRequests, RequestName } from '../programs/scripts/host-messages.ts'
import { environmentWithSbin } from './commands.ts'
import { Questions } from './questions.ts'

/** From spawn to the first message: node's own start on a busy machine, with plenty to spare. */
const START_LIMIT_MS = 20_000
/** Eighteen such processes share a learner's machine; none needs the memory or the threads node takes. */
const SMALL = ['--max-semi-space-size=1', '--optimize-for-size', '--v8-pool-size=1']
const HEAP_MB = 48
/** What a process says on its standard error before it dies is worth quoting, up to here. */
const LAST_WORDS_LIMIT = 2000

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** The signals by which people end a process; others are how a process fails by itself. */
const DEADLY: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT']

export function isDeadly(signal: NodeJS.Signals): boolean {
  return DEADLY.includes(signal)
}

export class HostProcess {
  readonly pid: number
  /** Resolves when the process has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<Exit>
  /** Set once it has ended. */
  exit: Exit | null = null
  /** The lab has sent it a signal that ends processes. */
  wasKilledByLab = false
  /** Where it answers probes, known once it has started. */
  echoPort = 0
  readonly #child: ChildProcess
  readonly #questions: Questions
  #lastWords = ''

  /**
   * Starts the process of a host and resolves when it runs.
   * @param bundle the JavaScript file that `src/processes/host.ts` was bundled to
   * @param heapMb what it may keep in memory
   * @throws Error with the process's own last words when it does not start
   */
  static async start(
    commandPrefix: readonly string[],
    bundle: string,
    identity: HostIdentity,
    heapMb = HEAP_MB,
  ): Promise<HostProcess> {
    const [program = '', ...args] = [
      ...commandPrefix,
      process.execPath,
      ...SMALL,
      `--max-old-space-size=${heapMb}`,
      bundle,
      JSON.stringify(identity),
    ]
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // glibc keeps an arena of memory for each thread, most of it empty.
      env: { ...environmentWithSbin(), MALLOC_ARENA_MAX: '1' },
    })
    const started = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no sign of life in ${START_LIMIT_MS} ms`)),
        START_LIMIT_MS,
      )
      const settle = (act: () => void) => {
        clearTimeout(timer)
        act()
      }
      child.once('error', (error) => settle(() => reject(error)))
      child.once('exit', (code, signal) =>
        settle(() => reject(new Error(`it ended at once (${signal ?? code})`))),
      )
      child.once('message', (message) =>
        settle(() => resolve((message as { started: { echoPort: number } }).started.echoPort)),
      )
    })
    const running = new HostProcess(child)
    try {
      running.echoPort = await started
    } catch (error) {
      child.kill('SIGKILL')
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(
        `Host ${identity.host} did not start: ${[reason, running.#lastWords].filter(Boolean).join(': ')}`,
      )
    }
    return running
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.pid = child.pid ?? 0
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#lastWords.length < LAST_WORDS_LIMIT) this.#lastWords += text.slice(0, LAST_WORDS_LIMIT)
    })
    this.#questions = new Questions((question, onError) => child.send(question, onError))
    child.on('message', (message: FromHost) => {
      if ('id' in message) this.#questions.receive(message)
    })
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal }
        this.#questions.end(`the process ended (${signal ?? code}) ${this.#lastWords}`.trim())
        resolve(this.exit)
      })
    })
  }

  /**
   * Asks the process for something and resolves with its answer.
   * @param takesMs how long the process may take by the nature of the request, beside the usual limit
   * @throws Error when it ends, refuses, or does not answer in time
   */
  ask<N extends RequestName>(
    request: N,
    ask: HostRequests[N]['ask'],
    takesMs = 0,
  ): Promise<HostRequests[N]['answer']> {
    return this.#questions.ask(request, ask, takesMs) as Promise<HostRequests[N]['answer']>
  }

  /** Sends a signal. Does nothing once the process has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit !== null) return
    this.wasKilledByLab ||= isDeadly(signal)
    this.#child.kill(signal)
  }
}
