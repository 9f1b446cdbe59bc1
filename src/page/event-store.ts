/**
 * The events of the current run in memory, as JSON already, each with its index: what browsers are sent
 * and resume from. A long run must not fill the memory, so the oldest go; what tells the story (beliefs,
 * truths, faults) is kept longer than what repeats itself every second.
 */
import type { EventName, LabEvent } from '../events/vocabulary.ts'
import type { Batch } from './messages.ts'

/** About 40 MB; a run of half a minute has a tenth of it, an afternoon of play the whole. */
export const EVENTS_KEPT = 100_000
/** How many of those that tell the story, and are older than that. */
const STORY_KEPT = 10_000
/** They go in blocks of this share, so that it costs nothing per event. */
const BLOCK = 0.1
/**
 * One message to a browser. It has to be parsed at once, and nothing can be drawn meanwhile: so much
 * takes some 10 ms.
 */
const BATCH_CHARACTERS_MAX = 1_000_000

const STORY: readonly EventName[] = [
  'run:started',
  'run:progressed',
  'run:ended',
  'host:started',
  'host:process_started',
  'host:process_exited',
  'host:condition_seen',
  'truth:updated',
  'belief:updated',
  'fault:striking',
  'fault:struck',
  'fault:unverified',
  'fault:undone',
  'watch:started',
  'watch:ended',
  'case:started',
  'case:ended',
  'case:skipped',
]

export class EventStore {
  readonly #run: string
  readonly #eventsKept: number
  #lines: string[] = []
  /** Where an event of the story stands in `lines`. */
  #story: number[] = []
  #oldStory: string[] = []
  /** The index of the first of `lines`. */
  #first = 0

  constructor(run: string, eventsKept = EVENTS_KEPT) {
    this.#run = run
    this.#eventsKept = eventsKept
  }

  /** How many events there were: the index of the next one. */
  get total(): number {
    return this.#first + this.#lines.length
  }

  add(events: readonly LabEvent[]): void {
    for (const event of events) {
      if (STORY.includes(event.name)) this.#story.push(this.total)
      this.#lines.push(JSON.stringify(event))
    }
    if (this.#lines.length > this.#eventsKept * (1 + BLOCK)) this.#drop(this.#lines.length - this.#eventsKept)
  }

  /**
   * The message that brings a browser on from `since`, and where it is then. `since` null: from the very
   * beginning, as after an event that is not here any more.
   */
  batch(since: number | null): { message: string; next: number } {
    const isGap = since === null || since < this.#first || since > this.total
    const from = isGap ? this.#first : since
    const events = isGap ? [...this.#oldStory] : []
    let next = from
    for (let characters = 0; next < this.total && characters < BATCH_CHARACTERS_MAX; next++) {
      const line = this.#lines[next - this.#first] ?? ''
      characters += line.length
      events.push(line)
    }
    const head: Omit<Batch, 'events'> = {
      type: 'events',
      run: this.#run,
      next,
      fresh: isGap,
      missing: isGap ? this.#first - this.#oldStory.length : 0,
    }
    return { message: `${JSON.stringify(head).slice(0, -1)},"events":[${events.join(',')}]}`, next }
  }

  #drop(count: number): void {
    const first = this.#first + count
    const fallen = this.#story.filter((index) => index < first)
    this.#oldStory.push(...fallen.map((index) => this.#lines[index - this.#first] ?? ''))
    this.#oldStory = this.#oldStory.slice(-STORY_KEPT)
    this.#story = this.#story.slice(fallen.length)
    this.#lines = this.#lines.slice(count)
    this.#first = first
  }
}
