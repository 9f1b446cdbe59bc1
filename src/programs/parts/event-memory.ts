/**
 * What the programs of one process have logged, for whoever asks to wait until something happens. The lab cannot
 * read the event files while they are written; so it asks the process that writes them.
 */
import type { Emitter } from '../../events/emit.ts'
import type { EventData, EventName } from '../../events/vocabulary.ts'

/** A lab's host logs hundreds. Beyond this the oldest are forgotten, and cannot be waited for any more. */
const EVENTS_MAX = 20_000
/** What the answer to a wait in vain quotes. */
const LAST_SEEN = 5

export interface Wanted {
  name: EventName
  /** Of one connection... */
  groupId?: string | undefined
  /** ... or of any connection of a mechanism. */
  mechanism?: string | undefined
  /** Fields of its data that must be so. */
  where?: Record<string, unknown> | undefined
  /** 1: the first such event since the process began, 2: the second, ...; the first where left out. */
  occurrence?: number | undefined
}

interface Remembered {
  name: EventName
  data: EventData<EventName>
  groupId: string | undefined
}

export class EventMemory {
  readonly #events: Remembered[] = []
  readonly #waiting = new Set<() => void>()

  /** An emitter that does the same and is remembered. */
  remember(inner: Emitter): Emitter {
    return (name, data, groupId, mono) => {
      inner(name, data, groupId, mono)
      this.#events.push({ name, data, groupId })
      if (this.#events.length > EVENTS_MAX) this.#events.shift()
      for (const look of [...this.#waiting]) look()
    }
  }

  /**
   * The data and group of the event, past or future.
   * @throws Error that says what came instead, when it does not come in time
   */
  until(wanted: Wanted, withinMs: number): Promise<{ data: EventData<EventName>; groupId?: string }> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#events.filter((event) => fits(event, wanted))[(wanted.occurrence ?? 1) - 1]
        if (found === undefined) return
        settle()
        resolve({ data: found.data, ...(found.groupId === undefined ? {} : { groupId: found.groupId }) })
      }
      const limit = setTimeout(() => {
        settle()
        reject(
          new Error(`no ${describe(wanted)} within ${withinMs} ms; last seen: ${this.#lastSeen(wanted)}`),
        )
      }, withinMs)
      const settle = () => {
        clearTimeout(limit)
        this.#waiting.delete(look)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #lastSeen({ groupId, mechanism }: Wanted): string {
    const about = this.#events.filter((event) => isAbout(event, groupId, mechanism)).slice(-LAST_SEEN)
    return about.map(({ name, data }) => `${name} ${JSON.stringify(data)}`).join(', ') || 'nothing'
  }
}

function fits(event: Remembered, { name, groupId, mechanism, where = {} }: Wanted): boolean {
  if (event.name !== name || !isAbout(event, groupId, mechanism)) return false
  const data = event.data as Record<string, unknown>
  return Object.entries(where).every(([key, value]) => data[key] === value)
}

function isAbout({ groupId: group = '' }: Remembered, groupId?: string, mechanism?: string): boolean {
  return (
    (groupId === undefined || group === groupId) &&
    (mechanism === undefined || group.startsWith(`${mechanism}:`))
  )
}

function describe({ name, groupId, mechanism, where, occurrence }: Wanted): string {
  return [name, groupId ?? mechanism, where && JSON.stringify(where), occurrence && `(number ${occurrence})`]
    .filter(Boolean)
    .join(' ')
}
