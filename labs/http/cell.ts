/** One cell of a run: where its evidence is in the log, and claims about it. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type EventName, type EventOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { Claim, Expected, Observation } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Watch } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { HttpSettings } from './conditions.ts'

export type Side = 'a' | 'b'
export type Captured = EventOf<'packet:captured'>

/** The first of many are proof enough. */
const EVIDENCE_MAX = 12

/** What a claim is beside its numbers. */
export interface Words {
  claim: string
  formula: string
  source: string
  because?: string
  /** What the matrix says of it, in at most seven characters. */
  short?: string
}

/** A request of a user, and what came of it. */
export interface Ask {
  user: string
  /** `GET /account` */
  what: string
  /** Each as `name=digest`. */
  cookies: readonly string[]
  /** The connection that it travelled on. */
  group: string
  sent: EventOf<'http:request_sent'>
  /** `200`, or why there was no answer: `NO_ANSWER`. */
  outcome: string
  event: LabEvent | undefined
}

export class Cell {
  readonly log: LabLog
  readonly settings: HttpSettings
  readonly caseId: string
  readonly mechanism: string
  readonly watch: Watch

  constructor(log: LabLog, plan: Plan<HttpSettings>, caseId: string, mechanism: string, watch: Watch) {
    this.log = log
    this.settings = plan.settings
    this.caseId = caseId
    this.mechanism = mechanism
    this.watch = watch
  }

  // ---- the log ----------------------------------------------------------------------------------

  host(side: Side): string {
    return hostName(this.caseId, side)
  }

  /** Events of this row at one of its hosts. */
  all<N extends EventName>(side: Side, name: N, within: Partial<Watch> = {}): EventOf<N>[] {
    const { from = this.watch.from, to = this.watch.to } = within
    return this.log.all(name, { host: this.host(side), mechanism: this.mechanism, from, to })
  }

  /** The packets of this row that passed a host's card; null where none are captured. */
  packets(side: Side, within: Partial<Watch> = {}): Captured[] | null {
    const isCaptured = this.log.first('wire:capture_started', { host: this.host(side) }) !== undefined
    // A capture that broke off saw nothing afterwards, and that is no silence.
    const brokeOff = this.log
      .all('program:failed', { host: 'lab', to: this.watch.to })
      .some(({ data }) => data.message.startsWith('the capture process'))
    if (brokeOff) return null
    return isCaptured ? this.all(side, 'packet:captured', within) : null
  }

  /** The connections that were opened to a server of this row, as its host's card saw them; null as above. */
  handshakes(within: Partial<Watch> = {}): Captured[] | null {
    const syns = this.packets('b', within)?.filter(({ data }) => data.kind === 'syn')
    // Each once, however often it was sent.
    return (
      syns?.filter((one, index) => syns.findIndex(({ group_id }) => group_id === one.group_id) === index) ??
      null
    )
  }

  /** What users of this row asked for, in order. */
  asks(user?: string): Ask[] {
    const outcomes = [...this.all('a', 'http:response_received'), ...this.all('a', 'http:request_failed')]
    return this.all('a', 'http:request_sent').flatMap((sent) => {
      const { user: who = '?', number, method, path, cookies = [] } = sent.data
      if (user !== undefined && who !== user) return []
      const event = outcomes.find(
        (one) => one.data.number === number && one.program === sent.program && one.group_id === sent.group_id,
      )
      const outcome =
        event === undefined ? 'nothing' : 'status' in event.data ? String(event.data.status) : event.data.code
      return [
        { user: who, what: `${method} ${path}`, cookies, group: sent.group_id ?? '?', sent, outcome, event },
      ]
    })
  }

  /** Those that asked for a page of the account, where signing in is not the point. */
  visits(user?: string): Ask[] {
    return this.asks(user).filter(({ what }) => what === VISIT)
  }

  // ---- claims -----------------------------------------------------------------------------------

  /** A word, or one of several. */
  says(
    what: string,
    expected: string | string[],
    value: string | null,
    evidence: readonly (LabEvent | undefined)[],
    words: Words,
  ): TimedClaim {
    return this.#claim(what, words, { oneOf: [expected].flat() }, { value }, evidence)
  }

  /** So many of something; a range where a clock has a part in it. */
  counts(
    what: string,
    expected: number | { min: number; max: number },
    value: number | null,
    unit: string,
    evidence: readonly (LabEvent | undefined)[],
    words: Words,
  ): TimedClaim {
    const range = typeof expected === 'number' ? { min: expected, max: expected } : expected
    return this.#claim(what, words, { ...range, unit }, { value, unit }, evidence)
  }

  /** Nothing of the kind, for as long as was watched. */
  nothing(
    what: string,
    events: readonly LabEvent[],
    { from, to }: Pick<Watch, 'from' | 'to'>,
    words: Words,
  ): TimedClaim {
    const watchedMs = Math.round(to - from)
    const observed =
      events.length === 0 ? { value: null, watchedMs } : { value: events.length, unit: 'packets' }
    return this.#claim(what, words, { value: null }, observed, events)
  }

  #claim(
    what: string,
    { claim, formula, source, because = 'as observed', short }: Words,
    expected: Expected,
    observed: Observation,
    evidence: readonly (LabEvent | undefined)[],
  ): TimedClaim {
    const seen = evidence.filter((event) => event !== undefined).slice(0, EVIDENCE_MAX)
    const about: Claim = {
      id: `${this.caseId}/${this.mechanism}/${what}`,
      claim,
      formula,
      expected,
      observed,
      because,
      source,
      evidence: seen.map(addressOf),
      ...(short === undefined ? {} : { short }),
    }
    return { claim: about, from: this.watch.from, to: this.watch.to }
  }
}

/** What a signed-in user looks at. */
export const VISIT = 'GET /account'

export function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))]
}

/** `200 x 5, 401`: what came, in order, the same ones together. */
export function inRow(outcomes: readonly string[]): string {
  const rows: { outcome: string; count: number }[] = []
  for (const outcome of outcomes) {
    const last = rows.at(-1)
    if (last?.outcome === outcome) last.count += 1
    else rows.push({ outcome, count: 1 })
  }
  return (
    rows.map(({ outcome, count }) => (count === 1 ? outcome : `${outcome} x ${count}`)).join(', ') ||
    'nothing'
  )
}
