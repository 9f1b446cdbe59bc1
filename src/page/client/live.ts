/** The run of the server, as far as this browser has it. */
import type { LabEvent } from '../../events/vocabulary.ts'
import type { Told } from '../../lab/predict.ts'
import type { Report } from '../../lab/report.ts'
import type { Batch, LiveState } from '../messages.ts'
import { EVENTS_SHOWN_MAX } from './earlier.ts'

/** These come every second from every connection; when a run is too long for a browser, they go first. */
const ROUTINE = /^(packet|heartbeat|tcp|udp|http|kernel:tcp_info)/

export class LiveRun {
  state: LiveState = { phase: 'idle', plan: null, command: null, problem: null, verdict: null, asked: null }
  run: string | null = null
  /** The index of the first event that we do not have. */
  next = 0
  missing = 0
  events: LabEvent[] = []
  report: Report | null = null
  told: Told | null = null
  /** What the lab said last; once its cases have begun, how far they have come. */
  said = ''
  readonly #begun = new Set<string>()
  readonly #over = new Set<string>()

  /** Another run: nothing of it is here yet. */
  begin(run: string | null): void {
    Object.assign(this, { run, next: 0, missing: 0, events: [], report: null, told: null })
    this.#unhear()
  }

  /** @returns whether events that were here are no longer, or others took their place: all is to be drawn anew */
  take({ next, fresh, missing, events }: Batch): boolean {
    if (fresh) {
      Object.assign(this, { missing, events: [] })
      this.#unhear()
    }
    this.next = next
    for (const event of events) {
      this.events.push(event)
      this.#hear(event)
    }
    const before = this.events.length
    if (before <= EVENTS_SHOWN_MAX) return fresh
    const newest = this.events[Math.floor(before / 2)]?.time ?? 0
    this.events = this.events.filter(({ time, name }) => time >= newest || !ROUTINE.test(name))
    this.missing += before - this.events.length
    return true
  }

  get isGoingOn(): boolean {
    return ['starting', 'running', 'stopping'].includes(this.state.phase)
  }

  /** A question is open, so the server sends nothing of the run. */
  get isAsking(): boolean {
    return (this.state.asked?.open ?? null) !== null
  }

  #unhear(): void {
    this.said = ''
    this.#begun.clear()
    this.#over.clear()
  }

  /** What a lab announces is over when it has come to pass: from then on its cases are counted. */
  #hear({ name, data }: LabEvent): void {
    if (name === 'run:progressed') this.said = data.message
    const { plan } = this.state
    if (plan === null || plan.play) return
    if (name === 'case:started' || name === 'watch:started') this.#begun.add(data.pair)
    else if (name === 'case:ended' || name === 'watch:ended') this.#over.add(data.pair)
    else return
    const [begun, over, all] = [this.#begun.size, this.#over.size, plan.cases.length]
    const watched = begun > over ? `, ${begun - over} are watched` : ''
    this.said =
      over === 0
        ? `${begun} of ${all} cases have begun, and are watched`
        : `${over} of ${all} cases are over${watched}`
  }
}
