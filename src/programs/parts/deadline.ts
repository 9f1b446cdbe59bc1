/** When silence is judged. */

/**
 * Calls `judge` when so much time has passed, and what has arrived by then has been read: after a pause of this
 * process Node runs timers before it reads sockets, and immediates after it. `judge` asks itself whether there is
 * still something to judge: a timer that has fired cannot be cleared any more.
 * @returns what `clearTimeout` takes
 */
export function deadlineAfter(ms: number, judge: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(judge), ms)
}
