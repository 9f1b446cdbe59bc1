/**
 * Judges while it goes on: when the watch of a strike has ended, what both ends came to believe is held against
 * what the lab expects of such a fault. Of each pair only what a judgement needs is kept.
 */

import { hostName, pairOf } from '../events/host-names.ts'
import type { EventName, LabEvent } from '../events/vocabulary.ts'
import type { Check } from '../lab/checks.ts'
import { LabLog, mechanismOf } from '../lab/log.ts'
import type { Plan } from '../plan/plan.ts'
import { ROUTER, remember } from './arrange.ts'
import { WATCH_MS } from './truths.ts'

/** Before a strike: the options and round-trip times just read, and what was heard last. */
const BEFORE_MS = 10_000
const KEPT_MS = BEFORE_MS + 2 * WATCH_MS
/** Judging costs milliseconds for each pair: the oldest checks go, when somebody strikes all afternoon. */
const CHECKS_MAX = 3600

/** True from the moment it was written until it is written again. */
const LASTING: ReadonlySet<EventName> = new Set<EventName>([
  'kernel:sysctls_read',
  'kernel:sampling_started',
  'host:started',
])

interface Kept {
  lasting: Map<string, LabEvent>
  recent: LabEvent[]
  strikes: number
}

export class Judgement {
  readonly #plan: Plan
  readonly #judge: (log: LabLog, plan: Plan) => Check[]
  readonly #pairs = new Map<string, Kept>()
  #checks: Check[] = []
  /** Connections by their client's address: whether the router knows them. */
  readonly #remembered = new Map<string, boolean>()

  constructor(plan: Plan, judge: (log: LabLog, plan: Plan) => Check[]) {
    this.#plan = plan
    this.#judge = judge
  }

  /** The newest strikes, oldest first. Ids are `<pair>/<mechanism>/<n>-<fault>-<what>`: the pair's n-th strike. */
  get checks(): readonly Check[] {
    return this.#checks
  }

  /** What is known of a pair now, enough to predict from. */
  logOf(pair: string): LabLog {
    const kept = this.#pairs.get(pair)
    return new LabLog(kept === undefined ? [] : [...kept.lasting.values(), ...kept.recent])
  }

  /** What is known of some pair: of the host's settings, say, which all of them share. */
  anyLog(): LabLog {
    return this.logOf([...this.#pairs.keys()][0] ?? '')
  }

  /** @returns what it decided */
  take(event: LabEvent): Check[] {
    if (event.name === 'router:mapping_updated')
      remember(this.#remembered, event.data.client, event.data.isKnown)
    // It comes back with an empty table.
    if (event.host === ROUTER && event.name === 'program:started') {
      for (const client of this.#remembered.keys()) this.#remembered.set(client, false)
    }
    // The machine is the same for all.
    if (event.name === 'control:late') for (const { recent } of this.#pairs.values()) recent.push(event)
    const pair = pairOf(event.host) ?? ('pair' in event.data ? event.data.pair : null)
    if (pair === null) return []
    let kept = this.#pairs.get(pair)
    if (kept === undefined) {
      kept = { lasting: new Map(), recent: [], strikes: 0 }
      this.#pairs.set(pair, kept)
    }
    if (event.name === 'fault:striking') kept.strikes += 1
    if (LASTING.has(event.name)) kept.lasting.set(`${event.host} ${event.name}`, event)
    else kept.recent.push(event)
    if ((kept.recent[0]?.time ?? event.time) < event.time - 2 * KEPT_MS) {
      const from = event.time - KEPT_MS
      kept.lasting = lastingBefore(kept, from)
      kept.recent = kept.recent.filter(({ time }) => time >= from)
    }
    if (event.name !== 'watch:ended') return []
    const checks = this.#judgeStrike(pair, kept).map((check) => this.#excuse(check, pair, kept))
    this.#checks = [...this.#checks, ...checks].slice(-CHECKS_MAX)
    return checks
  }

  /**
   * A connection that the router has forgotten was over before, though neither end knew: what the strike would
   * have told them does not get through.
   */
  #excuse(check: Check, pair: string, { lasting, recent }: Kept): Check {
    const [, mechanism = ''] = check.id.split('/')
    if (check.verdict !== 'fail' || mechanism.startsWith('udp')) return check
    const address = lasting.get(`${hostName(pair, 'a')} host:started`)?.data as
      | { address?: string }
      | undefined
    const group = recent.findLast(
      ({ host, group_id }) => host === hostName(pair, 'a') && group_id?.startsWith(`${mechanism}:`),
    )?.group_id
    if (this.#remembered.get(`${address?.address}:${group?.split(':')[1]}`) !== false) return check
    return { ...check, verdict: 'skipped', because: 'the router had forgotten this connection before' }
  }

  #judgeStrike(pair: string, kept: Kept): Check[] {
    const { recent, strikes } = kept
    const began = recent.findLast(({ name }) => name === 'fault:striking')
    if (began === undefined) return []
    const from = began.time - BEFORE_MS
    // Of this strike alone: an earlier one, half forgotten, cannot be judged again.
    const own = recent.filter(
      ({ time, name }) => time >= from && !(/^(fault|watch):/.test(name) && time < began.time),
    )
    const log = new LabLog([...lastingBefore(kept, from).values(), ...own])
    return this.#judge(log, this.#plan).map((check) => {
      const [fault, mechanism, what] = check.id.split('/')
      return { ...check, id: `${pair}/${mechanism}/${strikes}-${fault}-${what}` }
    })
  }
}

/** With what was believed last of each connection: an end that is silent for an hour still believes it. */
function lastingBefore({ lasting, recent }: Kept, from: number): Map<string, LabEvent> {
  const all = new Map(lasting)
  for (const event of recent) {
    if (event.name !== 'belief:updated' || event.time >= from) continue
    const rowOf = (one: LabEvent) => `${one.host} ${one.name} ${mechanismOf(one)}`
    const key = `${event.host} ${event.name} ${event.group_id}`
    // Another connection has begun: those of its row that are over will not be heard of again.
    if (!all.has(key)) {
      for (const [other, one] of all) {
        const isOver = one.name === 'belief:updated' && one.data.new === 'down'
        if (isOver && rowOf(one) === rowOf(event)) all.delete(other)
      }
    }
    all.set(key, event)
  }
  return all
}
