/**
 * What is true of the containers, as far as anybody can tell. The lab did not do it, so it has to be told, by
 * the learner or by the engine, or has to infer it from what the containers wrote, which proves little:
 *
 *   it said that it ends                      -> gone       the program's own word
 *   several peers got FIN or RST from it      -> gone       unknown: killed, or something else closed them all;
 *                                                           taken back when the same process writes again
 *   it wrote nothing for a while              -> frozen     unknown: paused, or gone without a word
 *   both write, and neither hears the other   -> unreachable  unknown: something between them
 *
 * Pure: arranged events in (arrange.ts), in order of time; out come the same events and what follows from them.
 */

import type { KeepaliveFault } from '../../labs/keepalive/faults.ts'
import { hostName, pairOf, sideOf } from '../events/host-names.ts'
import type { Certainty, EventName, EventOf, LabEvent, Truth } from '../events/vocabulary.ts'
import { type Act, actOf } from './acts.ts'
import { isClient, ROUTER, SERVER } from './arrange.ts'

/** A container writes every second; this much more is no accident of a busy machine. */
export const SILENT_MS = 2500
/**
 * Heartbeats go both ways every second. Longer than the silence of a container that does not run, which is not
 * heard either.
 */
export const UNHEARD_MS = SILENT_MS + 1500
/** This many connections of a host that end within this time were not closed one by one. */
const ENDINGS = 3
const ENDINGS_WITHIN_MS = 500
/** Its goodbyes are seen a moment after it said that it ends. */
const GOODBYES_MS = 3000
/** What was under way when a card was taken out, or waited in a buffer to be read. */
const IN_FLIGHT_MS = 1000
/** A command that is typed takes a second or two to return; whoever was interrupted did not type it. */
const ANNOUNCED_MS = 30_000
/** Everything that will notice has noticed. */
export const WATCH_MS = 15_000

const HEARD: ReadonlySet<EventName> = new Set<EventName>([
  'heartbeat:ping_received',
  'heartbeat:pong_received',
  'udp:datagram_received',
  'http:request_received',
  'http:response_received',
  'tcp:received',
])
const ENDED: ReadonlySet<EventName> = new Set<EventName>(['tcp:end_received', 'tcp:error_received'])

interface Container {
  condition: 'running' | 'frozen' | 'gone'
  /** The process that has entered last. */
  incarnation: number
  /** It was only concluded that this process is gone. */
  supposedlyGone: number | null
  connected: boolean
  /** When it was last plugged in or out. */
  pluggedAt: number
  wroteAt: number
  saidGoodbyeAt: number
  /** When connections with it ended, as its peers saw it: the newest few. */
  endings: number[]
}

interface PairState {
  name: string
  client: string
  /** When a and b last heard something; null: never yet. */
  heardAt: { a: number | null; b: number | null }
  /** Inferred: both write, neither hears. */
  isSilent: boolean
  truth: { a: Truth; b: Truth }
  watch: { fault: KeepaliveFault; struck: string; from: number } | null
}

/** Why something is so. */
interface Cause {
  because: string
  certainty: Certainty
  /** For how long it may have been so before anybody could say it. */
  uncertainMs: number
}

export class TruthFinder {
  readonly #containers = new Map<string, Container>()
  readonly #pairs = new Map<string, PairState>()
  /** By the engine's name. */
  readonly #names = new Map<string, string>()
  #isCut = false
  #announced: { act: Act; target: string; at: number; done: boolean } | null = null
  #emitted: LabEvent[] = []
  #seq = 0

  /** @returns the event, and what follows from it */
  take(event: LabEvent): LabEvent[] {
    this.#emitted = [event]
    this.#listen(event)
    this.#lookAround(event)
    return this.#emitted
  }

  #listen(event: LabEvent): void {
    const container = this.#containerOf(event)
    switch (event.name) {
      case 'container:entered':
        this.#enter(event)
        return
      case 'container:announced':
        this.#announce(event)
        return
      case 'container:reported':
        this.#report(event)
        return
      case 'router:rules_updated': {
        const { forwarding, uncertainMs } = event.data
        this.#cut(event, forwarding === 'cut', 'the router drops what it should pass on', uncertainMs)
        return
      }
    }
    if (event.host === ROUTER && event.name === 'program:stopping') this.#cut(event, true, 'the router ends')
    if (container === undefined) return
    const { name, state } = container
    state.wroteAt = event.time
    if (state.supposedlyGone === event.incarnation) this.#takeBack(event, name, state)
    // What the server says of its process is told to every pair as well: its own word is enough.
    if (event.name === 'program:stopping' && sideOf(event.host) !== 'b') {
      state.saidGoodbyeAt = event.time
      this.#become(
        event,
        name,
        'gone',
        'exit',
        this.#causeOf(event, name, 'its program said that it ends', 'definite'),
      )
    } else if (state.condition === 'frozen') {
      const cause: Cause = { because: 'it writes again', certainty: 'definite', uncertainMs: 0 }
      this.#become(event, name, 'running', null, cause)
    }
    const pair = this.#pairs.get(pairOf(event.host) ?? '')
    if (pair === undefined) return
    const side = sideOf(event.host)
    if (side !== null && HEARD.has(event.name)) {
      pair.heardAt[side] = event.time
      this.#noteHeard(event, pair)
    }
    if (side !== null && ENDED.has(event.name) && !isTimeout(event)) {
      // A program that closes its own connections is answered with FIN by a living kernel.
      const isOwn = event.time - state.saidGoodbyeAt < GOODBYES_MS
      if (!isOwn) this.#noteEnding(event, side === 'a' ? SERVER : pair.client)
    }
  }

  /** What nobody wrote: time has passed. */
  #lookAround(event: LabEvent): void {
    const now = event.time
    for (const [name, state] of this.#containers) {
      if (state.condition !== 'running' || now - state.wroteAt <= SILENT_MS) continue
      const seconds = ((now - state.wroteAt) / 1000).toFixed(1)
      const cause = this.#causeOf(
        event,
        name,
        `it has written nothing for ${seconds} s: paused, or gone`,
        'unknown',
      )
      this.#become(event, name, 'frozen', 'freeze', { ...cause, uncertainMs: now - state.wroteAt })
    }
    for (const pair of this.#pairs.values()) {
      const { a, b } = pair.heardAt
      if (a === null || b === null) continue
      const isSilent = now - Math.max(a, b) > UNHEARD_MS && this.#bothRun(pair)
      if (pair.isSilent && now - Math.max(a, b) < UNHEARD_MS) {
        pair.isSilent = false
        this.#updatePair(
          event,
          pair,
          { because: 'they hear each other', certainty: 'definite', uncertainMs: 0 },
          null,
        )
      } else if (isSilent && !pair.isSilent) {
        pair.isSilent = true
        const because = 'both write, and neither hears the other'
        const cause: Cause = { because, certainty: 'unknown', uncertainMs: now - Math.max(a, b) }
        this.#updatePair(event, pair, cause, { fault: 'cut', struck: hostName(pair.name, 'b') })
      }
      if (pair.watch !== null && now - pair.watch.from > WATCH_MS) this.#endWatch(event, pair)
    }
  }

  #bothRun({ client }: PairState): boolean {
    return [client, SERVER].every((name) => this.#containers.get(name)?.condition === 'running')
  }

  #enter(event: EventOf<'container:entered'>): void {
    const name = pairOf(event.host) ?? event.host
    this.#names.set(event.data.container, name)
    const state = this.#stateOf(name)
    Object.assign(state, { wroteAt: event.time, connected: true, endings: [], supposedlyGone: null })
    state.incarnation = event.incarnation
    state.condition = 'running'
    if (isClient(name) && !this.#pairs.has(name)) {
      this.#pairs.set(name, {
        name,
        client: name,
        heardAt: { a: null, b: null },
        isSilent: false,
        truth: { a: 'absent', b: 'absent' },
        watch: null,
      })
    }
    for (const pair of this.#pairsOf(name)) {
      // Nothing has been heard from this process yet, and that is no silence.
      pair.heardAt = { a: null, b: null }
      pair.isSilent = false
    }
    const cause: Cause = { because: 'its programs start', certainty: 'definite', uncertainMs: 0 }
    for (const pair of this.#pairsOf(name)) this.#updatePair(event, pair, cause, null)
  }

  #announce(event: EventOf<'container:announced'>): void {
    const { act: id, phase } = event.data
    const known = announcedAct(id)
    if (known === undefined) return
    if (phase === 'begins') {
      this.#announced = { ...known, at: event.time, done: false }
      return
    }
    const announced = this.#announced
    this.#announced = null
    if (announced === null || announced.act.id !== known.act.id || announced.done) return
    const because = typed(announced.act)
    this.#apply(event, known.act, known.target, {
      because,
      certainty: 'definite',
      uncertainMs: event.time - announced.at,
    })
  }

  #cut(event: LabEvent, isCut: boolean, because: string, uncertainMs = 0): void {
    if (isCut === this.#isCut) return
    this.#isCut = isCut
    const cause: Cause = {
      because: isCut ? because : 'the router passes packets on',
      certainty: 'definite',
      uncertainMs,
    }
    this.#change(event, cause, isCut ? 'cut' : null, SERVER)
  }

  #report(event: EventOf<'container:reported'>): void {
    const { container, action } = event.data
    const name = this.#names.get(container)
    if (name === undefined) return
    const cause: Cause = { because: `the engine reports "${action}"`, certainty: 'definite', uncertainMs: 0 }
    if (action === 'die') this.#become(event, name, 'gone', 'kill', cause)
    if (action === 'pause') this.#become(event, name, 'frozen', 'freeze', cause)
    if (action === 'unpause') this.#become(event, name, 'running', null, cause)
    if (action === 'connect' || action === 'disconnect') this.#plug(event, name, action === 'connect', cause)
  }

  /** A typed command has returned, and nothing has shown it yet. */
  #apply(event: LabEvent, act: Act, target: string, cause: Cause): void {
    for (const [name, state] of this.#containers) {
      if (name !== target && !(target === 'client' && isClient(name))) continue
      if (act.effect === 'disconnected') this.#plug(event, name, false, cause)
      else if (act.effect === 'frozen') this.#become(event, name, 'frozen', act.fault, cause)
      // It may be back by now: a host that is started again says so itself.
      else if (act.effect === 'killed' || act.effect === 'stopped') {
        if (state.condition !== 'gone' && event.time - state.wroteAt > SILENT_MS)
          this.#become(event, name, 'gone', act.fault, cause)
      } else if (act.id.startsWith('unpause')) this.#become(event, name, 'running', null, cause)
      else if (act.id.startsWith('connect')) this.#plug(event, name, true, cause)
    }
  }

  #become(
    event: LabEvent,
    name: string,
    condition: Container['condition'],
    fault: KeepaliveFault | null,
    cause: Cause,
  ): void {
    const state = this.#stateOf(name)
    if (state.condition === condition) return
    // What is gone comes back by entering.
    if (state.condition === 'gone') return
    state.condition = condition
    if (condition === 'running') {
      state.wroteAt = event.time
      // What it did not hear while it could not listen is no silence.
      for (const pair of this.#pairsOf(name)) this.#listenAnew(pair, event.time)
    }
    this.#change(event, cause, fault, name)
  }

  /** A host that is heard is on the network, whoever said that it is not. */
  #noteHeard(event: LabEvent, { client }: PairState): void {
    for (const name of [client, SERVER]) {
      const { connected, pluggedAt } = this.#stateOf(name)
      if (connected || event.time - pluggedAt < IN_FLIGHT_MS) continue
      const cause: Cause = { because: 'they hear each other', certainty: 'definite', uncertainMs: 0 }
      this.#plug(event, name, true, cause)
    }
  }

  #plug(event: LabEvent, name: string, connected: boolean, cause: Cause): void {
    const state = this.#stateOf(name)
    if (state.connected === connected) return
    state.connected = connected
    state.pluggedAt = event.time
    this.#change(event, cause, connected ? null : 'cut', name)
  }

  #change(event: LabEvent, cause: Cause, fault: KeepaliveFault | null, name: string): void {
    for (const pair of this.#pairsOf(name)) {
      const struck = hostName(pair.name, name === SERVER ? 'b' : 'a')
      this.#updatePair(event, pair, cause, fault === null ? null : { fault, struck })
    }
  }

  /** Who writes on had not ended, whoever closed its connections: a router that was not ready yet refuses them, too. */
  #takeBack(event: LabEvent, name: string, state: Container): void {
    state.supposedlyGone = null
    state.condition = 'running'
    const because = 'it writes on: it had not ended'
    for (const pair of this.#pairsOf(name)) {
      if (pair.watch?.fault === 'kill') {
        const { fault, struck } = pair.watch
        this.#emit(event, 'lab', 'fault:unverified', { fault, struck, pair: pair.name, problem: because })
      }
      this.#listenAnew(pair, event.time)
    }
    this.#change(event, { because, certainty: 'definite', uncertainMs: 0 }, null, name)
  }

  /** Tells what is true now from either side, and, when a fault made it so, begins to watch. */
  #updatePair(
    event: LabEvent,
    pair: PairState,
    { because, certainty, uncertainMs }: Cause,
    strike: { fault: KeepaliveFault; struck: string } | null,
  ): void {
    const now = { a: this.#truthAbout(SERVER, pair), b: this.#truthAbout(pair.client, pair) }
    if (now.a === pair.truth.a && now.b === pair.truth.b) return
    this.#endWatch(event, pair)
    // Where nobody is left at the other end, nobody finds out.
    if (strike !== null && pair.truth[sideOf(strike.struck) ?? 'a'] !== 'gone') {
      const detail = { ...strike, pair: pair.name }
      pair.watch = { ...strike, from: event.time }
      this.#emit(event, 'lab', 'watch:started', detail)
      this.#emit(event, 'lab', 'fault:striking', {
        ...detail,
        promise: because,
        ...(uncertainMs > 0 ? { uncertainMs: Math.ceil(uncertainMs) } : {}),
      })
      this.#emit(event, 'lab', 'fault:struck', { ...detail, verifiedBy: because })
    }
    for (const side of ['a', 'b'] as const) {
      if (now[side] === pair.truth[side]) continue
      const old = pair.truth[side]
      pair.truth[side] = now[side]
      const peer = hostName(pair.name, side === 'a' ? 'b' : 'a')
      const data = { peer, old, new: now[side], because, certainty }
      this.#emit(event, hostName(pair.name, side), 'truth:updated', data)
    }
  }

  #truthAbout(name: string, pair: PairState): Truth {
    const about = this.#containers.get(name)
    const other = this.#containers.get(name === SERVER ? pair.client : SERVER)
    if (about === undefined) return 'absent'
    if (about.condition === 'gone') return 'gone'
    const isApart = this.#isCut || pair.isSilent || !about.connected || other?.connected === false
    if (isApart) return 'unreachable'
    return about.condition === 'frozen' ? 'frozen' : 'answering'
  }

  #listenAnew(pair: PairState, now: number): void {
    const { a, b } = pair.heardAt
    pair.heardAt = { a: a === null ? null : now, b: b === null ? null : now }
  }

  #endWatch(event: LabEvent, pair: PairState): void {
    if (pair.watch === null) return
    const { fault, struck } = pair.watch
    pair.watch = null
    this.#emit(event, 'lab', 'watch:ended', { fault, struck, pair: pair.name })
  }

  #noteEnding(event: LabEvent, name: string): void {
    const state = this.#stateOf(name)
    // Through a router that passes nothing on comes no word of it: who ended the connection was the router.
    if (this.#isCut || state.condition === 'gone' || event.time - state.saidGoodbyeAt < GOODBYES_MS) return
    state.endings = [...state.endings.filter((time) => event.time - time < ENDINGS_WITHIN_MS), event.time]
    if (state.endings.length < ENDINGS) return
    const because = `its kernel ended ${state.endings.length} connections at once`
    const cause = this.#causeOf(event, name, because, 'unknown')
    const uncertainMs = Math.max(cause.uncertainMs, event.time - (state.endings[0] ?? event.time))
    this.#become(event, name, 'gone', 'kill', { ...cause, uncertainMs })
    if (cause.certainty === 'unknown') state.supposedlyGone = state.incarnation
  }

  /** Who announced what is now seen has done it: then it is certain. */
  #causeOf(event: LabEvent, name: string, because: string, certainty: Certainty): Cause {
    const announced = this.#announced
    const isIt =
      announced !== null &&
      event.time - announced.at < ANNOUNCED_MS &&
      (announced.target === name || (announced.target === 'client' && isClient(name)))
    if (!isIt) return { because, certainty, uncertainMs: 0 }
    announced.done = true
    const typed = `somebody typed "${announced.act.command}"`
    return {
      because: typed,
      certainty: 'definite',
      uncertainMs: certainty === 'unknown' ? event.time - announced.at : 0,
    }
  }

  /** The container whose process wrote this; undefined for what the recorder or a tool adds. */
  #containerOf(event: LabEvent): { name: string; state: Container } | undefined {
    if (event.program === 'recorder' || event.program === 'truth') return undefined
    const pair = pairOf(event.host)
    // The server's events are also told to each pair: once is enough, and any will do.
    const name = event.host === SERVER || sideOf(event.host) === 'b' ? SERVER : pair
    if (name === undefined || name === null || (name !== SERVER && !isClient(name))) return undefined
    return { name, state: this.#stateOf(name) }
  }

  #stateOf(name: string): Container {
    let state = this.#containers.get(name)
    if (state === undefined) {
      state = {
        condition: 'running',
        connected: true,
        pluggedAt: Number.NEGATIVE_INFINITY,
        wroteAt: Number.NEGATIVE_INFINITY,
        saidGoodbyeAt: Number.NEGATIVE_INFINITY,
        endings: [],
        incarnation: 1,
        supposedlyGone: null,
      }
      this.#containers.set(name, state)
    }
    return state
  }

  #pairsOf(name: string): PairState[] {
    return [...this.#pairs.values()].filter(({ client }) => name === SERVER || client === name)
  }

  #emit<N extends EventName>(after: LabEvent, host: string, name: N, data: EventOf<N>['data']): void {
    this.#emitted.push({
      mono: after.mono,
      time: after.time,
      seq: this.#seq++,
      run: after.run,
      lab: after.lab,
      host,
      incarnation: 1,
      program: 'truth',
      pid: after.pid,
      name,
      data,
    } as LabEvent)
  }
}

function typed({ id }: Act): string {
  return `somebody typed it: ${id}`
}

/** Patience that ran out says nothing of the other end. */
function isTimeout(event: LabEvent): boolean {
  return event.name === 'tcp:error_received' && !['ECONNRESET', 'EPIPE'].includes(event.data.code)
}

/** `disconnect client-2` is the act of `disconnect client`, on one of them. */
function announcedAct(id: string): { act: Act; target: string } | undefined {
  const [verb = '', target = ''] = id.split(' ')
  const act = actOf(id) ?? actOf(`${verb} ${target.replace(/-\d+$/, '')}`)
  return act === undefined ? undefined : { act, target: target === '' ? 'router' : target }
}
