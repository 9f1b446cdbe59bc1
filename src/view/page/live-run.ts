/** The one run of this server: what may be done with it now, and what is known of it so far. */
import type { LabEvent } from '../../events/vocabulary.ts'
import { overall } from '../../lab/checks.ts'
import type { Lab } from '../../lab/lab.ts'
import type { LabOptions } from '../../lab/options.ts'
import type { PlayCommand } from '../../lab/play-command.ts'
import type { Report } from '../../lab/report.ts'
import { type Run, startRun } from '../../lab/start.ts'
import { EventStore } from './event-store.ts'
import type { LiveState } from './messages.ts'
import { impossible } from './possible.ts'

/** It cannot be done now; the message is for the person at the page. */
export class NotNowError extends Error {
  override name = 'NotNowError'
}

const IDLE: LiveState = { phase: 'idle', plan: null, command: null, problem: null, verdict: null }
const GOING_ON: readonly LiveState['phase'][] = ['starting', 'running', 'stopping']

export class LiveRun {
  readonly #changed: () => void
  readonly #startRun: typeof startRun
  #run: Run | null = null
  #state: LiveState = IDLE
  #version = 0
  #stopWanted = false
  #ended: Promise<unknown> = Promise.resolve()
  store: EventStore | null = null
  report: Report | null = null

  /**
   * @param changed called when there is something new to tell
   * @param start how a run is started; tests and the bench have one without processes
   */
  constructor(changed: () => void, start = startRun) {
    this.#changed = changed
    this.#startRun = start
  }

  get state(): LiveState {
    return this.#state
  }

  /** Counts the changes of `state`. */
  get version(): number {
    return this.#version
  }

  /**
   * Starts a run that the browsers can watch, as `startRun` does.
   * @throws NotNowError while another goes on; CannotRunError
   */
  async start(
    lab: Lab,
    options: LabOptions,
    onEvents: (events: LabEvent[]) => void = () => {},
    command: string | null = null,
  ): Promise<Run> {
    if (GOING_ON.includes(this.#state.phase)) throw new NotNowError('a run is going on; stop it first')
    this.#stopWanted = false
    this.report = null
    this.store = null
    this.#become({ ...IDLE, phase: 'starting', command })
    try {
      const run = await this.#startRun(lab, options, (events) => {
        this.store?.add(events)
        onEvents(events)
        this.#changed()
      })
      this.#run = run
      this.store = new EventStore(run.plan.run)
      this.#become({ ...this.#state, phase: 'running', plan: run.plan })
      this.#ended = this.#follow(run)
      if (this.#stopWanted) this.stop()
      return run
    } catch (error) {
      this.#become({ ...this.#state, phase: 'failed', problem: messageOf(error) })
      throw error
    }
  }

  /** Ends it early, in order. Nothing happens when there is nothing to end. */
  stop(): void {
    this.#stopWanted = true
    if (this.#run === null) return
    this.#become({ ...this.#state, phase: 'stopping' })
    this.#run.stop()
  }

  /** Does something to a host. @throws NotNowError */
  command(command: PlayCommand): void {
    const { phase, plan } = this.#state
    if (this.#run === null || phase !== 'running' || plan?.play !== true) {
      throw new NotNowError('there is no run in play mode to do that in')
    }
    const why = impossible(plan.tier, process.platform).actions[command.action]
    if (why !== undefined) throw new NotNowError(`${command.action} is impossible here: ${why}`)
    this.#run.command(command)
  }

  /** Stops what goes on and resolves when nothing does. */
  async close(): Promise<void> {
    this.stop()
    await this.#ended
  }

  async #follow(run: Run): Promise<void> {
    try {
      const { report } = await run.done
      this.report = report
      this.#become({ ...this.#state, phase: 'ended', verdict: overall(report.checks) })
    } catch (error) {
      this.#become({ ...this.#state, phase: 'failed', problem: messageOf(error) })
    } finally {
      this.#run = null
    }
  }

  #become(state: LiveState): void {
    this.#state = state
    this.#version += 1
    this.#changed()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
