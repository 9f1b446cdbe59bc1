/**
 * What is logged about UDP addresses that have not proved that they receive. Anybody can send in the name of as many
 * as they like, and must not fill our disk with it: so it is told now and then, and how much was not told.
 */
import type { Emitter } from '../../events/emit.ts'
import { RateLimit } from '../../protocols/rate-limit.ts'

/** Three events make a newcomer: twenty containers that start together are told of in full. */
export const STRANGER_EVENTS_PER_SECOND_MAX = 60
/** How often the rest is counted out. */
const UNTOLD_EVERY_MS = 1000

export interface Strangers {
  /** Emits, or only counts. */
  tell: Emitter
  /** Tells what has not been told yet. */
  close(): void
}

/** One for each socket: all its strangers share the limit, or another address would be another limit. */
export function watchStrangers(emit: Emitter): Strangers {
  const rate = new RateLimit(STRANGER_EVENTS_PER_SECOND_MAX)
  let untold = 0
  let timer: NodeJS.Timeout | undefined

  function tellCount(): void {
    clearTimeout(timer)
    timer = undefined
    if (untold > 0) emit('udp:strangers_untold', { events: untold })
    untold = 0
  }

  return {
    tell(name, data, groupId, mono) {
      if (rate.take(performance.now()) === 'admit') {
        emit(name, data, groupId, mono)
        return
      }
      untold += 1
      timer ??= setTimeout(tellCount, UNTOLD_EVERY_MS).unref()
    },
    close: tellCount,
  }
}
