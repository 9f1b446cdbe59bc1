/** What a log says of one cell of this lab, in the time of its case. */
import { type HostSide, hostName } from '../../src/events/host-names.ts'
import type { EventName, EventOf } from '../../src/events/vocabulary.ts'
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { Claim } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { CableSettings } from '../../src/wire/cable.ts'

export type Captured = EventOf<'packet:captured'>

/** A claim whose evidence is still events. */
type Seen = Omit<Claim, 'id' | 'evidence'> & { evidence: readonly (LabEvent | undefined)[] }

/** More tell a reader nothing. */
const EVIDENCE_MAX = 6

export class SeenCell {
  readonly from: number
  readonly to: number
  readonly #log: LabLog
  readonly #case: string
  readonly #mechanism: string

  /** null where the case did not begin. */
  static of(log: LabLog, caseId: string, mechanism: string): SeenCell | null {
    const watch = log.watchOf(caseId)
    return watch === undefined ? null : new SeenCell(log, caseId, mechanism, watch)
  }

  private constructor(log: LabLog, caseId: string, mechanism: string, watch: { from: number; to: number }) {
    this.#log = log
    this.#case = caseId
    this.#mechanism = mechanism
    this.from = watch.from
    this.to = watch.to
  }

  get watchedMs(): number {
    return Math.round(this.to - this.from)
  }

  /** Events of this mechanism at one end, in order. */
  all<N extends EventName>(side: HostSide, name: N, from = this.from): EventOf<N>[] {
    return this.#log.all(name, { host: this.host(side), mechanism: this.#mechanism, from, to: this.to })
  }

  first<N extends EventName>(side: HostSide, name: N, from = this.from): EventOf<N> | undefined {
    return this.all(side, name, from)[0]
  }

  /** Its packets at one end, in order; null where nothing is captured, so that nobody knows of any. */
  packets(side: HostSide, direction: 'sent' | 'received', from = this.from): Captured[] | null {
    if (!this.isCaptured) return null
    return this.all(side, 'packet:captured', from).filter(({ data }) => data.direction === direction)
  }

  /** Every packet of both hosts is in the log. */
  get isCaptured(): boolean {
    return (['a', 'b'] as const).every((side) => {
      const host = this.host(side)
      const started = this.#log.first('wire:capture_started', { host }) !== undefined
      return started && this.#log.first('wire:packets_dropped', { host }) === undefined
    })
  }

  /** Packets of a host that belong to no conversation, such as ARP. */
  ofHost<N extends EventName>(side: HostSide, name: N): EventOf<N>[] {
    return this.#log.all(name, { host: this.host(side), from: this.from, to: this.to })
  }

  /** What was true of the host's kernel when its process began. */
  sysctl(side: HostSide, name: string): number {
    return Number(this.#log.first('kernel:sysctls_read', { host: this.host(side) })?.data.values[name])
  }

  /** What the cable was told last on the way from a to b. */
  cable(): CableSettings | undefined {
    return this.#log
      .all('cable:set', { to: this.to })
      .findLast(({ data }) => data.cable === this.#case && data.direction === 'aToB')?.data
  }

  /** What an own socket of a knows of its path; NaN where the system does not say. */
  pathMtuBytes(): number {
    const bound = this.ofHost('a', 'udp:bound').find(({ data }) => data.mechanism === this.#mechanism)
    return bound?.data.pathMtuBytes ?? Number.NaN
  }

  host(side: HostSide): string {
    return hostName(this.#case, side)
  }

  claim(what: string, { evidence, ...claim }: Seen): TimedClaim {
    return {
      claim: {
        ...claim,
        id: `${this.#case}/${this.#mechanism}/${what}`,
        evidence: evidence
          .flatMap((event) => (event === undefined ? [] : [addressOf(event)]))
          .slice(0, EVIDENCE_MAX),
      },
      from: this.from,
      to: this.to,
    }
  }
}
