/**
 * Questions to another process and its answers, by number, over the channel between the two: both halves. Several may be
 * open at once, and each has a limit.
 */

import type { Answers } from '../programs/parts/program.ts'

/** A process that does not answer a question for so long is frozen or stuck. */
const ANSWER_LIMIT_MS = 3000

/** It was asked in vain: whoever should answer is frozen, stuck or very busy. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError'
}

/** One question, as it is sent: `ask` is whatever belongs to the request. */
export interface Asked {
  id: number
  request: string
  ask: unknown
}

/** `problem`: why it was not done. */
export type Answered = { id: number; answer: unknown } | { id: number; problem: string }

interface Waiting {
  resolve: (answer: unknown) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

export class Questions {
  readonly #send: (question: Asked, onError: (error: Error | null) => void) => void
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  /** Why nobody will answer any more. */
  #end: string | null = null

  /** @param send hands a question over; `onError` is told whether that went wrong */
  constructor(send: (question: Asked, onError: (error: Error | null) => void) => void) {
    this.#send = send
  }

  /**
   * @param takesMs how long the answer may take by the nature of the request, beside the usual limit
   * @throws Error when it ends, refuses, or does not answer in time
   */
  ask(request: string, ask: unknown, takesMs = 0): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) return reject(new Error(`${request}: ${this.#end}`))
      const id = this.#nextId++
      const limitMs = takesMs + ANSWER_LIMIT_MS
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new NoAnswerError(`${request}: no answer in ${limitMs} ms`))
      }, limitMs)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#send({ id, request, ask }, (error) => {
        if (error !== null) this.#take(id)?.reject(error)
      })
    })
  }

  /** Takes what came from the other process; what answers no open question is nothing. */
  receive(message: Answered): void {
    const waiting = this.#take(message.id)
    if ('problem' in message) waiting?.reject(new Error(message.problem))
    else waiting?.resolve(message.answer)
  }

  /** The other process is gone: nobody waits any longer. */
  end(because: string): void {
    this.#end = because
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new Error(because))
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(waiting?.timer)
    return waiting
  }
}

/** Answers whoever started this process, from now on. What is no question is left to others who listen. */
export function answerQuestions<Requests extends Record<keyof Requests, { ask: unknown; answer: unknown }>>(
  answers: Answers<Requests>,
): void {
  process.on('message', async (message) => {
    if (!isAsked(message)) return
    const { id, request, ask } = message
    try {
      const answer = answers[request as keyof Requests] as (ask: unknown) => Promise<unknown>
      tellParent({ id, answer: await answer(ask) })
    } catch (error) {
      tellParent({ id, problem: error instanceof Error ? error.message : String(error) })
    }
  })
}

function isAsked(message: unknown): message is Asked {
  return typeof message === 'object' && message !== null && 'id' in message && 'request' in message
}

/** Says something to whoever started this process; they may be gone by now, which is for `disconnect` to tell. */
export function tellParent(message: object): void {
  process.send?.(message, () => {})
}
