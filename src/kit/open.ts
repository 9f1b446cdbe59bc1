/**
 * `import { open } from 'stillhere'`: two hosts for a test, with a cable between them that can be cut.
 *
 *       lab.client                              lab.server
 *   node client.js 10.0.1.2  ==== switch ====  node server.js
 *
 * The hosts live in the runner of a run (lab.ts), a process of its own; what is here asks it, through its channel.
 */
import { isRegExp } from 'node:util/types'
import type { HostSide } from '../events/host-names.ts'
import { nearest } from '../foreign/nearest.ts'
import { NoAnswerError, Questions } from '../hosts/questions.ts'
import { parseTime } from '../try/durations.ts'
import { tell } from './keep.ts'
import type { KitRequest, KitRequests } from './messages.ts'
import { type ProgramFunction, programOf } from './program-function.ts'
import { type Ready, takeReady } from './ready.ts'
import { contextOf, type NodeTest, type TestContext } from './test-context.ts'
import {
  type Between,
  betweens,
  type Connection,
  type Ended,
  type KitFault,
  kitFaults,
  type On,
  type Said,
  type Within,
} from './types.ts'

/** Less than the 5 s that a test has in most test runners, so that it is we who say what is missing. */
const WITHIN = '4s'
/** A fault with its proof: a host that has spoken into a cut asks three times for the other's address, once a second. */
const FAULT_TAKES_MS = 20_000
/** To start a program: also that the programs of the server's host listen. */
const START_TAKES_MS = 15_000

/** What a lab, or one of its programs, did not do as it was expected to: the message says what it did instead. */
export class LabError extends Error {
  override name = 'LabError'
}

export interface OpenOptions {
  /** What is between the hosts. Some faults need a `cable` or a `router`; by default it is a switch. */
  between?: Between
  /** The argument of a test of `node:test`: says where to look when the test fails. vitest tells by itself. */
  test?: NodeTest
}

/**
 * Opens a lab: two hosts of their own network, without root. Close it by `await using`, or by {@link Lab.close}.
 * Where this machine cannot have such hosts, a test of vitest is skipped, with the reason.
 * @throws CannotOpenError with that reason, in a test runner in which a running test cannot be skipped
 */
export async function open({ between = 'switch', test }: OpenOptions = {}): Promise<Lab> {
  mustBeOneOf('between', between, betweens)
  const context = await contextOf(test)
  return new Lab(await takeReady(between, context), context)
}

export class Lab {
  /** Where the clients run. */
  readonly client: LabHost
  /** Where the servers run. */
  readonly server: LabHost
  /** Where its report and captures are, once it is closed. */
  readonly folder: string
  readonly #ready: Ready
  readonly #questions: Questions
  #isClosed: Promise<void> | null = null

  /** @internal */
  constructor(ready: Ready, context: TestContext | null) {
    this.#ready = ready
    this.folder = ready.folder
    this.#questions = new Questions(ready.send)
    ready.listen(
      (answer) => this.#questions.receive(answer),
      (because) => this.#questions.end(because),
    )
    context?.onTestFailed(() => tell(this.folder))
    const asks = <R extends KitRequest>(request: R, ask: KitRequests[R]['ask'], takesMs?: number) =>
      this.#ask(request, ask, takesMs)
    this.client = new LabHost('a', ready.addresses.client, asks)
    this.server = new LabHost('b', ready.addresses.server, asks)
  }

  /**
   * Resolves when a client and a server talk: a connection is established, or datagrams have come at both hosts.
   * @throws LabError when they do not in time, or one of them ends before
   */
  async talking({ within = WITHIN }: Within = {}): Promise<void> {
    const withinMs = milliseconds(within)
    await this.#ask('talking', { withinMs }, withinMs)
  }

  /**
   * Strikes, runs the block, and undoes the fault however the block ends. What a fault has ended is started again then,
   * as a supervisor would.
   * @param block its value is the value of the whole
   * @throws LabError when the fault cannot be seen to happen or to be undone; whatever the block throws
   */
  async during<Value>(
    fault: KitFault,
    block: (strike: Strike) => Promise<Value> | Value,
    on: On = {},
  ): Promise<Value> {
    const strike = await this.strike(fault, on)
    let value: Value
    try {
      value = await block(strike)
    } catch (error) {
      // What the block says matters more than what may go wrong now.
      await strike.undo().catch(() => {})
      tell(this.folder)
      throw error
    }
    await strike.undo()
    return value
  }

  /**
   * Strikes now; it lasts until {@link Strike.undo}, or until the lab is closed.
   * @throws LabError when it cannot be seen to happen, or needs something else between the hosts
   */
  async strike(fault: KitFault, { strike = 'server' }: On = {}): Promise<Strike> {
    mustBeOneOf('fault', fault, kitFaults)
    mustBeOneOf('strike', strike, ['server', 'client'])
    const side = strike === 'server' ? 'b' : 'a'
    const { strike: id, ...seen } = await this.#ask('strike', { fault, side }, FAULT_TAKES_MS)
    return new Strike(seen, async () => (await this.#ask('undo', { strike: id }, FAULT_TAKES_MS)).proof)
  }

  /** The TCP connections between the hosts as both kernels have them now, with what the programs have set. */
  async connections(): Promise<Connection[]> {
    return this.#ask('connections', null)
  }

  /** Undoes every fault, ends every program, and writes what was seen. Does nothing the second time. */
  close(): Promise<void> {
    this.#isClosed ??= this.#close()
    return this.#isClosed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // It is gone already, and has said why to whoever asked; or it is stuck.
    await this.#questions.ask('close', null).catch(() => this.#ready.stop())
    await this.#ready.ended
  }

  async #ask<R extends KitRequest>(
    request: R,
    ask: KitRequests[R]['ask'],
    takesMs = 0,
  ): Promise<KitRequests[R]['answer']> {
    try {
      return (await this.#questions.ask(request, ask, takesMs)) as KitRequests[R]['answer']
    } catch (error) {
      const isStuck = request === 'says' && error instanceof NoAnswerError
      const advice = isStuck ? '; does the pattern backtrack for ever?' : ''
      throw new LabError(
        `${(error as Error).message}${advice}\n  what each end saw: ${this.folder}/report.html`,
      )
    }
  }
}

type Asks = <R extends KitRequest>(
  request: R,
  ask: KitRequests[R]['ask'],
  takesMs?: number,
) => Promise<KitRequests[R]['answer']>

/** One of the two hosts. */
export class LabHost {
  /** Its IPv4 address, in a network that only the two hosts have. */
  readonly address: string
  readonly #side: HostSide
  readonly #ask: Asks

  /** @internal */
  constructor(side: HostSide, address: string, ask: Asks) {
    this.#side = side
    this.address = address
    this.#ask = ask
  }

  /**
   * Starts a program there, in the test's own folder. On the client's host it waits first until the server's programs
   * listen.
   * @param program a command for a shell, in which `{server}` is the server's address; or a function, which runs in a
   *   process of its own and so sees nothing but its argument
   * @throws LabError when there is no such program, or the server's programs listen nowhere
   */
  async start(program: string | ProgramFunction): Promise<Program> {
    const ask = { side: this.#side, command: programOf(program) }
    const { program: name } = await this.#ask('start', ask, START_TAKES_MS)
    return new Program(name, this.#ask)
  }
}

/** A program on a host. A fault that ends it starts it again when it is undone: this is then the new one. */
export class Program {
  /** `client`, `client2`, `server`: as the report calls it. */
  readonly name: string
  readonly #ask: Asks

  /** @internal */
  constructor(name: string, ask: Asks) {
    this.name = name
    this.#ask = ask
  }

  /**
   * The first line that matches, said already or to come: after the line that was found last, and after the last fault.
   * @throws LabError with what it said last, when none comes in time
   */
  async says(pattern: RegExp, { within = WITHIN }: Within = {}): Promise<Said> {
    const withinMs = milliseconds(within)
    if (!isRegExp(pattern)) throw new TypeError('says: expected a pattern such as /lost/')
    const { source, flags } = pattern
    // They remember where they were, and lines are looked at one by one.
    const ask = { program: this.name, pattern: source, flags: flags.replaceAll(/[gy]/g, ''), withinMs }
    return this.#ask('says', ask, withinMs)
  }

  /**
   * Resolves when it has ended.
   * @throws LabError when it has not in time
   */
  async ends({ within = WITHIN }: Within = {}): Promise<Ended> {
    const withinMs = milliseconds(within)
    return this.#ask('ends', { program: this.name, withinMs }, withinMs)
  }
}

/** A fault in force, which was seen to happen. */
export class Strike {
  /** What happens, and what does not. */
  readonly promise: string
  /** What showed, apart from the act itself, that it happened. */
  readonly proof: string
  readonly #undo: () => Promise<string | null>

  /** @internal */
  constructor({ promise, proof }: { promise: string; proof: string }, undo: () => Promise<string | null>) {
    this.promise = promise
    this.proof = proof
    this.#undo = undo
  }

  /**
   * Takes it back, and starts again what it has ended.
   * @returns what showed that it was undone; null where there was nothing to undo, or it was undone before
   * @throws LabError when it cannot be seen to be undone
   */
  undo(): Promise<string | null> {
    return this.#undo()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo()
  }
}

/** @throws RangeError for another word: not everybody has types */
function mustBeOneOf(what: string, word: string, right: readonly string[]): void {
  if (!right.includes(word)) throw new RangeError(`${what}: "${word}"; ${nearest(word, right)}`)
}

/** @throws RangeError for what is no time */
function milliseconds(within: string): number {
  const ms = parseTime(within)
  if (ms === null)
    throw new RangeError(`within: "${within}" is no time; expected one such as 500ms, 10s, 1.5m`)
  return ms
}
