/**
 * The client's end of a session: lines in, actions out, the time passed in. It does not know what carries the
 * lines, and has one connection at a time; whoever runs it makes them.
 *
 *            connected            WELCOME              connection lost            connected
 *   [new] ------------> [opening] -------> [attached] -----------------> [detached] ----------> [resuming]
 *     ^                    |                   ^                             ^ |                   |   |
 *     +-- connection lost -+                   |                             +-|-- connection lost-+   |
 *                                              +-------------------------------|-------- RESUMED ------+
 *   any of them -- REFUSED, BYE, nobody answers for too long, closed by its user --> [over]
 *
 * Carry actions out in their order, each before the next: what has to be kept is kept before anything goes out that
 * relies on it. So a client that is killed at any moment goes on where it was.
 */
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../heartbeat/constants.ts'
import type { Transition } from '../heartbeat/detector.ts'
import {
  GIVE_UP_AFTER_GRACES,
  OPEN_WITHIN_MS,
  RETRANSMIT_AFTER_MS,
  RETRANSMIT_AFTER_MS_MAX,
  VERSION,
} from './constants.ts'
import { type Carrier, Exchange, type ExchangeMemory, type Message, NOTHING_EXCHANGED } from './exchange.ts'
import {
  formatLine,
  type GoodbyeReason,
  isSendable,
  type Line,
  type Refusal,
  type RefusalReason,
} from './lines.ts'
import { Pulse } from './pulse.ts'

export const clientStates = ['new', 'opening', 'attached', 'detached', 'resuming', 'over'] as const
export type ClientState = (typeof clientStates)[number]
type ClientInput = 'connected' | 'welcome' | 'resumed' | 'connection_lost' | 'ended'

/** What is not here changes nothing. */
export const clientTransitions: Record<ClientState, Partial<Record<ClientInput, ClientState>>> = {
  new: { connected: 'opening', ended: 'over' },
  opening: { welcome: 'attached', connection_lost: 'new', ended: 'over' },
  attached: { connection_lost: 'detached', ended: 'over' },
  detached: { connected: 'resuming', ended: 'over' },
  resuming: { resumed: 'attached', connection_lost: 'detached', ended: 'over' },
  over: {},
}

/** Why a session ended, as this end knows it. `no-answer` is the only one that nobody said: it proves nothing. */
export type ClientEnd = RefusalReason | GoodbyeReason | 'no-answer'

export type ClientAction =
  /** Keep {@link SessionClient.memory} where it survives this process, if that is wanted, before going on. */
  | { do: 'save' }
  /** One line, without LF, over the connection that there is. */
  | { do: 'send'; line: string }
  /** Give the connection up. The client takes it for lost already. */
  | { do: 'close' }
  /** A message from the server, for the first and only time. */
  | { do: 'deliver'; number: number; text: string }
  /** The server has this one of ours. */
  | { do: 'acknowledged'; number: number }
  /** Over datagrams: so many messages go out again, since no ACK came. */
  | { do: 'note-sent-again'; messages: number }
  /** The queue that was full has room again. */
  | { do: 'room' }
  | { do: 'note-state'; old: ClientState; new: ClientState; because: string }
  /** After a resume: how many of ours the server still lacked. */
  | { do: 'note-resumed'; received: number; toSend: number }
  | { do: 'note-belief'; transition: Transition }
  | { do: 'note-refused-line'; problem: string; excerpt: string }
  /** The session is over. Each of these messages of ours may have arrived, or not: nobody can know. */
  | { do: 'over'; because: ClientEnd; unacknowledged: Message[] }

/** What a client has to keep if its session is to survive it: plain JSON, and a secret. */
export type ClientMemory = {
  /** null: the server has not said yet. */
  session: string | null
  graceMs: number
  token: string
  /** Proposed by a RESUME that is not answered yet. */
  next: string | null
} & ExchangeMemory

export interface ClientOptions {
  timing?: HeartbeatTiming
  /** 128 random bits from the operating system, as 32 hex digits. The client makes its own secrets: see README.md. */
  makeToken: () => string
  /** What an earlier client kept, to go on with its session. */
  memory?: ClientMemory | undefined
}

export class SessionClient {
  readonly #timing: HeartbeatTiming
  readonly #makeToken: () => string
  readonly #exchange: Exchange
  #state: ClientState
  #session: string | null
  #graceMs: number
  #token: string
  #next: string | null
  #pulse: Pulse | null = null
  #carrier: Carrier = 'stream'
  /** HELLO or RESUME goes out again over datagrams, and how long after the last. */
  #askAgainAtMs = Infinity
  #askWaitMs = RETRANSMIT_AFTER_MS
  /** An answer to HELLO or RESUME on this connection is awaited until then. */
  #answerByMs = Infinity
  #giveUpAtMs: number
  #wasFull = false
  #actions: ClientAction[] = []

  constructor(options: ClientOptions, nowMs: number) {
    const { memory } = options
    this.#timing = options.timing ?? HEARTBEAT_TIMING
    this.#makeToken = options.makeToken
    this.#exchange = new Exchange(memory ?? NOTHING_EXCHANGED)
    this.#session = memory?.session ?? null
    this.#graceMs = memory?.graceMs ?? 0
    this.#token = memory?.token ?? options.makeToken()
    this.#next = memory?.next ?? null
    this.#state = this.#session === null ? 'new' : 'detached'
    this.#giveUpAtMs = nowMs + this.#patienceMs
  }

  get state(): ClientState {
    return this.#state
  }

  /** Public; null until the server has said it. */
  get session(): string | null {
    return this.#session
  }

  /** What to keep: everything, the secret too. */
  get memory(): ClientMemory {
    return {
      session: this.#session,
      graceMs: this.#graceMs,
      token: this.#token,
      next: this.#next,
      ...this.#exchange.memory,
    }
  }

  get unacknowledged(): Message[] {
    return this.#exchange.unacknowledged
  }

  /** When to call {@link time}. */
  get dueAtMs(): number {
    const { dueAtMs } = this.#exchange
    return Math.min(
      this.#askAgainAtMs,
      this.#answerByMs,
      this.#giveUpAtMs,
      this.#pulse?.dueAtMs ?? Infinity,
      dueAtMs,
    )
  }

  /** A new connection to the server is there; the one before, if any, is taken for lost. */
  connected(carrier: Carrier, nowMs: number): ClientAction[] {
    if (this.#state === 'over') return [{ do: 'close' }]
    this.#lose('another connection', nowMs)
    this.#carrier = carrier
    this.#enter('connected', 'connected')
    this.#answerByMs = nowMs + this.#timing.downAfterMs
    this.#askWaitMs = RETRANSMIT_AFTER_MS
    if (this.#state === 'resuming') this.#next ??= this.#makeToken()
    this.#actions.push({ do: 'save' })
    this.#ask(nowMs)
    return this.#flush(nowMs)
  }

  /** The connection is over, whoever ended it. */
  lost(because: string, nowMs: number): ClientAction[] {
    this.#lose(because, nowMs)
    return this.#flush(nowMs)
  }

  /**
   * Sends a message, now or as soon as there is a connection.
   * @returns what to do, or why it was not taken: the queue is `full` (wait for `room`), the session is `over`
   * @throws RangeError when the protocol cannot carry the text: see `isSendable`
   */
  say(text: string, nowMs: number): { number: number; actions: ClientAction[] } | 'full' | 'over' {
    if (!isSendable(text)) throw new RangeError('a message is printable ASCII, of limited length')
    if (this.#state === 'over') return 'over'
    const number = this.#exchange.say(text)
    if (number === 'full') {
      this.#wasFull = true
      return 'full'
    }
    this.#actions.push({ do: 'save' })
    return { number, actions: this.#flush(nowMs) }
  }

  /** Ends the session in order. */
  close(nowMs: number): ClientAction[] {
    if (this.#state === 'attached') this.#send({ word: 'BYE', reason: 'closed' })
    this.#end('closed')
    return this.#flush(nowMs)
  }

  take(line: Line | Refusal, nowMs: number): ClientAction[] {
    if ('problem' in line) this.#actions.push({ do: 'note-refused-line', ...line })
    else if (this.#state === 'attached') this.#takeAttached(line, nowMs)
    else if (this.#state === 'opening' || this.#state === 'resuming') this.#takeAnswer(line, nowMs)
    return this.#flush(nowMs)
  }

  /** The clock says so. Nothing happens before {@link dueAtMs}. */
  time(nowMs: number): ClientAction[] {
    if (nowMs >= this.#giveUpAtMs) this.#end('no-answer')
    if (nowMs >= this.#answerByMs) this.#giveUpConnection('no answer', nowMs)
    if (nowMs >= this.#askAgainAtMs) this.#ask(nowMs)
    const again = this.#exchange.time(nowMs)
    if (again > 0) this.#actions.push({ do: 'note-sent-again', messages: again })
    const ping = this.#pulse?.ping(nowMs) ?? null
    if (ping !== null) this.#send({ word: 'PING', number: ping })
    const transition = this.#pulse?.judge(nowMs)
    if (transition !== undefined) {
      this.#actions.push({ do: 'note-belief', transition })
      if (transition.new === 'down') this.#giveUpConnection('heartbeat missed', nowMs)
    }
    return this.#flush(nowMs)
  }

  /** This process itself did not run for `pausedMs` until now. */
  paused(pausedMs: number, nowMs: number): void {
    this.#pulse?.paused(pausedMs, nowMs)
  }

  /** The answer to HELLO or RESUME. */
  #takeAnswer(line: Line, nowMs: number): void {
    if (line.word === 'WELCOME' && this.#state === 'opening') {
      this.#session = line.session
      this.#graceMs = line.graceMs
      this.#attach('welcome', line.word, 0, line.challenge, nowMs)
    } else if (line.word === 'RESUMED' && this.#state === 'resuming') {
      if (!this.#exchange.fits(line.received)) {
        this.#send({ word: 'BYE', reason: 'out-of-step' })
        this.#end('out-of-step')
        return
      }
      this.#token = this.#next ?? this.#token
      this.#next = null
      this.#attach('resumed', line.word, line.received, line.challenge, nowMs)
      const toSend = this.#exchange.unacknowledged.length
      this.#actions.push({ do: 'note-resumed', received: line.received, toSend })
    } else if (line.word === 'REFUSED') this.#end(line.reason)
    else if (line.word === 'BYE') this.#goodbye(line.reason, nowMs)
  }

  #takeAttached(line: Line, nowMs: number): void {
    const transition = this.#pulse?.heard(nowMs)
    if (transition !== undefined) this.#actions.push({ do: 'note-belief', transition })
    switch (line.word) {
      case 'DATA':
        if (this.#exchange.receive(line.number)) {
          this.#actions.push({ do: 'deliver', number: line.number, text: line.text }, { do: 'save' })
        }
        this.#send({ word: 'ACK', number: this.#exchange.received })
        break
      case 'ACK': {
        const numbers = this.#exchange.acknowledged(line.number, nowMs)
        if (numbers === null) {
          this.#send({ word: 'BYE', reason: 'out-of-step' })
          this.#end('out-of-step')
          return
        }
        this.#actions.push(...numbers.map((number) => ({ do: 'acknowledged' as const, number })))
        // Not kept by itself: the server knows it, and says so in RESUMED.
        break
      }
      case 'PING':
        this.#send({ word: 'PONG', number: line.number })
        break
      case 'BYE':
        this.#goodbye(line.reason, nowMs)
        break
    }
  }

  #attach(
    input: 'welcome' | 'resumed',
    because: string,
    theirReceived: number,
    challenge: number,
    nowMs: number,
  ): void {
    this.#enter(input, because)
    this.#askAgainAtMs = Infinity
    this.#answerByMs = Infinity
    this.#giveUpAtMs = Infinity
    this.#pulse = new Pulse(this.#timing, 0, nowMs)
    this.#exchange.attach(this.#carrier, theirReceived)
    // Kept first: with the PONG the server forgets the token before.
    this.#actions.push({ do: 'save' })
    this.#send({ word: 'PONG', number: challenge })
  }

  #ask(nowMs: number): void {
    if (this.#state === 'resuming' && this.#session !== null && this.#next !== null) {
      const { received } = this.#exchange
      this.#send({ word: 'RESUME', session: this.#session, token: this.#token, next: this.#next, received })
    } else this.#send({ word: 'HELLO', version: VERSION, token: this.#token })
    if (this.#carrier === 'stream') return
    this.#askAgainAtMs = nowMs + this.#askWaitMs
    this.#askWaitMs = Math.min(2 * this.#askWaitMs, RETRANSMIT_AFTER_MS_MAX)
  }

  #goodbye(reason: GoodbyeReason, nowMs: number): void {
    // For one who is slow or talkative the connection is over, and the session is not; nor while a store fails.
    if (reason === 'too-slow' || reason === 'too-many' || reason === 'store-failed')
      this.#giveUpConnection(reason, nowMs)
    else this.#end(reason)
  }

  #giveUpConnection(because: string, nowMs: number): void {
    if (this.#state === 'over') return
    this.#actions.push({ do: 'close' })
    this.#lose(because, nowMs)
  }

  #lose(because: string, nowMs: number): void {
    const wasAttached = this.#state === 'attached'
    if (!this.#enter('connection_lost', because)) return
    this.#dropConnection()
    if (wasAttached) this.#giveUpAtMs = nowMs + this.#patienceMs
  }

  /** No one knows here when the server's grace period began: twice as long is surely more. */
  get #patienceMs(): number {
    return this.#session === null ? OPEN_WITHIN_MS : GIVE_UP_AFTER_GRACES * this.#graceMs
  }

  #end(because: ClientEnd): void {
    if (!this.#enter('ended', because)) return
    this.#dropConnection()
    this.#giveUpAtMs = Infinity
    this.#actions.push(
      { do: 'close' },
      { do: 'over', because, unacknowledged: this.#exchange.unacknowledged },
    )
  }

  #dropConnection(): void {
    this.#pulse = null
    this.#exchange.detach()
    this.#askAgainAtMs = Infinity
    this.#answerByMs = Infinity
  }

  #enter(input: ClientInput, because: string): boolean {
    const next = clientTransitions[this.#state][input]
    if (next === undefined) return false
    this.#actions.push({ do: 'note-state', old: this.#state, new: next, because })
    this.#state = next
    return true
  }

  #send(line: Line): void {
    this.#actions.push({ do: 'send', line: formatLine(line) })
  }

  #flush(nowMs: number): ClientAction[] {
    if (this.#state === 'attached') for (const line of this.#exchange.outgoing(nowMs)) this.#send(line)
    if (this.#wasFull && !this.#exchange.isFull && this.#state !== 'over') {
      this.#wasFull = false
      this.#actions.push({ do: 'room' })
    }
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
