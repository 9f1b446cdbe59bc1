/**
 * The one run of this server: what may be done with it now, and what is known of it so far. While a
 * question about it is open, `state`, `store` and `report` say nothing of what it found, to nobody.
 */
import type { LabEvent } from '../events/vocabulary.ts'
import { UsageError } from '../foreign/usage.ts'
import { overall } from '../lab/checks.ts'
import type { Lab } from '../lab/lab.ts'
import { questionsToAsk, type Told } from '../lab/predict.ts'
import type { Report } from '../lab/report.ts'
import { readPredictions } from '../launcher/prediction-file.ts'
import { latestRun, type Outcome, type Run, type StartRun, startRun } from '../launcher/start.ts'
import type { LabOptions } from '../plan/options.ts'
import type { PlayCommand } from '../plan/play-command.ts'
import { impossibleActions } from '../plan/possible.ts'
import { writeReportHtml } from '../view/report/report-html.ts'
import { Asking } from './asking.ts'
import { EventStore } from './event-store.ts'
import type { LiveState, Prediction } from './messages.ts'

/** It cannot be done now; the message is for the person at the page. */
export class NotNowError extends Error {
  override name = 'NotNowError'
}

const IDLE: LiveState = {
  phase: 'idle',
  plan: null,
  command: null,
  problem: null,
  verdict: null,
  asked: null,
}
const GOING_ON: readonly LiveState['phase'][] = ['starting', 'running', 'stopping']

export class LiveRun {
  readonly #changed: () => void
  readonly #startRun: StartRun
  #run: Run | null = null
  #lab: Lab | null = null
  #state: LiveState = IDLE
  #version = 0
  #stopWanted = false
  #ended: Promise<unknown> = Promise.resolve()
  #store: EventStore | null = null
  #report: Report | null = null
  /** Kept for the predictions only, and until they are told: its log is big. */
  #outcome: Outcome | null = null
  #asking: Asking | null = null
  #told: Told | null = null

  /**
   * @param changed called when there is something new to tell
   * @param start how a run is started; tests and the bench have one without processes
   */
  constructor(changed: () => void, start: StartRun = startRun) {
    this.#changed = changed
    this.#startRun = start
  }

  get state(): LiveState {
    const asked = this.#asking?.asked ?? null
    return { ...this.#state, asked, verdict: this.#isHeld ? null : this.#state.verdict }
  }

  /** null: there is nothing yet that may be shown. */
  get store(): EventStore | null {
    return this.#isHeld ? null : this.#store
  }

  get report(): Report | null {
    return this.#isHeld ? null : this.#report
  }

  /** The predictions beside what was observed; null before both are there. */
  get told(): Told | null {
    return this.#told
  }

  /** The run that is not to be shown yet, from its folder neither. */
  get heldRun(): string | null {
    return this.#isHeld ? (this.#state.plan?.run ?? null) : null
  }

  /** Counts the changes of `state`. */
  get version(): number {
    return this.#version
  }

  /**
   * Starts a run that the browsers can watch, as `startRun` does.
   * @param asksFirst whether they are to predict what they will see
   * @throws NotNowError while another goes on, or waits for predictions; CannotRunError
   */
  async start(
    lab: Lab,
    options: LabOptions,
    onEvents: (events: LabEvent[]) => void = () => {},
    command: string | null = null,
    asksFirst = false,
  ): Promise<Run> {
    if (GOING_ON.includes(this.#state.phase)) throw new NotNowError('a run is going on; stop it first')
    if (this.#isHeld) throw new NotNowError('the last run waits for your predictions; answer or skip them')
    this.#stopWanted = false
    this.#lab = lab
    this.#report = null
    this.#outcome = null
    this.#store = null
    this.#asking = null
    this.#told = null
    this.#become({ ...IDLE, phase: 'starting', command })
    try {
      const run = await this.#startRun(lab, options, (events) => {
        this.#store?.add(events)
        onEvents(events)
        this.#changed()
      })
      this.#run = run
      this.#store = new EventStore(run.plan.run)
      if (asksFirst) this.#ask(lab, run, options)
      this.#become({ ...this.#state, phase: 'running', plan: run.plan })
      this.#ended = this.#follow(run)
      if (this.#stopWanted) this.stop()
      return run
    } catch (error) {
      this.#become({ ...this.#state, phase: 'failed', problem: messageOf(error) })
      throw error
    }
  }

  /** What has been found so far, of a run that is judged while it goes on. */
  judged(report: Report): void {
    this.#report = report
    this.#changed()
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
    const why = impossibleActions(plan.tier, process.platform)[command.action]
    if (why !== undefined) throw new NotNowError(`${command.action} is impossible here: ${why}`)
    this.#run.command(command)
  }

  /**
   * Takes an answer, once.
   * @throws NotNowError when it comes too late; UsageError when there is no such choice
   */
  predict({ run, question, choice }: Prediction): void {
    const asking = this.#openAsking(run)
    if (asking.asked.open?.id !== question) {
      throw new NotNowError('that question is not open: it was answered before, and no answer can be changed')
    }
    this.#take(() => {
      if (!asking.give(question, choice)) throw new UsageError(`that question has no choice "${choice}"`)
    })
  }

  /** Skips every question that is still open. @throws NotNowError when there is none */
  skipPredictions(run: string): void {
    const asking = this.#openAsking(run)
    this.#take(() => asking.skipAll())
  }

  /** Stops what goes on and resolves when nothing does. */
  async close(): Promise<void> {
    this.stop()
    await this.#ended
  }

  async #follow(run: Run): Promise<void> {
    try {
      const outcome = await run.done
      this.#report = outcome.report
      this.#outcome = outcome
      this.#tell()
      this.#become({ ...this.#state, phase: 'ended', verdict: overall(outcome.report.checks) })
    } catch (error) {
      // A run that fails has nothing to show that one could predict.
      if (this.#isHeld) this.#asking = null
      this.#become({ ...this.#state, phase: 'failed', problem: messageOf(error) })
    } finally {
      this.#run = null
    }
  }

  get #isHeld(): boolean {
    return this.#asking?.isOpen === true
  }

  #ask(lab: Lab, { plan }: Run, { out }: LabOptions): void {
    const questions = questionsToAsk(lab.questions(plan), plan, readPredictions(latestRun(out)))
    if (questions.length > 0) this.#asking = new Asking(questions, plan)
  }

  #openAsking(run: string): Asking {
    if (this.#asking === null || run !== this.heldRun) {
      throw new NotNowError('no question of that run is open: its answers are locked')
    }
    return this.#asking
  }

  /** Whatever becomes of an answer, browsers are to know what is open now. */
  #take(answer: () => void): void {
    try {
      answer()
      this.#tell()
    } finally {
      this.#become(this.#state)
    }
  }

  #tell(): void {
    const outcome = this.#outcome
    if (outcome === null || this.#isHeld) return
    const told = this.#asking?.compareWith(outcome) ?? null
    this.#told = told
    this.#outcome = null
    if (told === null || this.#lab === null) return
    // What cannot be written is told here all the same.
    const written = writeReportHtml(outcome.plan.folder, { ...outcome, lab: this.#lab, told }).catch(() => {})
    this.#ended = Promise.all([this.#ended, written])
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
