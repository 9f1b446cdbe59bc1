/** The sessions of the bank: the rules of protocols/http-session over a store. */
import { randomBytes } from 'node:crypto'
import type { Emitter } from '../../events/emit.ts'
import { SESSION_ID_BYTES, type SessionLimits } from '../../protocols/http-session/constants.ts'
import {
  keptUntilMs,
  type ListedSession,
  type LivingSession,
  listWith,
  livingIn,
  type SessionRecord,
  type SessionState,
  sessionDigest,
  sessionIdOf,
  sessionKeyOf,
  stateOf,
  used,
} from '../../protocols/http-session/session.ts'
import type { Change, Entry, Json, Store } from '../../store/store.ts'

type Values = ReadonlyMap<string, Json | undefined>

/** A new id of the operating system's randomness. */
export function newId(): string {
  return sessionIdOf(randomBytes(SESSION_ID_BYTES))
}

const recordKeyOf = (sessionKey: string) => `session:${sessionKey}`
const recordKey = (id: string) => recordKeyOf(sessionKeyOf(id))
const listKey = (user: string) => `sessions:${user}`

function listIn(value: Json | undefined): readonly ListedSession[] {
  return (value ?? []) as unknown as readonly ListedSession[]
}

/** The same as {@link sessionDigest} has of the id. */
const digestOf = (sessionKey: string) => sessionKey.slice(0, 8)

/** As its user sees it. */
export interface UserSession extends Omit<LivingSession, 'key'> {
  /** The digest, as in the log: enough to tell it from others. */
  session: string
  isThis: boolean
}

/** What became of a request with a session's id. */
export type Outcome<T> = { state: 'live'; user: string; result: T } | { state: Exclude<SessionState, 'live'> }

export class Sessions {
  readonly #store: Store
  readonly #limits: SessionLimits

  constructor(store: Store, limits: SessionLimits) {
    this.#store = store
    this.#limits = limits
  }

  /**
   * Begins a session for a user who has just shown that they are who they say. Always with an id of ours that was
   * never used before: whoever knew the id that the browser came with does not know this one (ASVS 7.2.4).
   * @param emit writes in the name of the connection that the request came over
   * @param presented the id that the browser came with, if any: the session it is of, if any, ends
   * @returns the id, which is nowhere else from now on
   */
  async signIn(user: string, presented: string | null, emit: Emitter): Promise<string> {
    const id = newId()
    const nowMs = Date.now()
    const record: SessionRecord = { user, signedInAtMs: nowMs, usedAtMs: nowMs }
    const keys = [...(await this.#keysOf(user)), ...(presented === null ? [] : [recordKey(presented)])]
    const { before, ended } = await this.#store.update(keys, (values) => {
      const old =
        presented === null ? undefined : (values.get(recordKey(presented)) as SessionRecord | undefined)
      const isOldLive = stateOf(old, this.#limits, nowMs) === 'live'
      const others = this.#living(values, user, nowMs)
        .filter(({ key }) => presented === null || key !== sessionKeyOf(presented))
        .map(({ key, signedInAtMs }) => ({ key, signedInAtMs }))
      const { kept, ended } = listWith(others, { key: sessionKeyOf(id), signedInAtMs: nowMs }, this.#limits)
      const write = new Map<string, Entry | null>(ended.map(({ key }) => [recordKeyOf(key), null]))
      if (presented !== null && old !== undefined) write.set(recordKey(presented), null)
      write.set(recordKey(id), { value: record, expiresAtMs: keptUntilMs(record, this.#limits) })
      write.set(listKey(user), { value: kept, expiresAtMs: nowMs + this.#limits.absoluteMs })
      return { write, result: { before: isOldLive ? presented : null, ended } }
    })
    for (const { key } of ended) {
      emit('http-session:ended', { session: digestOf(key), because: 'too_many' })
    }
    const session = sessionDigest(id)
    if (before === null) emit('http-session:created', { session, user })
    else emit('http-session:renewed', { session, before: sessionDigest(before), user })
    return id
  }

  /**
   * Reads, decides and writes as the user of a session, in one step with looking whether it is live: whoever
   * signs out in this very moment was before it or after it.
   * @param keysOf called once, before; what it throws is what this rejects with
   * @throws StoreUnavailableError
   */
  async within<T>(
    id: string,
    keysOf: (user: string) => readonly string[] | Promise<readonly string[]>,
    change: (values: Values, user: string) => Change<T>,
    emit: Emitter,
  ): Promise<Outcome<T>> {
    // Whose it is never changes, so that this may be read before.
    const known = (await this.#store.get(recordKey(id))) as SessionRecord | undefined
    const keys = known === undefined ? [] : await keysOf(known.user)
    const outcome = await this.#store.update<Outcome<T>>([recordKey(id), ...keys], (values) => {
      const nowMs = Date.now()
      const record = values.get(recordKey(id)) as SessionRecord | undefined
      const state = known === undefined ? 'unknown' : stateOf(record, this.#limits, nowMs)
      if (state !== 'live' || record === undefined) {
        return { write: new Map(), result: { state: state === 'live' ? 'unknown' : state } }
      }
      const touched = used(record, this.#limits, nowMs)
      const { write, result } = change(values, record.user)
      const touch: [string, Entry][] =
        touched === null
          ? []
          : [[recordKey(id), { value: touched, expiresAtMs: keptUntilMs(touched, this.#limits) }]]
      // What the change writes counts: it may end the session.
      return { write: new Map([...touch, ...write]), result: { state, user: record.user, result } }
    })
    const session = sessionDigest(id)
    switch (outcome.state) {
      case 'live':
        emit('http-session:used', { session, user: outcome.user })
        break
      case 'unknown':
        emit('http-session:refused', { session, because: 'unknown' })
        break
      default: {
        const because = outcome.state === 'expired' ? 'absolute' : 'idle'
        emit('http-session:expired', { session, because })
      }
    }
    return outcome
  }

  /**
   * Whose session it is, live or not: whoever acts on that looks again, by {@link within}.
   * @throws StoreUnavailableError
   */
  async whose(id: string): Promise<string | null> {
    const record = (await this.#store.get(recordKey(id))) as SessionRecord | undefined
    return record?.user ?? null
  }

  /** The live sessions of its user, in the order in which they began (ASVS 7.5.2). */
  async list(id: string, emit: Emitter): Promise<Outcome<readonly UserSession[]>> {
    return await this.within(
      id,
      (user) => this.#keysOf(user),
      (values, user) => ({
        write: new Map(),
        result: this.#living(values, user, Date.now()).map(({ key, signedInAtMs, usedAtMs }) => ({
          session: digestOf(key),
          signedInAtMs,
          usedAtMs,
          isThis: key === sessionKeyOf(id),
        })),
      }),
      emit,
    )
  }

  /**
   * Ends sessions of its user in the store, so that no copy of an id is good for anything: this one, all, or the one
   * of a digest.
   */
  async end(
    id: string,
    which: 'this' | 'all' | { session: string },
    emit: Emitter,
  ): Promise<Outcome<readonly UserSession['session'][]>> {
    const isEnding = ({ key }: ListedSession) => {
      if (which === 'all') return true
      return which === 'this' ? key === sessionKeyOf(id) : digestOf(key) === which.session
    }
    const outcome = await this.within(
      id,
      (user) => this.#keysOf(user),
      (values, user) => {
        const nowMs = Date.now()
        const list = listIn(values.get(listKey(user)))
        const write = new Map<string, Entry | null>(
          list.filter(isEnding).map(({ key }) => [recordKeyOf(key), null]),
        )
        const kept = list.filter((listed) => !isEnding(listed))
        write.set(listKey(user), { value: kept, expiresAtMs: nowMs + this.#limits.absoluteMs })
        const ended = this.#living(values, user, nowMs).filter(isEnding)
        return { write, result: ended.map(({ key }) => digestOf(key)) }
      },
      emit,
    )
    if (outcome.state === 'live') {
      const because =
        which === 'all' ? 'signed_out_everywhere' : which === 'this' ? 'signed_out' : 'ended_by_user'
      for (const session of outcome.result) emit('http-session:ended', { session, because })
    }
    return outcome
  }

  /** What has to be read to know which sessions of a user are live. */
  async #keysOf(user: string): Promise<readonly string[]> {
    const list = listIn(await this.#store.get(listKey(user)))
    return [listKey(user), ...list.map(({ key }) => recordKeyOf(key))]
  }

  #living(values: Values, user: string, nowMs: number): LivingSession[] {
    const list = listIn(values.get(listKey(user)))
    const records = new Map<string, SessionRecord | undefined>()
    for (const { key } of list) {
      const record = values.get(recordKeyOf(key)) as SessionRecord | undefined
      if (values.has(recordKeyOf(key))) records.set(key, record)
    }
    return livingIn(list, records, this.#limits, nowMs)
  }
}
