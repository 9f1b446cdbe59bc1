/** A timer that does nothing but notice when it comes late: the measure of how busy the machine was. */
import type { Emitter } from '../events/emit.ts'

/** As often as the finest thing we measure needs. */
const CONTROL_EVERY_MS = 50
/** Less is the ordinary lateness of timers on two busy cores, and would fill the log. */
const CONTROL_WORTH_TELLING_MS = 50

/** Starts it. @returns what `clearInterval` ends */
export function startControl(emit: Emitter): NodeJS.Timeout {
  let due = performance.now() + CONTROL_EVERY_MS
  return setInterval(() => {
    const now = performance.now()
    if (now - due > CONTROL_WORTH_TELLING_MS) emit('control:late', { lateMs: now - due })
    due = now + CONTROL_EVERY_MS
  }, CONTROL_EVERY_MS)
}
