/**
 * The matrix, kept up to date event by event: each event costs the same, however long the run has been
 * going on. While it goes on a cell shows what has been seen so far; when the report is there, its verdict.
 */
import { hostName, pairOf, peerOf } from '../../events/host-names.ts'
import type { EventOf, LabEvent } from '../../events/vocabulary.ts'
import { type Check, overall, type Verdict } from '../../lab/checks.ts'
import { mechanismOf } from '../../lab/log.ts'
import { cellId, cellOfCheck } from '../../plan/plan.ts'
import { PLAY_PAIR } from '../../plan/play-command.ts'
import { decisiveChange } from '../noticed.ts'
import type { RecordedCells, ViewedPlan } from './run.ts'
import { shortTime, signOf, Waits } from './signs.ts'

/** Nothing has been noticed yet, or nobody has judged it. */
const UNDECIDED = '...'

export interface Cell {
  /** `cut/tcp-keepalive` */
  id: string
  /** The pair of hosts that it was seen on: its column. Named after its case, but for play. */
  pair: string
  mechanism: string
  /** `KA 4.8`, `quiet`, `3/3`, `n/a`, `skipped`, or `...` while it is not decided. */
  text: string
  /** null: nobody has judged it yet. */
  verdict: Verdict | null
  /** `recorded`: observed elsewhere, not here. */
  origin: 'observed' | 'recorded' | 'skipped'
  checks: readonly Omit<Check, 'evidence'>[]
}

interface Watch {
  began: number
  at: number
  truthKnown: boolean
  /** The host that has to find out. */
  other: string
  until: number
  unsure: boolean
}

export class Cells {
  readonly #plan: ViewedPlan
  readonly #recorded: RecordedCells | null
  readonly #exists: ReadonlySet<string>
  /** In order of appearance. */
  readonly #pairs = new Set<string>()
  readonly #seen = new Set<string>()
  /** By pair. */
  readonly #watches = new Map<string, Watch>()
  /** By host and mechanism. */
  readonly #changes = new Map<string, EventOf<'belief:updated'>[]>()
  /** The limits of this run's programs. */
  readonly waits = new Waits()
  #checks: ReadonlyMap<string, Check[]> | null = null

  constructor(plan: ViewedPlan, recorded: RecordedCells | null) {
    this.#plan = plan
    this.#exists = new Set(plan.cells)
    const comparable =
      recorded !== null &&
      recorded.lab === plan.lab &&
      recorded.strike === plan.strike &&
      recorded.pace === plan.pace
    this.#recorded = comparable ? recorded : null
  }

  /** The cases; in play the pairs seen so far, each struck again and again: they say what is believed now. */
  get columns(): readonly string[] {
    if (!this.#plan.play) return this.#plan.cases
    // Before the first host has started.
    return this.#pairs.size === 0 ? [PLAY_PAIR] : [...this.#pairs]
  }

  /** The rows. Whoever plays may play with something else than what the lab looks at: then it is that. */
  get mechanisms(): readonly string[] {
    const { play, mechanisms } = this.#plan
    if (!play || this.#seen.size === 0 || mechanisms.some((one) => this.#seen.has(one))) return mechanisms
    return [...this.#seen]
  }

  has(pair: string, mechanism: string): boolean {
    return this.#plan.play ? this.columns.includes(pair) : this.#exists.has(cellId(pair, mechanism))
  }

  note(event: LabEvent): void {
    if (this.#plan.play) {
      const mechanism = mechanismOf(event)
      if (mechanism !== undefined) this.#seen.add(mechanism)
    }
    switch (event.name) {
      case 'host:started':
      case 'host:process_started': {
        const pair = pairOf(event.host)
        if (pair !== null) this.#pairs.add(pair)
        break
      }
      case 'fault:striking': {
        const { pair, struck, uncertainMs = 0 } = event.data
        const other = peerOf(struck)
        const at = event.time
        const watch = {
          began: at - uncertainMs,
          at,
          truthKnown: false,
          other,
          until: Infinity,
          unsure: false,
        }
        if (!this.#watches.has(pair)) this.#watches.set(pair, watch)
        break
      }
      case 'fault:unverified': {
        const watch = this.#watches.get(event.data.pair)
        if (watch !== undefined) watch.unsure = true
        break
      }
      case 'watch:ended': {
        const watch = this.#watches.get(event.data.pair)
        if (watch?.until === Infinity) watch.until = event.time
        break
      }
      case 'truth:updated':
        for (const watch of this.#watches.values()) {
          if (watch.other !== event.host || watch.truthKnown || event.time > watch.until) continue
          watch.at = event.time
          watch.truthKnown = true
        }
        break
      case 'belief:updated': {
        this.waits.note(event)
        const key = `${event.host} ${mechanismOf(event)}`
        const known = this.#changes.get(key)
        if (known === undefined) this.#changes.set(key, [event])
        else known.push(event)
        break
      }
      default:
    }
  }

  setChecks(checks: readonly Check[]): void {
    const byCell = new Map<string, Check[]>()
    for (const check of checks) {
      const cell = cellOfCheck(check.id)
      const own = byCell.get(cell)
      if (own === undefined) byCell.set(cell, [check])
      else own.push(check)
    }
    this.#checks = byCell
  }

  all(): Cell[] {
    return this.mechanisms.flatMap((mechanism) =>
      this.columns.filter((pair) => this.has(pair, mechanism)).map((pair) => this.cell(pair, mechanism)),
    )
  }

  cell(pair: string, mechanism: string): Cell {
    const place = { id: cellId(pair, mechanism), pair, mechanism }
    const checks = this.#plan.play ? this.#playChecks(pair, mechanism) : (this.#checks?.get(place.id) ?? [])
    const judged = this.#checks === null || checks.length === 0 ? null : overall(checks)
    if (this.#plan.play) {
      const belief = this.#changes.get(`${hostName(pair, 'a')} ${mechanism}`)?.at(-1)?.data.new ?? 'unknown'
      return { ...place, text: belief, verdict: judged, origin: 'observed', checks }
    }
    const watch = this.#watches.get(pair)
    const recorded = this.#recorded?.cells[place.id]
    if (watch === undefined && this.#checks !== null && (judged ?? 'skipped') === 'skipped') {
      return recorded === undefined
        ? { ...place, text: 'skipped', verdict: 'skipped', origin: 'skipped', checks }
        : { ...place, ...recorded, origin: 'recorded' }
    }
    const text = this.#textOf(watch, mechanism, checks)
    return { ...place, text, verdict: judged, origin: 'observed', checks }
  }

  #textOf(watch: Watch | undefined, mechanism: string, checks: readonly Check[]): string {
    const short = checks.find((check) => check.short !== undefined)?.short
    if (short !== undefined) return short
    if (watch !== undefined && this.#isAboutNoticing(checks)) return this.#noticed(watch, mechanism, checks)
    if (checks.length === 0) return UNDECIDED
    const made = checks.filter(({ verdict }) => verdict !== 'skipped')
    return `${made.filter(({ verdict }) => verdict === 'pass').length}/${made.length}`
  }

  /** Where nobody chooses who is struck, a lab has words of its own for its cells, and finds them at the end. */
  #isAboutNoticing(checks: readonly Check[]): boolean {
    return checks.length === 0 ? this.#plan.strike !== null : checks.some(isDetected)
  }

  /**
   * What made an end notice the strike, and after how long. That nothing has is said when it is judged: until then
   * nobody knows whether there was anything to notice.
   */
  #noticed(watch: Watch, mechanism: string, checks: readonly Check[]): string {
    if (watch.unsure) return 'unsure'
    const changes = (this.#changes.get(`${watch.other} ${mechanism}`) ?? []).filter(
      ({ time }) => time >= watch.began && time <= watch.until,
    )
    const change = decisiveChange(changes, ({ data }) => data)
    if (change !== undefined) {
      const sign = signOf(change.data.trigger, change.data.new, mechanism)
      return `${sign} ${shortTime(Math.max(0, change.time - watch.at))}`
    }
    if (this.#checks === null) return UNDECIDED
    return checks.find(isDetected)?.verdict === 'skipped' ? 'n/a' : 'quiet'
  }

  /** With one pair, every strike was on it. With several a check has to say which it is about. */
  #playChecks(pair: string, mechanism: string): Check[] {
    const isOnly = this.columns.length === 1
    return [...(this.#checks ?? [])].flatMap(([cell, checks]) =>
      cell === cellId(pair, mechanism) || (isOnly && cell.endsWith(`/${mechanism}`)) ? checks : [],
    )
  }
}

/** The check by which a cell is about who notices, and when. */
function isDetected({ id }: Check): boolean {
  return id.endsWith('/detected')
}

/** The cell that tells a reader most, of those that this run observed. */
export function storyCell(cells: Cells, plan: Pick<ViewedPlan, 'showFirst' | 'play'>): Cell | undefined {
  const observed = cells.all().filter((cell) => cell.origin === 'observed')
  // In play there is one column, and the row teaches whatever strikes.
  const byId = (id: string) =>
    observed.find((cell) => (plan.play ? cell.mechanism === id.split('/')[1] : cell.id === id))
  return plan.showFirst.map(byId).find((cell) => cell !== undefined) ?? observed[0] ?? cells.all()[0]
}
