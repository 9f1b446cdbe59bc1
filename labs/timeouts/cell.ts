/** One cell of a run: where its evidence is in the log, and claims about it. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type EventName, type EventOf, type LabEvent } from '../../src/events/vocabulary.ts'
import { type BusyConnection, sendsTailLossProbes } from '../../src/kernel/give-up.ts'
import { type Claim, type Expected, type Observation, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { Filter, LabLog, Watch } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { TimeoutsSettings } from './conditions.ts'
import { type Expectation, sentAgain } from './expectations.ts'

type At = Pick<LabEvent, 'time'>
type Sent = EventOf<'packet:captured'>
export type Side = 'a' | 'b'

/** What a claim is beside its numbers. */
interface Words {
  claim: string
  formula: string
  source: string
  because?: string
  short?: string
}

export class Cell {
  readonly log: LabLog
  readonly plan: Plan<TimeoutsSettings>
  readonly caseId: string
  readonly mechanism: string
  readonly watch: Watch

  constructor(log: LabLog, plan: Plan, caseId: string, mechanism: string, watch: Watch) {
    this.log = log
    this.plan = plan as Plan<TimeoutsSettings>
    this.caseId = caseId
    this.mechanism = mechanism
    this.watch = watch
  }

  get jiffyMs(): number {
    return Number(this.plan.environment.jiffyMs ?? Number.NaN)
  }

  get settings(): TimeoutsSettings {
    return this.plan.settings
  }

  // ---- the log ----------------------------------------------------------------------------------

  all<N extends EventName>(side: Side, name: N, from = this.watch.from, to = this.watch.to): EventOf<N>[] {
    return this.log.all(name, { ...this.#filter(side), from, to })
  }

  first<N extends EventName>(side: Side, name: N, from = this.watch.from): EventOf<N> | undefined {
    return this.all(side, name, from)[0]
  }

  /** The last before a moment. */
  last<N extends EventName>(side: Side, name: N, to = this.watch.to): EventOf<N> | undefined {
    return this.all(side, name, this.watch.from, to).at(-1)
  }

  /** Captured packets of this row, at one end. */
  packets(side: Side, direction: 'sent' | 'received', from?: number, to?: number): Sent[] {
    return this.all(side, 'packet:captured', from, to).filter(({ data }) => data.direction === direction)
  }

  /** The first packet with these flags; the kind tells an original from one sent again. */
  packet(side: Side, direction: 'sent' | 'received', kind: Sent['data']['kind'], from?: number) {
    return this.packets(side, direction, from).find(({ data }) => data.kind === kind)
  }

  /** A sysctl of one of the hosts, as its own process read it. */
  sysctl(side: Side, name: string): number {
    const values = this.log.first('kernel:sysctls_read', { host: hostName(this.caseId, side) })?.data.values
    return Number(values?.[name] ?? Number.NaN)
  }

  /** What the table of a host said of the connection at a moment. */
  state(side: Side, time: number): string {
    const entry = this.last(side, 'kernel:socket_updated', time)
    return entry?.data.new?.state ?? 'no entry'
  }

  /** When the table of a host lost a connection that was in this state. */
  forgotten(side: Side, state: string): EventOf<'kernel:socket_updated'> | undefined {
    return this.all(side, 'kernel:socket_updated').find(
      ({ data }) => data.old?.state === state && data.new === null,
    )
  }

  /** What the client's socket was set to, as the kernel told. */
  options(): EventOf<'kernel:options_read'>['data'] | undefined {
    return this.last('a', 'kernel:options_read')?.data
  }

  /** What decides the end of a client's connection whose data is lost from a moment on. */
  connection(lostAt: number): BusyConnection {
    const info = this.last('a', 'kernel:tcp_info_read', lostAt)?.data
    const early = this.sysctl('a', 'tcp_early_retrans')
    return {
      retransmissionTimeoutMs: info?.retransmissionTimeoutMs ?? Number.NaN,
      roundTripMs: info?.roundTripMs ?? Number.NaN,
      retries2: this.sysctl('a', 'tcp_retries2'),
      userTimeoutMs: this.options()?.userTimeoutMs ?? 0,
      tailLossProbe: sendsTailLossProbes(early) && this.sysctl('a', 'tcp_sack') === 1,
      jiffyMs: this.jiffyMs,
    }
  }

  /** When the path died in this case. */
  get silence() {
    return this.log.strikeOn(this.caseId)
  }

  #filter(side: Side): Filter {
    return { host: hostName(this.caseId, side), mechanism: this.mechanism }
  }

  /** When the path of this case was whole again; its end where it never was. */
  get wholeAt(): number {
    const undone = this.log.all('fault:undone', { to: this.watch.to })
    return undone.find(({ data }) => data.pair === this.caseId)?.time ?? this.watch.to
  }

  // ---- claims -----------------------------------------------------------------------------------

  /** It takes as long as expected from one event to another. */
  took(
    what: string,
    from: At | undefined,
    to: LabEvent | undefined,
    expectation: Pick<Expectation, 'span' | 'formula' | 'source'>,
    words: Pick<Words, 'claim' | 'because'>,
    /** The code that it must end with, where it ends with one. */
    code?: string,
  ): TimedClaim {
    const { span, formula, source } = expectation
    const afterMs = from && to ? Math.round(to.time - from.time) : null
    const seen = to && 'code' in to.data ? to.data.code : undefined
    const isOther = afterMs !== null && code !== seen
    const observed: Observation =
      afterMs === null
        ? { value: null, watchedMs: Math.round(this.watch.to - (from?.time ?? this.watch.from)) }
        : isOther
          ? { value: `${seen} after ${afterMs} ms` }
          : { value: afterMs, unit: 'ms' }
    const expected = {
      min: Math.max(0, Math.floor(span.minMs - STAMP_MS)),
      max: Math.ceil(span.maxMs + SLACK_MS),
      unit: 'ms',
    }
    const because = [
      ...(words.because === undefined ? [] : [words.because]),
      afterMs === null ? 'it has not come' : `it came after ${shortTime(afterMs)}`,
    ].join('; ')
    return this.#claim(what, { formula, source, ...words, because }, expected, observed, [from, to], {
      from: from?.time,
      to: to?.time,
      short: afterMs === null ? 'none' : shortTime(afterMs),
    })
  }

  /** At once: as fast as this machine lets us see it. */
  atOnce(
    what: string,
    from: At | undefined,
    to: LabEvent | undefined,
    words: Words,
    code?: string,
  ): TimedClaim {
    const { formula, source, ...rest } = words
    return this.took(what, from, to, { span: { minMs: 0, maxMs: 0 }, formula, source }, rest, code)
  }

  /** None of these events comes in the time. */
  nothing(what: string, from: number, to: number, events: readonly LabEvent[], words: Words): TimedClaim {
    const [first] = events
    const watchedMs = Math.round(to - from)
    const observed = first === undefined ? { value: null, watchedMs } : { value: `${first.name}` }
    const short = first === undefined ? `>${shortTime(watchedMs)}` : 'ended'
    return this.#claim(what, words, { value: null }, observed, events, { from, to, short })
  }

  /** So many of these events. */
  count(
    what: string,
    events: readonly LabEvent[],
    range: { min: number; max: number },
    unit: string,
    words: Words,
  ): TimedClaim {
    const observed = { value: events.length, unit }
    return this.#claim(what, words, { ...range, unit }, observed, events.slice(0, EVIDENCE_MAX), {})
  }

  /** What was sent first, and what was sent again, is as many as it should be. */
  sent(what: string, events: readonly LabEvent[], expectation: Expectation, unit: string, claim: string) {
    const { min, max } = sentAgain(expectation)
    const { formula, source } = expectation
    return this.count(what, events, { min: 1 + min, max: 1 + max }, unit, { claim, formula, source })
  }

  /** One end has given up, and there is nobody who could tell the other one. */
  otherEnd(side: Side): TimedClaim {
    const at = this.wholeAt
    const believed = this.log.beliefAt(hostName(this.caseId, side), this.mechanism, at)
    const evidence = [this.last(side, 'kernel:socket_updated', at)]
    return this.says('other-end', 'ESTABLISHED, up', `${this.state(side, at)}, ${believed}`, evidence, {
      claim: 'the other end still believes in the connection',
      formula: 'its state and its belief in the end: it asked nobody',
      source: 'RFC 9293 3.5.1 (half-open connections)',
    })
  }

  /** A word. */
  says(what: string, expected: string, value: string, evidence: readonly (At | undefined)[], words: Words) {
    return this.#claim(what, words, { oneOf: [expected] }, { value }, evidence, {})
  }

  /** A number that was read, with nothing for the slack. */
  reads(
    what: string,
    value: number | null,
    range: { min: number; max: number },
    event: At | undefined,
    words: Words,
  ): TimedClaim {
    const short = value === null ? 'none' : shortTime(value)
    const observed = { value, unit: 'ms' }
    return this.#claim(what, words, { ...range, unit: 'ms' }, observed, [event], { short })
  }

  #claim(
    what: string,
    { claim, formula, source, because, short }: Words,
    expected: Expected,
    observed: Observation,
    evidence: readonly (At | LabEvent | undefined)[],
    seen: { from?: number | undefined; to?: number | undefined; short?: string },
  ): TimedClaim {
    const about: Claim = {
      id: `${this.caseId}/${this.mechanism}/${what}`,
      claim,
      formula,
      expected,
      observed,
      because: because ?? 'as observed',
      source,
      evidence: evidence.flatMap((event) =>
        event !== undefined && 'seq' in event ? [addressOf(event)] : [],
      ),
      ...(short !== undefined ? { short } : seen.short !== undefined ? { short: seen.short } : {}),
    }
    return { claim: about, from: seen.from ?? this.watch.from, to: seen.to ?? this.watch.to }
  }
}

/** How a program hears that its kernel has given up. */
export const KERNEL_TOLD = 'ETIMEDOUT'

/** `1.5 s*` in the matrix: setTimeout() has fired, and nothing has ended. */
export function fires(timed: TimedClaim): TimedClaim {
  return { ...timed, claim: { ...timed.claim, short: `${timed.claim.short}*` } }
}

/** The first of many packets are proof enough. */
const EVIDENCE_MAX = 20

/** In at most seven characters: `0.0 s`, `940.2 s`, `1064 s`. */
export function shortTime(ms: number): string {
  const seconds = ms / 1000
  return `${seconds.toFixed(seconds < 100 ? 1 : 0)} s`
}
