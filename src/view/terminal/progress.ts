/**
 * What a person sees while a lab runs: a line for each step and, on a terminal, one that counts the
 * seconds of the watch. On standard error, so that a piped result stays clean.
 */

import { killWords } from '../../events/killed.ts'
import type { LabEvent } from '../../events/vocabulary.ts'
import { printable } from '../../foreign/printable.ts'
import type { Lab } from '../../lab/lab.ts'
import type { Plan } from '../../plan/plan.ts'
import { print } from '../../text/wrap.ts'
import { isLively } from './style.ts'

const REFRESH_EVERY_MS = 250
/** Starting hosts, settling and the end take their time beside the watch. */
const HALF_A_MINUTE_MS = 20_000
const CLEAR_LINE = '\r\u001b[K'

export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #quiet: boolean
  readonly #lively: boolean
  #timer: NodeJS.Timeout | undefined
  /** CLOCK_MONOTONIC, nanoseconds. */
  #watchedSince: bigint | undefined
  #watching = 0
  #watchMs = 0

  constructor(stream: NodeJS.WriteStream, options: { json: boolean; play: boolean; plain: boolean }) {
    this.#stream = stream
    // In play the lines of the play view tell more.
    this.#quiet = options.json || options.play
    this.#lively = isLively(stream, options)
  }

  /** The first line, while this machine is still being asked what it can do. */
  announce({ id, question }: Pick<Lab, 'id' | 'question'>): void {
    this.#say(`lab:${id}: ${question}`)
  }

  /** Says what is going to happen. */
  begin(plan: Plan): void {
    this.#watchMs = plan.watchMs
    this.#say(`${plan.tier} hosts: ${plan.because}. ${howLong(plan)}`)
  }

  /** Takes a batch of events as the recorder has them. */
  show(events: readonly LabEvent[]): void {
    for (const event of events) {
      if (event.name === 'run:progressed') this.#say(event.data.message)
      else if (event.name === 'fault:unverified') {
        this.#say(`${event.data.fault} could not be shown to have happened: ${event.data.problem}`)
      } else if (event.name === 'host:killed') {
        this.#say(`${killWords(event)}: what is seen of that pair proves nothing any more`)
      } else if (event.name === 'recorder:line_refused') {
        this.#say(`${event.data.file} line ${event.data.line}: ${event.data.problem}`)
      } else if (event.name === 'watch:started') this.#watch(1, event)
      else if (event.name === 'case:started') this.#watch(1, event)
      else if (event.name === 'watch:ended' || event.name === 'case:ended') this.#watch(-1, event)
    }
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#lively && !this.#quiet) this.#stream.write(CLEAR_LINE)
  }

  #watch(change: 1 | -1, event: LabEvent): void {
    this.#watching += change
    if (event.name === 'watch:started' && this.#watching === 1) {
      this.#say('the first fault strikes; watching both ends')
    }
    if (this.#watching === 0) clearInterval(this.#timer)
    else if (this.#lively && !this.#quiet && this.#watchedSince === undefined) {
      // The event's own time: it may be told late, after the learner's predictions.
      this.#watchedSince = BigInt(event.mono)
      this.#timer = setInterval(() => this.#count(), REFRESH_EVERY_MS)
    }
  }

  #count(): void {
    const watched = Number(process.hrtime.bigint() - (this.#watchedSince ?? 0n)) / 1e9
    const whole = this.#watchMs / 1000
    this.#stream.write(`${CLEAR_LINE}  watching: ${watched.toFixed(0)} s of about ${whole.toFixed(0)} s`)
  }

  #say(message: string): void {
    if (this.#quiet) return
    if (this.#lively) this.#stream.write(CLEAR_LINE)
    print(this.#stream, `- ${printable(message)}\n`)
  }
}

function howLong({ pace, watchMs }: Plan): string {
  if (pace === 'quick' && watchMs <= HALF_A_MINUTE_MS) return 'This takes about half a minute.'
  if (pace === 'quick') return `This takes about ${Math.ceil(watchMs / 10_000 + 1) * 10} seconds.`
  const minutes = Math.ceil(watchMs / 60_000)
  return `At this system's own settings this takes about ${minutes === 1 ? 'a minute' : `${minutes} minutes`}; Ctrl-C ends it early.`
}
