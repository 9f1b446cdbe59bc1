/**
 * What a run says of one cell, and nothing else: one case on one row, seen from either end. Judges and tables ask
 * here and not the log, so that one question has one answer in all labs.
 *
 * Silence needs a witness. `packets()` is null, and not an empty list, unless every packet of that time is in the
 * log: the capture of that very host had begun, had not ended, and had dropped nothing.
 */
import { BYSTANDER, type HostPlace, type HostSide, hostName } from '../events/host-names.ts'
import type { Belief, EventName, EventOf } from '../events/vocabulary.ts'
import { type BusyConnection, sendsTailLossProbes } from '../kernel/give-up.ts'
import type { Keepalive } from '../kernel/socket-options.ts'
import type { Plan } from '../plan/plan.ts'
import type { Json } from '../store/store.ts'
import { kernelWords } from './kernel-words.ts'
import type { LabLog, Period, Strike, Watch } from './log.ts'
import type { Captured } from './packets.ts'

export class Cell<S extends Json = Json> {
  readonly log: LabLog
  readonly plan: Plan<S>
  readonly case: string
  readonly row: string
  /** The pair of hosts it is seen on: named as the case, but in play, where one pair is struck again and again. */
  readonly pair: string
  readonly watch: Watch
  /** Its two ends: the client's host as a rule, and the server's. */
  readonly a: End
  readonly b: End
  /** Who stands beside them, where the case has a third host. */
  readonly c: End

  /** @param watch the time of the case: nothing before or after it is of this cell */
  constructor(log: LabLog, plan: Plan<S>, name: { case: string; row: string; pair?: string }, watch: Watch) {
    this.log = log
    this.plan = plan
    this.case = name.case
    this.row = name.row
    this.pair = name.pair ?? name.case
    this.watch = watch
    this.a = new End(this, 'a')
    this.b = new End(this, 'b')
    this.c = new End(this, BYSTANDER)
  }

  /** `frozen/unasked` */
  get id(): string {
    return `${this.case}/${this.row}`
  }

  get settings(): S {
    return this.plan.settings
  }

  /** One tick of the kernel's clock; NaN, which fits nothing, where this system does not tell. */
  get jiffyMs(): number {
    return Number(this.plan.environment.jiffyMs ?? Number.NaN)
  }

  /** The end on a side that is not known beforehand. */
  at(side: HostSide): End {
    return this[side]
  }

  /** What passed at either end, a's card first; null: not every packet of that time is known at both. */
  packets(within: Partial<Period> = {}): Captured[] | null {
    const [atA, atB] = [this.a.packets(within), this.b.packets(within)]
    return atA && atB && [...atA, ...atB]
  }

  /** The same case on another row: what went on beside it. */
  beside(row: string): Cell<S> {
    return new Cell(this.log, this.plan, { case: this.case, row, pair: this.pair }, this.watch)
  }

  /** When the experiment came to a mark of its own (`rig.mark`); undefined: it did not. */
  moment(mark: string): number | undefined {
    const { from, to } = this.watch
    return this.log
      .all('case:marked', { from, to })
      .find(({ data }) => data.pair === this.pair && data.mark === mark)?.time
  }

  /** From one mark to a later one; null where the experiment did not come to both. */
  between(from: string, to: string): Period | null {
    const [began, ended] = [this.moment(from), this.moment(to)]
    return began === undefined || ended === undefined ? null : { from: began, to: ended }
  }

  /** `ESTABLISHED | SYN-RECEIVED`: what both kernels said of the connection at a moment, a's first. */
  states(time: number): string {
    return `${this.a.state(time)} | ${this.b.state(time)}`
  }

  /** The fault that struck in this case; undefined where none did. */
  get strike(): Strike | undefined {
    return this.log.strikeOn(this.pair)
  }
}

/** A cell of a run by its id (`frozen/unasked`); null where the run did not come to its case. */
export function cellOf<S extends Json>(log: LabLog, plan: Plan<S>, id: string): Cell<S> | null {
  const [caseId = '', row = ''] = id.split('/')
  const watch = log.watchOf(caseId)
  return watch === undefined ? null : new Cell(log, plan, { case: caseId, row }, watch)
}

/** One end of a cell, or who stands beside: a host, and on it the connections of the row. */
export class End {
  readonly #place: HostPlace
  readonly host: string
  readonly #cell: Cell
  /** Only this connection; undefined: all of the row. */
  readonly #groupId: string | undefined

  constructor(cell: Cell, place: HostPlace, groupId?: string) {
    this.#cell = cell
    this.#place = place
    this.host = hostName(cell.pair, place)
    this.#groupId = groupId
  }

  /** The same end, of one connection alone. */
  of(groupId: string | undefined): End {
    return new End(this.#cell, this.#place, groupId ?? 'none')
  }

  /** Events of the row here, in order. @param within by default the time of the case */
  all<N extends EventName>(name: N, within: Partial<Period> = {}): EventOf<N>[] {
    const filter = { host: this.host, mechanism: this.#cell.row, ...this.#period(within) }
    const events = this.#cell.log.all(name, filter)
    return this.#groupId === undefined ? events : events.filter(({ group_id }) => group_id === this.#groupId)
  }

  first<N extends EventName>(name: N, within: Partial<Period> = {}): EventOf<N> | undefined {
    return this.all(name, within)[0]
  }

  last<N extends EventName>(name: N, within: Partial<Period> = {}): EventOf<N> | undefined {
    return this.all(name, within).at(-1)
  }

  /** Events of the host, whatever row they belong to, or none: what it was asked, a listener, an ARP packet. */
  ofHost<N extends EventName>(name: N, within: Partial<Period> = {}): EventOf<N>[] {
    return this.#cell.log.all(name, { host: this.host, ...this.#period(within) })
  }

  /** What the lab asked of this host's programs for the row: `tcpConnect`, `tcpWrite`. */
  asked(request: string, within: Partial<Period> = {}): EventOf<'host:asked'>[] {
    return this.ofHost('host:asked', within).filter(
      ({ data, group_id }) =>
        data.request === request &&
        data.mechanisms.includes(this.#cell.row) &&
        (this.#groupId === undefined || group_id === this.#groupId),
    )
  }

  /** The row's packets that passed this host's card, in order; null: not every packet of that time is in the log. */
  packets(within: Partial<Period> = {}): Captured[] | null {
    return this.whyUnwatched(within) === null ? this.all('packet:captured', within) : null
  }

  /** The same, of all rows and of none. */
  everyPacket(within: Partial<Period> = {}): Captured[] | null {
    return this.whyUnwatched(within) === null ? this.ofHost('packet:captured', within) : null
  }

  /** Why silence here proves nothing in that time; null: every packet of it is in the log. */
  whyUnwatched(within: Partial<Period> = {}): string | null {
    const { log } = this.#cell
    const { host } = this
    const { from, to } = this.#period(within)
    const began = log.last('wire:capture_started', { host, to: from })
    if (began === undefined) {
      return log.first('wire:capture_started') === undefined
        ? 'packets are not captured on these hosts'
        : `the packets of ${host} were not captured from the beginning`
    }
    const ended = log.first('wire:capture_ended', { host, from: began.time })
    if (ended !== undefined && lastCertain(log, ended) < to) {
      return `the capture at ${host} ended before: ${ended.data.because}`
    }
    const dropped = log
      .all('wire:packets_dropped', { host, from })
      .find(({ time, data }) => time - data.withinMs <= to)
    if (dropped !== undefined) return `${dropped.data.packets} packets passed ${host} uncaptured`
    // The positive control: this very capture can see.
    const witness = log.first('packet:captured', { host, from: began.time, to })
    return witness === undefined ? `the capture at ${host} had not seen any packet` : null
  }

  /** What the kernel said of the row's newest connection at a moment: its state, or `no entry`. */
  state(time: number): string {
    return this.last('kernel:socket_updated', { to: time })?.data.new?.state ?? 'no entry'
  }

  /** The states that the kernel's table showed, in order; `CLOSED`: no entry any more. What was shorter than a look is not there. */
  statesSeen(within: Partial<Period> = {}): string[] {
    const states = this.all('kernel:socket_updated', within).map(({ data }) => data.new?.state ?? 'CLOSED')
    return states.filter((state, index) => state !== states[index - 1])
  }

  /** The table's line at a moment, in words: `ESTABLISHED, no timer`. */
  kernel(time: number): string {
    return kernelWords(this.#cell.log, this.host, this.#cell.row, time)
  }

  /** The first change of what the program believed to this. */
  became(belief: Belief, within: Partial<Period> = {}): EventOf<'belief:updated'> | undefined {
    return this.all('belief:updated', within).find(({ data }) => data.new === belief)
  }

  /** What the program believed about its peer at a moment. */
  belief(time: number): Belief {
    return this.#cell.log.beliefAt(this.host, this.#cell.row, time)
  }

  /** The row's listening socket, as the kernel had it. */
  listeners(within: Partial<Period> = {}): EventOf<'kernel:listener_updated'>[] {
    return this.ofHost('kernel:listener_updated', within).filter(
      ({ data }) => data.mechanism === this.#cell.row,
    )
  }

  /** A setting of this host's kernel, as its own process read it when it began; NaN where it has none. */
  sysctl(name: string): number {
    const values = this.#cell.log.first('kernel:sysctls_read', { host: this.host })?.data.values
    return Number(values?.[name] ?? Number.NaN)
  }

  /** What the kernel said of the socket's options, last by a moment; undefined where it was not asked. */
  options(time = this.#cell.watch.to): EventOf<'kernel:options_read'>['data'] | undefined {
    return this.last('kernel:options_read', { to: time })?.data
  }

  /** How its kernel probes when nobody speaks, last by a moment; null where it does not, or was not asked. */
  keepalive(time?: number): Keepalive | null {
    const options = this.options(time)
    if (options?.keepalive !== true) return null
    return {
      idleMs: options.keepaliveIdleMs,
      intervalMs: options.keepaliveIntervalMs,
      probes: options.keepaliveProbes,
    }
  }

  /** What decides when the kernel gives up on data sent from a moment on; null where it did not tell. */
  busy(time: number): BusyConnection | null {
    const info = this.last('kernel:tcp_info_read', { to: time })?.data
    if (info === undefined) return null
    const { retransmissionTimeoutMs, roundTripMs } = info
    const userTimeoutMs = this.options(time)?.userTimeoutMs ?? 0
    const patience = this.patience()
    if (Number.isNaN(patience.retries2) || Number.isNaN(patience.jiffyMs)) return null
    return { retransmissionTimeoutMs, roundTripMs, userTimeoutMs, ...patience }
  }

  /** What of {@link busy} is the host's own. */
  patience(): Pick<BusyConnection, 'retries2' | 'tailLossProbe' | 'jiffyMs'> {
    const early = this.sysctl('tcp_early_retrans')
    return {
      retries2: this.sysctl('tcp_retries2'),
      tailLossProbe: sendsTailLossProbes(early) && this.sysctl('tcp_sack') === 1,
      jiffyMs: this.#cell.jiffyMs,
    }
  }

  /**
   * For how long this end's own process stood still in a time. A detector takes that for no silence of its peer
   * (src/protocols/heartbeat/README.md), so whoever predicts it must not either.
   */
  pausedMs(within: Partial<Period> = {}): number {
    return this.ofHost('detector:paused', within).reduce((sum, { data }) => sum + data.pausedMs, 0)
  }

  #period({ from, to }: Partial<Period>): Period {
    const { watch } = this.#cell
    return { from: Math.max(from ?? watch.from, watch.from), to: Math.min(to ?? watch.to, watch.to) }
  }
}

/** Packets are written in order of time, whatever their host: all before the last one written are there. */
function lastCertain(log: LabLog, { time, data }: EventOf<'wire:capture_ended'>): number {
  if (!data.brokeOff) return time
  return log.last('packet:captured', { to: time })?.time ?? Number.NEGATIVE_INFINITY
}
