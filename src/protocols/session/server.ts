/**
 * The server's end of all its sessions: lines in, actions out, the time passed in. It does not know what carries
 * the lines. Each connection has a key that the caller chooses; over datagrams that is the sender's address.
 *
 *         HELLO            PONG               connection lost
 *   none ------> [opening] ----> [attached] -----------------> [detached]
 *                    |           ^  |    ^                        |  |
 *                    |           +--+    +------- PONG -----------+  |
 *                    |     PONG from another connection              |
 *                    |              |                                |
 *                    +--------------+---> [over] <-------------------+
 *        never confirmed     closed, or a used token       the grace period is over
 *
 * HELLO and RESUME make a *claim* on a session. Its connection carries the session only when it has answered with a
 * number that it can know only from our answer: so whoever forges its address claims in vain (RFC 9000 section 8).
 *
 * Carry actions out in their order, each before the next: nothing goes out that relies on what is not kept yet.
 */
import { HEARTBEAT_TIMING, type HeartbeatTiming } from '../heartbeat/constants.ts'
import type { Transition } from '../heartbeat/detector.ts'
import { RateLimit } from '../rate-limit.ts'
import {
  CONFIRM_WITHIN_MS,
  CONNECTIONS_MAX,
  GRACE_MS,
  LINES_PER_SECOND_MAX,
  OPENING_MAX,
  SESSIONS_MAX,
  VERSION,
  WRONG_TOKENS_PER_CONNECTION_MAX,
  WRONG_TOKENS_PER_SECOND_MAX,
} from './constants.ts'
import { type Carrier, Exchange, type ExchangeMemory, type Message } from './exchange.ts'
import {
  formatLine,
  type GoodbyeReason,
  isSendable,
  type Line,
  type Refusal,
  type RefusalReason,
} from './lines.ts'
import { Pulse } from './pulse.ts'
import { claimantOf, hashOf, type TokenHashes, takeNext } from './tokens.ts'

export const serverStates = ['opening', 'attached', 'detached', 'over'] as const
export type ServerState = (typeof serverStates)[number]
type ServerInput = 'confirmed' | 'connection_lost' | 'ended'

/** What is not here changes nothing. `confirmed` in `attached`: over another connection. */
export const serverTransitions: Record<ServerState, Partial<Record<ServerInput, ServerState>>> = {
  opening: { confirmed: 'attached', ended: 'over' },
  attached: { confirmed: 'attached', connection_lost: 'detached', ended: 'over' },
  detached: { confirmed: 'attached', ended: 'over' },
  over: {},
}

/** `unconfirmed`: it never began; `grace-over`: nobody resumed it in time, which proves nothing about the client. */
export type ServerEnd = GoodbyeReason | 'unconfirmed'

export type ServerAction =
  /** What the session is has changed: keep {@link SessionServer.memoryOf}, if it is to survive this process. */
  | { do: 'save'; session: string }
  | { do: 'forget'; session: string }
  /** A session that is not here may have been kept: look, then call {@link SessionServer.loaded}. */
  | { do: 'load'; session: string; connection: string; line: ResumeLine }
  | { do: 'send'; connection: string; line: string }
  /** Give the connection up, after what was sent. */
  | { do: 'close'; connection: string }
  /** A message from the client, for the first and only time. */
  | { do: 'deliver'; session: string; connection: string; number: number; text: string }
  | { do: 'acknowledged'; session: string; connection: string; number: number }
  | { do: 'note-sent-again'; session: string; connection: string; messages: number }
  | {
      do: 'note-state'
      session: string
      connection: string | null
      old: ServerState | 'none'
      new: ServerState
      because: string
    }
  | { do: 'note-resumed'; session: string; connection: string; received: number; toSend: number }
  | { do: 'note-refused'; connection: string; session: string; reason: RefusalReason }
  | { do: 'note-belief'; connection: string; transition: Transition }
  | { do: 'note-refused-line'; connection: string; problem: string; excerpt: string }
  /** `unacknowledged`: nobody can know whether these messages of ours arrived. */
  | { do: 'over'; session: string; connection: string | null; because: ServerEnd; unacknowledged: Message[] }

/** What a server has to keep if a session is to survive it: plain JSON, and no secret. */
export type ServerMemory = TokenHashes & ExchangeMemory

export interface ServerOptions {
  timing?: HeartbeatTiming
  graceMs?: number
  /** 64 bits that no other session has, as 16 hex digits. */
  makeSessionId: () => string
  /** A number below 2^32 that nobody can guess, from the operating system. */
  makeChallenge: () => number
  /** Sessions may be kept somewhere: ask (`load`) before saying that one is unknown. */
  canLoad?: boolean
}

type ResumeLine = Extract<Line, { word: 'RESUME' }>

interface Session extends TokenHashes {
  id: string
  state: ServerState
  exchange: Exchange
  /** The connection that carries it. */
  connection: string | null
  /** Of the HELLO that opened it. */
  helloHash: string | null
  /** In `opening` and `detached`: until then somebody has to confirm. */
  endsAtMs: number
}

/** Not proved yet: whoever made it may have forged its address. */
interface Claim {
  session: Session
  /** The token that it proposes; null in HELLO. */
  nextHash: string | null
  challenge: number
  /** How many of our messages it says it has. */
  received: number
  answer: Line
}

interface Connection {
  key: string
  carrier: Carrier
  rate: RateLimit
  wrongTokens: number
  /** While it carries no session. */
  closesAtMs: number
  claim: Claim | null
  session: Session | null
  pulse: Pulse | null
}

export class SessionServer {
  readonly #timing: HeartbeatTiming
  readonly #graceMs: number
  readonly #options: ServerOptions
  readonly #sessions = new Map<string, Session>()
  /** Sessions in `opening`, by the hash of their token: a HELLO that comes again finds its session. */
  readonly #opening = new Map<string, Session>()
  readonly #connections = new Map<string, Connection>()
  readonly #wrongTokens = new RateLimit(WRONG_TOKENS_PER_SECOND_MAX)
  #actions: ServerAction[] = []

  constructor(options: ServerOptions) {
    this.#options = options
    this.#timing = options.timing ?? HEARTBEAT_TIMING
    this.#graceMs = options.graceMs ?? GRACE_MS
  }

  get sessions(): { id: string; state: ServerState }[] {
    return [...this.#sessions.values()].map(({ id, state }) => ({ id, state }))
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  has(connection: string): boolean {
    return this.#connections.has(connection)
  }

  /** What to keep of a session; null when there is none of that id. */
  memoryOf(id: string): ServerMemory | null {
    const session = this.#sessions.get(id)
    if (session === undefined) return null
    const { tokenHash, nextHash, usedHash, exchange } = session
    return { tokenHash, nextHash, usedHash, ...exchange.memory }
  }

  /** When to call {@link time}. */
  get dueAtMs(): number {
    let dueAtMs = Infinity
    for (const { endsAtMs, exchange } of this.#sessions.values()) {
      dueAtMs = Math.min(dueAtMs, endsAtMs, exchange.dueAtMs)
    }
    for (const { closesAtMs, pulse } of this.#connections.values()) {
      dueAtMs = Math.min(dueAtMs, closesAtMs, pulse?.dueAtMs ?? Infinity)
    }
    return dueAtMs
  }

  /**
   * Somebody is there. It has to claim a session soon, and to prove that it receives. A connection that had the same
   * key before is over.
   */
  connected(key: string, carrier: Carrier, nowMs: number): ServerAction[] {
    const before = this.#connections.get(key)
    if (before !== undefined) this.#drop(before, 'replaced', nowMs)
    if (this.#connections.size >= CONNECTIONS_MAX) {
      // The oldest that has proved nothing makes room, or forged addresses would keep everybody out.
      const stranger = [...this.#connections.values()].find(({ session }) => session === null)
      if (stranger === undefined) return [{ do: 'close', connection: key }]
      this.#dismiss(stranger, 'too-many', nowMs)
    }
    this.#connections.set(key, {
      key,
      carrier,
      rate: new RateLimit(LINES_PER_SECOND_MAX),
      wrongTokens: 0,
      closesAtMs: nowMs + CONFIRM_WITHIN_MS,
      claim: null,
      session: null,
      pulse: null,
    })
    return this.#flush()
  }

  /** A connection is over, whoever ended it. */
  lost(key: string, because: string, nowMs: number): ServerAction[] {
    const connection = this.#connections.get(key)
    if (connection !== undefined) this.#drop(connection, because, nowMs)
    return this.#flush()
  }

  /**
   * Sends a message to the client of a session, now or as soon as there is a connection.
   * @returns what to do, or why it was not taken: too many wait for an ACK, or there is no such session
   * @throws RangeError when the protocol cannot carry the text: see `isSendable`
   */
  say(
    id: string,
    text: string,
    nowMs: number,
  ): { number: number; actions: ServerAction[] } | 'full' | 'over' {
    if (!isSendable(text)) throw new RangeError('a message is printable ASCII, of limited length')
    const session = this.#sessions.get(id)
    if (session === undefined) return 'over'
    const number = session.exchange.say(text)
    if (number === 'full') return 'full'
    this.#save(session)
    this.#pump(session, nowMs)
    return { number, actions: this.#flush() }
  }

  /** A line arrived over a connection, good or bad. */
  take(key: string, line: Line | Refusal, nowMs: number): ServerAction[] {
    const connection = this.#connections.get(key)
    if (connection === undefined) return []
    if (connection.rate.take(nowMs) !== 'admit') this.#dismiss(connection, 'too-many', nowMs)
    else if ('problem' in line) this.#actions.push({ do: 'note-refused-line', connection: key, ...line })
    else if (connection.session !== null) this.#takeAttached(connection, connection.session, line, nowMs)
    else if (line.word === 'HELLO') this.#hello(connection, line, nowMs)
    else if (line.word === 'RESUME') this.#resume(connection, line, nowMs)
    else if (connection.claim !== null) this.#takeClaiming(connection, line, nowMs)
    else {
      this.#actions.push({
        do: 'note-refused-line',
        connection: key,
        problem: 'NO_SESSION',
        excerpt: line.word,
      })
    }
    return this.#flush()
  }

  /** What became of `load`: null when no such session was kept. */
  loaded(key: string, line: ResumeLine, memory: ServerMemory | null, nowMs: number): ServerAction[] {
    if (memory !== null && !this.#sessions.has(line.session)) {
      const session = this.#add(line.session, memory.tokenHash, new Exchange(memory), 'detached', nowMs)
      session.nextHash = memory.nextHash
      session.usedHash = memory.usedHash
      this.#note(session, 'none', 'loaded')
    }
    const connection = this.#connections.get(key)
    if (connection !== undefined && connection.session === null) this.#claim(connection, line, nowMs)
    return this.#flush()
  }

  /** The clock says so. Nothing happens before {@link dueAtMs}. */
  time(nowMs: number): ServerAction[] {
    for (const connection of [...this.#connections.values()]) this.#timeOf(connection, nowMs)
    for (const session of [...this.#sessions.values()]) {
      const messages = session.exchange.time(nowMs)
      if (messages > 0 && session.connection !== null) {
        this.#actions.push({
          do: 'note-sent-again',
          session: session.id,
          connection: session.connection,
          messages,
        })
      }
      this.#pump(session, nowMs)
      if (nowMs >= session.endsAtMs)
        this.#end(session, session.state === 'opening' ? 'unconfirmed' : 'grace-over', nowMs)
    }
    return this.#flush()
  }

  /** This process itself did not run for `pausedMs` until now. */
  paused(pausedMs: number, nowMs: number): void {
    for (const { pulse } of this.#connections.values()) pulse?.paused(pausedMs, nowMs)
  }

  // ---- claims ---------------------------------------------------------------------------------------

  #hello(
    connection: Connection,
    { version, token }: { version: number; token: string },
    nowMs: number,
  ): void {
    if (version !== VERSION) {
      this.#refuse(connection, '', 'version')
      return
    }
    const tokenHash = hashOf(token)
    // It came before: doubled by the network, or sent again since our answer was lost.
    const known = this.#opening.get(tokenHash)
    const session = known ?? this.#open(tokenHash, nowMs)
    if (session === null) {
      this.#refuse(connection, '', 'too-many')
      return
    }
    const challenge = this.#challengeOf(connection, session)
    const answer: Line = { word: 'WELCOME', session: session.id, graceMs: this.#graceMs, challenge }
    if (known === undefined) this.#note(session, 'none', 'HELLO')
    this.#make(connection, { session, nextHash: null, challenge, received: 0, answer }, nowMs)
  }

  #open(tokenHash: string, nowMs: number): Session | null {
    if (this.#opening.size >= OPENING_MAX || this.#sessions.size >= SESSIONS_MAX) {
      const [oldest] = this.#opening.values()
      if (oldest === undefined) return null
      this.#end(oldest, 'too-many', nowMs)
    }
    const session = this.#add(this.#options.makeSessionId(), tokenHash, new Exchange(), 'opening', nowMs)
    this.#opening.set(tokenHash, session)
    return session
  }

  #add(
    id: string,
    tokenHash: string,
    exchange: Exchange,
    state: 'opening' | 'detached',
    nowMs: number,
  ): Session {
    const endsAtMs = nowMs + (state === 'opening' ? CONFIRM_WITHIN_MS : this.#graceMs)
    const session: Session = {
      id,
      state,
      exchange,
      tokenHash,
      nextHash: null,
      usedHash: null,
      connection: null,
      helloHash: state === 'opening' ? tokenHash : null,
      endsAtMs,
    }
    this.#sessions.set(id, session)
    return session
  }

  #resume(connection: Connection, line: ResumeLine, nowMs: number): void {
    if (!this.#sessions.has(line.session) && this.#options.canLoad === true) {
      this.#actions.push({ do: 'load', session: line.session, connection: connection.key, line })
    } else this.#claim(connection, line, nowMs)
  }

  #claim(connection: Connection, line: ResumeLine, nowMs: number): void {
    const session = this.#sessions.get(line.session)
    const [presented, proposed] = [hashOf(line.token), hashOf(line.next)]
    const claimant = session === undefined ? 'wrong' : claimantOf(session, presented, proposed)
    if (session === undefined || claimant === 'wrong') this.#wrongToken(connection, line, nowMs)
    else if (claimant === 'reused') {
      this.#refuse(connection, session.id, 'token-reused')
      // Nobody keeps a session of which one of two is a thief (RFC 9700 section 4.14.2).
      this.#end(session, 'token-reused', nowMs)
    } else if (claimant !== 'late-copy') {
      if (claimant === 'owner-ahead') takeNext(session)
      this.#accept(connection, session, line, proposed, nowMs)
    }
  }

  #accept(connection: Connection, session: Session, line: ResumeLine, nextHash: string, nowMs: number): void {
    if (!session.exchange.fits(line.received)) {
      this.#refuse(connection, session.id, 'out-of-step')
      return
    }
    session.nextHash = nextHash
    this.#save(session)
    const challenge = this.#challengeOf(connection, session)
    const answer: Line = { word: 'RESUMED', received: session.exchange.received, challenge }
    this.#make(connection, { session, nextHash, challenge, received: line.received, answer }, nowMs)
  }

  /** Asked again, a connection gets the answer that it got before. */
  #challengeOf({ claim }: Connection, session: Session): number {
    return claim?.session === session ? claim.challenge : this.#options.makeChallenge()
  }

  /** The newest claim counts. One with the same secrets is the same client's, over a path that it left. */
  #make(connection: Connection, claim: Claim, nowMs: number): void {
    const isOthers = (other: Connection) => other !== connection && other.claim?.nextHash !== claim.nextHash
    this.#dismissClaims(claim.session, isOthers, nowMs)
    connection.claim = claim
    this.#send(connection, claim.answer)
  }

  #dismissClaims(session: Session, which: (connection: Connection) => boolean, nowMs: number): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.claim?.session === session && which(connection))
        this.#dismiss(connection, 'replaced', nowMs)
    }
  }

  #takeClaiming(connection: Connection, line: Line, nowMs: number): void {
    const { claim } = connection
    if (claim === null) return
    if (line.word === 'PONG' && line.number === claim.challenge) this.#confirm(connection, claim, nowMs)
    // Our answer or its PONG was lost: ask again, in a line no longer than the one that came.
    else if (line.word === 'DATA' || line.word === 'PING')
      this.#send(connection, { word: 'PING', number: claim.challenge })
  }

  /** The one who claimed receives what we send there: from now on that is where the session is. */
  #confirm(connection: Connection, claim: Claim, nowMs: number): void {
    const { session, received } = claim
    const older = session.connection === null ? undefined : this.#connections.get(session.connection)
    session.connection = connection.key
    connection.claim = null
    connection.session = session
    connection.closesAtMs = Infinity
    connection.pulse = new Pulse(this.#timing, 0, nowMs)
    if (older !== undefined) {
      older.session = null
      this.#dismiss(older, 'replaced', nowMs)
    }
    this.#dismissClaims(session, () => true, nowMs)
    takeNext(session)
    this.#forgetHello(session)
    session.endsAtMs = Infinity
    session.exchange.attach(connection.carrier, received)
    const old = session.state
    this.#enter(session, 'confirmed')
    this.#note(session, old, claim.answer.word)
    this.#save(session)
    if (claim.answer.word === 'RESUMED') {
      const toSend = session.exchange.unacknowledged.length
      this.#actions.push({
        do: 'note-resumed',
        session: session.id,
        connection: connection.key,
        received,
        toSend,
      })
    }
    this.#pump(session, nowMs)
  }

  #wrongToken(connection: Connection, { session }: ResumeLine, nowMs: number): void {
    connection.wrongTokens += 1
    if (this.#wrongTokens.take(nowMs) === 'admit') this.#refuse(connection, session, 'unknown-session')
    if (connection.wrongTokens >= WRONG_TOKENS_PER_CONNECTION_MAX)
      this.#dismiss(connection, 'too-many', nowMs)
  }

  #refuse(connection: Connection, session: string, reason: RefusalReason): void {
    this.#actions.push({ do: 'note-refused', connection: connection.key, session, reason })
    this.#send(connection, { word: 'REFUSED', reason })
  }

  // ---- a connection that carries a session ------------------------------------------------------------

  #takeAttached(connection: Connection, session: Session, line: Line, nowMs: number): void {
    const { key } = connection
    const { id, exchange } = session
    const transition = connection.pulse?.heard(nowMs)
    if (transition !== undefined) this.#actions.push({ do: 'note-belief', connection: key, transition })
    switch (line.word) {
      case 'DATA':
        if (exchange.receive(line.number)) {
          this.#actions.push({
            do: 'deliver',
            session: id,
            connection: key,
            number: line.number,
            text: line.text,
          })
          this.#save(session)
        }
        this.#send(connection, { word: 'ACK', number: exchange.received })
        break
      case 'ACK': {
        const numbers = exchange.acknowledged(line.number, nowMs)
        if (numbers === null) {
          this.#dismiss(connection, 'out-of-step', nowMs)
          return
        }
        for (const number of numbers)
          this.#actions.push({ do: 'acknowledged', session: id, connection: key, number })
        // Not kept by itself: whoever sends a message once more than needed only repeats itself.
        this.#pump(session, nowMs)
        break
      }
      case 'PING':
        this.#send(connection, { word: 'PONG', number: line.number })
        break
      case 'BYE':
        if (line.reason === 'closed') this.#end(session, 'closed', nowMs)
        else this.#dismiss(connection, line.reason, nowMs)
        break
    }
  }

  #timeOf(connection: Connection, nowMs: number): void {
    if (nowMs >= connection.closesAtMs) {
      this.#dismiss(connection, 'too-slow', nowMs)
      return
    }
    const ping = connection.pulse?.ping(nowMs) ?? null
    if (ping !== null) this.#send(connection, { word: 'PING', number: ping })
    const transition = connection.pulse?.judge(nowMs)
    if (transition === undefined) return
    this.#actions.push({ do: 'note-belief', connection: connection.key, transition })
    if (transition.new !== 'down') return
    this.#actions.push({ do: 'close', connection: connection.key })
    this.#drop(connection, 'heartbeat missed', nowMs)
  }

  // ---- ends -----------------------------------------------------------------------------------------

  /** Says goodbye and closes a connection; the session that it carries waits for another. */
  #dismiss(connection: Connection, reason: GoodbyeReason, nowMs: number): void {
    this.#send(connection, { word: 'BYE', reason })
    this.#actions.push({ do: 'close', connection: connection.key })
    this.#drop(connection, reason, nowMs)
  }

  #drop(connection: Connection, because: string, nowMs: number): void {
    this.#connections.delete(connection.key)
    const { session } = connection
    if (session === null || !this.#enter(session, 'connection_lost')) return
    session.exchange.detach()
    session.endsAtMs = nowMs + this.#graceMs
    this.#note(session, 'attached', because)
    session.connection = null
  }

  #end(session: Session, because: ServerEnd, nowMs: number): void {
    const { id, state, connection: key } = session
    this.#enter(session, 'ended')
    this.#note(session, state, because)
    this.#sessions.delete(id)
    this.#forgetHello(session)
    for (const connection of [...this.#connections.values()]) {
      if (connection.session !== session && connection.claim?.session !== session) continue
      connection.session = null
      this.#dismiss(connection, because === 'unconfirmed' ? 'too-slow' : because, nowMs)
    }
    const { unacknowledged } = session.exchange
    // What was never confirmed was never kept.
    if (state !== 'opening') this.#actions.push({ do: 'forget', session: id })
    this.#actions.push({ do: 'over', session: id, connection: key, because, unacknowledged })
  }

  #enter(session: Session, input: ServerInput): boolean {
    const next = serverTransitions[session.state][input]
    if (next === undefined) return false
    session.state = next
    return true
  }

  #note({ id, connection, state }: Session, old: ServerState | 'none', because: string): void {
    this.#actions.push({ do: 'note-state', session: id, connection, old, new: state, because })
  }

  /** Nothing is kept for one who has not proved yet that it receives. */
  #save({ id, state }: Session): void {
    if (state !== 'opening') this.#actions.push({ do: 'save', session: id })
  }

  #forgetHello({ helloHash }: Session): void {
    if (helloHash !== null) this.#opening.delete(helloHash)
  }

  #send({ key }: Connection, line: Line): void {
    this.#actions.push({ do: 'send', connection: key, line: formatLine(line) })
  }

  /** Sends what waits, as far as it may go out now. */
  #pump({ connection: key, exchange }: Session, nowMs: number): void {
    const connection = key === null ? undefined : this.#connections.get(key)
    if (connection !== undefined) for (const line of exchange.outgoing(nowMs)) this.#send(connection, line)
  }

  #flush(): ServerAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
