/** The rhythms of the programs, apart from the heartbeat's: what a lab must know to predict them. */

/** How often a busy connection writes a line: the same rhythm as the heartbeat's. */
export const WRITE_EVERY_MS = 1000

/** Unlike a heartbeat's, only the client has one: an HTTP server waits for ever. */
export interface HttpTiming {
  intervalMs: number
  /** How long an answer may take. After it the client doubts, and goes on waiting. */
  answerWithinMs: number
}

/** A page that asks every two seconds is a lively one; an answer takes milliseconds. */
export const HTTP_TIMING: HttpTiming = { intervalMs: 2000, answerWithinMs: 1500 }
