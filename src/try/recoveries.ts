/**
 * When each client is served again: by the server that was struck, once nothing is wrong any more; or where there is a
 * second one, by that, as soon as a fault has struck the first. Pure.
 */
import { BYSTANDER, hostName, hostOfRole, type Role, roles } from '../events/host-names.ts'
import type { LabLog, Period } from '../lab/log.ts'
import { recoveryOf, Wire } from './recovery.ts'
import type { TrySettings } from './request.ts'
import { decidingRetransmission, type Retransmission } from './retransmission.ts'
import type { RowFindings } from './row-findings.ts'
import { clientNames, hasSecond, ownedBy, SECOND, SERVER } from './rows.ts'
import { patternOf } from './settings.ts'

export interface ClientRecovery {
  /** It was served again so long after the mending, or with a second server after the fault; null: it never was. */
  afterMs: number | null
  /** By which server; null: by none, or with one server alone. */
  by: typeof SERVER | typeof SECOND | null
  /** Why not, where that may be no surprise to the wire. */
  because: string | null
  /** The timer that decided when, or has not let anything be sent yet; null: none did. */
  retransmission: Retransmission | null
}

/** When which of the periods were. */
interface Times {
  /** Right before the fault. */
  before: Period
  /** When it came true, when nothing was wrong any more, and until when it was watched. */
  from: number
  mendedAt: number
  until: number
}

export class Recoveries {
  readonly #log: LabLog
  readonly #caseId: string
  readonly #settings: TrySettings
  readonly #times: Times
  readonly #wires: Record<Role, Wire>

  constructor(log: LabLog, caseId: string, settings: TrySettings, times: Times) {
    this.#log = log
    this.#caseId = caseId
    this.#settings = settings
    this.#times = times
    const wire = (role: Role) => new Wire(log, hostOfRole(caseId, role))
    this.#wires = { client: wire('client'), server: wire('server') }
  }

  /** From when it is counted that nobody is served. */
  get countedFrom(): number {
    const { from, mendedAt } = this.#times
    return this.#hasSecond ? from : mendedAt
  }

  of(row: RowFindings): ClientRecovery {
    const { mendedAt, until } = this.#times
    const first = this.servedIn(row, { from: mendedAt, to: until })
    const second = this.#bySecond(row)
    const isBySecond = second !== null && second.at !== null && (first.at === null || second.at < first.at)
    const { at, because } = isBySecond ? second : first
    const times = { mendedAt, servedAt: at, until }
    return {
      afterMs: at === null ? null : Math.max(0, Math.round(at - this.countedFrom)),
      by: at === null || second === null ? null : isBySecond ? SECOND : SERVER,
      because,
      retransmission: isBySecond ? null : decidingRetransmission(this.#wires, this.#ownsOf(row), times),
    }
  }

  /** When the server that is struck serves it, in a time. */
  servedIn(row: RowFindings, after: Period) {
    const owns = this.#ownsOf(row)
    return recoveryOf(this.#log, {
      ...{ host: row.host, client: row.name, wires: this.#wires, owns, after },
      ways: this.#waysBefore(owns),
      ...this.#words,
    })
  }

  /** When the other one does, since the fault; null: there is none. */
  #bySecond(row: RowFindings) {
    if (!this.#hasSecond) return null
    const { from, until } = this.#times
    const host = hostName(this.#caseId, BYSTANDER)
    const groups = new Set(this.#log.all('packet:captured', { host }).map(({ group_id }) => group_id))
    const ownsAll = this.#ownsOf(row)
    return recoveryOf(this.#log, {
      ...{ host: row.host, client: row.name, after: { from, to: until } },
      wires: { client: this.#wires.client, server: new Wire(this.#log, host) },
      owns: (group) => groups.has(group) && ownsAll(group),
      ways: this.#waysBefore(ownsAll),
      ...this.#words,
    })
  }

  get #hasSecond(): boolean {
    return hasSecond(this.#settings)
  }

  get #words() {
    return { up: patternOf(this.#settings.up), down: patternOf(this.#settings.down) }
  }

  #ownsOf({ name }: RowFindings) {
    return ownedBy(this.#log, this.#caseId, name, clientNames(this.#settings.clients)).owns
  }

  /** The ends that data of a client reached right before the fault: each has to be reached again. */
  #waysBefore(owns: (group: string | undefined) => boolean): Role[] {
    const reached = roles.filter((role) =>
      this.#wires[role].payload(this.#times.before).some(({ group_id }) => owns(group_id)),
    )
    return reached.length === 0 ? [...roles] : reached
  }
}
