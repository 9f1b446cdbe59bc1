/**
 * A command that runs on a host beside the host's own process: a program that has to be killed by itself, a
 * server nobody here wrote, a browser. It ends with the lab, whatever happens: in the netns tier all that it
 * started ends too, since the kernel ends a whole pid namespace.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Emitter } from '../events/emit.ts'
import { environmentWithSbin } from './commands.ts'
import type { Host } from './host.ts'
import { type Exit, isDeadly } from './host-process.ts'

/** A line is somebody else's data: how much of it is logged and matched. */
const LINE_LIMIT = 2000
/** What a program prints beyond this many lines is read and not logged: a log is no place for a flood. */
export const LINES_LOGGED_MAX = 5000
/** How many lines are kept for `untilLine`: the newest. */
const LINES_KEPT = 1000
/** From SIGTERM to SIGKILL. */
const END_LIMIT_MS = 2000

/** One line that a command printed. */
export interface SaidLine {
  stream: 'stdout' | 'stderr'
  line: string
}

export interface CommandOptions {
  /** What its lines are logged as, `program` in the log: `redis`. */
  name: string
  /** Added to the lab's own environment. */
  environment?: Record<string, string>
  /** The lab's own where it is left out. */
  folder?: string
  /** It starts others, as a browser does, and its signals are for all of them: they are a process group. */
  isGroup?: boolean
  /**
   * Only lines that match are logged and waited for, and of them what the first group holds: a browser says much that
   * nobody asked.
   */
  lines?: RegExp
  onLine?: (said: SaidLine) => void
  /** Lines that somebody waits for: logged behind a flood, too, as many of them again. */
  telling?: readonly RegExp[]
}

/** A command that could not be started. */
export class CommandNotStartedError extends Error {
  override name = 'CommandNotStartedError'
}

export class HostCommand {
  readonly pid: number
  /** Resolves when it has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<Exit>
  /** Set once it has ended. */
  exit: Exit | null = null
  /** The lab has sent it a signal that ends processes. */
  wasKilledByLab = false
  readonly #child: ChildProcess
  readonly #lines: SaidLine[] = []
  readonly #listeners = new Set<(said: SaidLine) => void>()
  /** It has ended, and all that it printed was read. */
  #isSilent = false
  readonly #argv: readonly string[]
  readonly #isGroup: boolean
  readonly #emit: Emitter

  /**
   * Starts a command on a host; its output becomes events, line by line.
   * @param emit an emitter of the host that it runs on
   * @throws CommandNotStartedError when there is no such program
   */
  static async start(
    host: Host,
    argv: readonly string[],
    options: CommandOptions,
    emit: Emitter,
  ): Promise<HostCommand> {
    const [program = '', ...args] = [...host.commandPrefix, ...argv]
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.isGroup === true,
      env: { ...environmentWithSbin(), ...options.environment },
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', ({ message }) =>
        reject(new CommandNotStartedError(`${argv.join(' ')}: ${message}`)),
      )
    })
    return new HostCommand(child, argv, options, emit)
  }

  private constructor(child: ChildProcess, argv: readonly string[], options: CommandOptions, emit: Emitter) {
    this.#child = child
    this.#argv = argv
    this.#emit = emit
    this.#isGroup = options.isGroup === true
    this.pid = child.pid ?? 0
    emit('command:started', { argv: [...argv], processId: this.pid })
    let logged = 0
    let told = 0
    for (const stream of ['stdout', 'stderr'] as const) {
      readLines(child[stream], (text) => {
        const line = options.lines === undefined ? text : options.lines.exec(text)?.[1]
        if (line === undefined) return
        const said = { stream, line }
        logged += 1
        if (logged < LINES_LOGGED_MAX) emit('command:said', said)
        else if (logged === LINES_LOGGED_MAX) {
          emit('command:said', { stream, line: `(${logged} lines: what follows is not logged)` })
        } else if (told < LINES_LOGGED_MAX && options.telling?.some((pattern) => pattern.test(line))) {
          told += 1
          emit('command:said', said)
        }
        this.#lines.push(said)
        if (this.#lines.length > LINES_KEPT) this.#lines.shift()
        options.onLine?.(said)
        for (const listener of [...this.#listeners]) listener(said)
      })
    }
    child.once('close', () => {
      this.#isSilent = true
    })
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal }
        emit('command:ended', { code, signal })
        resolve(this.exit)
      })
    })
  }

  /**
   * The first line that matches, printed already or to come.
   * @throws Error with the last lines, when it ends or `withinMs` passes without one
   */
  untilLine(pattern: RegExp, { withinMs }: { withinMs: number }): Promise<string> {
    const matches = ({ line }: SaidLine) => pattern.test(line)
    const found = this.#lines.find(matches)
    if (found !== undefined) return Promise.resolve(found.line)
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        stop()
        const last = this.#lines.slice(-3).map(({ line }) => line)
        reject(
          new Error(`${this.#argv[0]} ${why}${last.length === 0 ? '' : `; it said: ${last.join(' / ')}`}`),
        )
      }
      const listener = (said: SaidLine) => {
        if (!matches(said)) return
        stop()
        resolve(said.line)
      }
      const timer = setTimeout(() => fail(`did not print ${pattern} in ${withinMs} ms`), withinMs)
      const stop = () => {
        clearTimeout(timer)
        this.#listeners.delete(listener)
      }
      this.#listeners.add(listener)
      // Its last lines come after its end.
      if (this.#isSilent) fail(`ended before it printed ${pattern}`)
      this.#child.once('close', () => {
        if (this.#listeners.has(listener)) fail(`ended before it printed ${pattern}`)
      })
    })
  }

  /** Sends a signal. Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit !== null) return
    this.#emit('command:signalled', { signal })
    this.wasKilledByLab ||= isDeadly(signal)
    if (this.#isGroup) process.kill(-this.pid, signal)
    else this.#child.kill(signal)
  }

  /** Reads no more of its output, which what it has started may hold open for ever. */
  hangUp(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  /** Asks it to end (SIGTERM), and ends it when it does not. */
  async end(): Promise<Exit> {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), END_LIMIT_MS)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }
}

/** Line by line; of a line without an end no more is kept than of any other. */
function readLines(input: Readable | null, onLine: (line: string) => void): void {
  let rest = ''
  let isLate = false
  input?.setEncoding('utf8').on('data', (chunk: string) => {
    const [first = '', ...others] = (isLate && chunk.startsWith('\n') ? chunk.slice(1) : chunk).split(
      /\r\n|\n|\r/,
    )
    // A line may end in CR LF, and the LF may come with the next chunk.
    isLate = chunk.endsWith('\r')
    rest = (rest + first).slice(0, LINE_LIMIT)
    for (const next of others) {
      onLine(rest)
      rest = next.slice(0, LINE_LIMIT)
    }
  })
  input?.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
