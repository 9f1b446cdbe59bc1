/** Questions to the log of a run. */
import { peerOf } from '../events/host-names.ts'
import type { Belief, EventName, EventOf, LabEvent, Truth } from '../events/vocabulary.ts'
import type { FaultId } from '../faults/registry.ts'

/** Which events; what is left out does not matter. */
export interface Filter {
  host?: string
  mechanism?: string
  /** The run's milliseconds, both inclusive. */
  from?: number
  to?: number
}

/** One fault on one pair, from the moment it is true until its watch ends. */
export interface Strike {
  fault: FaultId
  pair: string
  /** The host it struck, and the other one. */
  struck: string
  other: string
  /** When its command began: from here to `at` it may already have been in force. */
  began: number
  /** When the truth changed; where it does not (`none`, `reset`), when the fault was applied. */
  at: number
  /** When the watch ended; until then "nothing" is an observation. */
  until: number
  /** The watch came to its end; otherwise the run was interrupted. */
  complete: boolean
  /** null when the fault was seen to have happened. */
  problem: string | null
}

/** A time in the run's milliseconds, both ends inclusive. */
export interface Period {
  from: number
  to: number
}

/** From the moment a case began until it was over. */
export interface Watch extends Period {
  /** It came to its end; otherwise the run was interrupted. */
  complete: boolean
}

export class LabLog {
  readonly events: readonly LabEvent[]
  /** A judge asks hundreds of times, mostly for events that are few. */
  readonly #byName = new Map<EventName, LabEvent[]>()
  #strikes: Strike[] | undefined

  /** @param events in order of time */
  constructor(events: readonly LabEvent[]) {
    this.events = events
    for (const event of events) {
      const same = this.#byName.get(event.name)
      if (same === undefined) this.#byName.set(event.name, [event])
      else same.push(event)
    }
  }

  #named<N extends EventName>(name: N): readonly EventOf<N>[] {
    return (this.#byName.get(name) ?? []) as EventOf<N>[]
  }

  /** The events of one name, in order. */
  all<N extends EventName>(name: N, filter: Filter = {}): EventOf<N>[] {
    return this.#named(name).filter((event) => matches(event, filter))
  }

  first<N extends EventName>(name: N, filter: Filter = {}): EventOf<N> | undefined {
    return this.#named(name).find((event) => matches(event, filter))
  }

  last<N extends EventName>(name: N, filter: Filter = {}): EventOf<N> | undefined {
    return this.#named(name).findLast((event) => matches(event, filter))
  }

  /** Every fault that struck, in order. In play one pair is struck again and again. */
  get strikes(): Strike[] {
    this.#strikes ??= this.#findStrikes()
    return this.#strikes
  }

  #findStrikes(): Strike[] {
    return this.all('fault:striking').map((striking) => {
      const { fault, pair, struck, uncertainMs = 0 } = striking.data
      const later = this.events.filter((event) => event.seq > striking.seq && event.host === striking.host)
      const inPair = <N extends EventName>(name: N) =>
        later.find(
          (event): event is EventOf<N> =>
            event.name === name && 'pair' in event.data && event.data.pair === pair,
        )
      const other = peerOf(struck)
      const ended = inPair('watch:ended')
      const lastTime = this.events.at(-1)?.time ?? striking.time
      const until = untilOf(ended) ?? lastTime
      const unverified = inPair('fault:unverified')
      const isOfThis = unverified !== undefined && (ended === undefined || unverified.seq < ended.seq)
      const truth = this.first('truth:updated', {
        host: other,
        from: striking.time,
        to: ended?.time ?? lastTime,
      })
      return {
        fault: fault as FaultId,
        pair,
        struck,
        other,
        began: striking.time - uncertainMs,
        at: truth?.time ?? striking.time,
        until,
        complete: ended !== undefined,
        // A pair that is struck again may have no luck only then.
        problem: isOfThis ? unverified.data.problem : null,
      }
    })
  }

  /** The first strike of a fault; undefined when there was none. */
  strike(fault: FaultId): Strike | undefined {
    return this.strikes.find((strike) => strike.fault === fault)
  }

  /** The first strike on a pair; undefined when there was none. */
  strikeOn(pair: string): Strike | undefined {
    return this.strikes.find((strike) => strike.pair === pair)
  }

  /**
   * When a case was seen: by `runCase`, or else from its first strike to the end of that watch; undefined
   * when the run did not come to it.
   */
  watchOf(pair: string): Watch | undefined {
    const ofPair = (event: { data: { pair: string } }) => event.data.pair === pair
    const started = this.all('case:started').find(ofPair)
    if (started === undefined) {
      const strike = this.strikeOn(pair)
      return strike && { from: strike.began, to: strike.until, complete: strike.complete }
    }
    const ended = this.all('case:ended').find(ofPair)
    return {
      from: started.time,
      to: ended?.time ?? this.events.at(-1)?.time ?? started.time,
      complete: ended !== undefined,
    }
  }

  /** What `host` believed about its peer on the newest connection of a mechanism at a moment. */
  beliefAt(host: string, mechanism: string, time: number): Belief {
    return this.#beliefChanges(host, mechanism, time).at(-1)?.data.new ?? 'unknown'
  }

  /** The connection which that belief is about; undefined when it never had one. */
  connectionAt(host: string, mechanism: string, time: number): string | undefined {
    return this.#beliefChanges(host, mechanism, time).at(-1)?.group_id
  }

  /** How it changed its mind in a time: not about connections that it had replaced before. */
  beliefChanges(host: string, mechanism: string, { from, to }: { from: number; to: number }) {
    const newest = this.#beliefChanges(host, mechanism, from).at(-1)?.group_id
    const before = new Set(
      this.all('belief:updated', { host, mechanism, to: from }).map(({ group_id }) => group_id),
    )
    return this.all('belief:updated', { host, mechanism, from, to }).filter(
      ({ group_id }) => group_id === newest || !before.has(group_id),
    )
  }

  /** An end that has gone on to another connection may still be told that an earlier one is over. */
  #beliefChanges(host: string, mechanism: string, to: number): EventOf<'belief:updated'>[] {
    const replaced = new Set<string | undefined>()
    let newest: string | undefined
    return this.all('belief:updated', { host, mechanism, to }).filter(({ group_id }) => {
      if (replaced.has(group_id)) return false
      if (newest !== undefined && newest !== group_id) replaced.add(newest)
      newest = group_id
      return true
    })
  }

  /** What was true of the peer of `host` at a moment. */
  truthAt(host: string, time: number): Truth {
    return this.last('truth:updated', { host, to: time })?.data.new ?? 'absent'
  }

  /**
   * By how much the lab's own timer was late at the worst, in a time. Who was late says so afterwards: what matters is
   * whether anything of the time for which it was late lies within.
   */
  controlLateMs(from: number, to: number): number {
    const late = this.all('control:late', { from }).filter(({ time, data }) => time - data.lateMs <= to)
    return Math.max(0, ...late.map(({ data }) => data.lateMs))
  }
}

/** What ended a watch may have begun before that was seen. */
function untilOf(ended: EventOf<'watch:ended'> | undefined): number | undefined {
  return ended && ended.time - (ended.data.uncertainMs ?? 0)
}

function matches(event: LabEvent, { host, mechanism, from, to }: Filter): boolean {
  return (
    (host === undefined || event.host === host) &&
    (mechanism === undefined || mechanismOf(event) === mechanism) &&
    (from === undefined || event.time >= from) &&
    (to === undefined || event.time <= to)
  )
}

/** The mechanism of an event: what its group id begins with. */
export function mechanismOf(event: LabEvent): string | undefined {
  return event.group_id?.split(':')[0]
}
