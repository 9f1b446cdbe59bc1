/** Collects what programs emit, and waits for it: tests wait for events, never for time. */
import type { Emitter } from '../../src/events/emit.ts'
import type { EventData, EventName } from '../../src/events/vocabulary.ts'

interface CollectedEvent<N extends EventName = EventName> {
  name: N
  data: EventData<N>
  groupId: string | undefined
}

export interface CollectedEvents {
  emit: Emitter
  /** All so far, in order. */
  events: CollectedEvent[]
  /**
   * The first event of that name, past or future, that satisfies the predicate.
   * @throws Error with all that was seen, when it does not come in time
   */
  until<N extends EventName>(
    name: N,
    predicate?: (data: EventData<N>, groupId: string | undefined) => boolean,
    withinMs?: number,
  ): Promise<CollectedEvent<N>>
}

export function collectEvents(): CollectedEvents {
  const events: CollectedEvent[] = []
  const waiting = new Set<() => void>()
  return {
    events,
    emit(name, data, groupId) {
      events.push({ name, data, groupId })
      for (const look of [...waiting]) look()
    },
    until(name, predicate = () => true, withinMs = 4000) {
      return new Promise((resolve, reject) => {
        type Wanted = CollectedEvent<typeof name>
        const look = () => {
          const isWanted = (event: CollectedEvent): event is Wanted =>
            event.name === name && predicate(event.data as Wanted['data'], event.groupId)
          const found = events.find(isWanted)
          if (found === undefined) return
          clearTimeout(limit)
          waiting.delete(look)
          resolve(found)
        }
        const limit = setTimeout(() => {
          waiting.delete(look)
          const seen = events.map((event) => `${event.groupId} ${event.name} ${JSON.stringify(event.data)}`)
          reject(new Error(`no "${name}" within ${withinMs} ms; seen:\n${seen.join('\n')}`))
        }, withinMs)
        waiting.add(look)
        look()
      })
    },
  }
}
