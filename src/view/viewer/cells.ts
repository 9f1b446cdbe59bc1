/**
 * The matrix, kept up to date event by event: each event costs the same, however long the run has been
 * going on. While it goes on a cell shows what has been seen so far; when the report is there, its verdict.
 */
import type { EventOf, LabEvent } from '../../events/vocabulary.ts'
import { type Check, overall, type Verdict } from '../../lab/checks.ts'
import { mechanismOf } from '../../lab/log.ts'
import type { RecordedCells, ViewedPlan } from './run.ts'
import { shortTime, signOf } from './signs.ts'

/** Observed events are stamped to the microsecond, checks round to the millisecond. */
const ROUNDING_MS = 1

export interface Cell {
  /** `cut/tcp-keepalive` */
  id: string
  fault: string
  mechanism: string
  /** `KA 4.8`, `quiet`, `n/a`, `skipped`, or `...` while it is not decided. */
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
  readonly faults: readonly string[]
  readonly mechanisms: readonly string[]
  readonly #plan: ViewedPlan
  readonly #recorded: RecordedCells | null
  readonly #watches = new Map<string, Watch>()
  /** By host and mechanism. */
  readonly #changes = new Map<string, EventOf<'belief:updated'>[]>()
  #checks: ReadonlyMap<string, Check[]> | null = null

  constructor(plan: ViewedPlan, recorded: RecordedCells | null) {
    // In play there is one pair, struck again and again: its column says what it believes now.
    this.faults = plan.play ? ['play'] : plan.faults
    this.mechanisms = plan.mechanisms
    this.#plan = plan
    const comparable =
      recorded !== null &&
      recorded.lab === plan.lab &&
      recorded.strike === plan.strike &&
      recorded.pace === plan.pace
    this.#recorded = comparable ? recorded : null
  }

  note(event: LabEvent): void {
    switch (event.name) {
      case 'fault:striking': {
        const { fault, pair, struck, uncertainMs = 0 } = event.data
        const other = struck === `${pair}-b` ? `${pair}-a` : `${pair}-b`
        const at = event.time
        const watch = {
          began: at - uncertainMs,
          at,
          truthKnown: false,
          other,
          until: Infinity,
          unsure: false,
        }
        if (!this.#watches.has(fault)) this.#watches.set(fault, watch)
        break
      }
      case 'fault:unverified': {
        const watch = this.#watches.get(event.data.fault)
        if (watch !== undefined) watch.unsure = true
        break
      }
      case 'watch:ended': {
        const watch = this.#watches.get(event.data.fault)
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
      const cell = check.id.split('/').slice(0, 2).join('/')
      const own = byCell.get(cell)
      if (own === undefined) byCell.set(cell, [check])
      else own.push(check)
    }
    this.#checks = byCell
  }

  all(): Cell[] {
    return this.mechanisms.flatMap((mechanism) => this.faults.map((fault) => this.cell(fault, mechanism)))
  }

  cell(fault: string, mechanism: string): Cell {
    const id = `${fault}/${mechanism}`
    const checks = this.#plan.play ? this.#playChecks(mechanism) : (this.#checks?.get(id) ?? [])
    const watch = this.#watches.get(fault)
    const recorded = this.#recorded?.cells[id]
    const judged = this.#checks === null || checks.length === 0 ? null : overall(checks)
    if (this.#plan.play) {
      const belief = this.#changes.get(`play-a ${mechanism}`)?.at(-1)?.data.new ?? 'unknown'
      return { id, fault, mechanism, text: belief, verdict: judged, origin: 'observed', checks }
    }
    if (watch === undefined && this.#checks !== null) {
      return recorded === undefined
        ? { id, fault, mechanism, text: 'skipped', verdict: 'skipped', origin: 'skipped', checks }
        : { id, fault, mechanism, ...recorded, origin: 'recorded' }
    }
    const text = watch === undefined ? '...' : this.#textOf(watch, mechanism, checks)
    return { id, fault, mechanism, text, verdict: judged, origin: 'observed', checks }
  }

  #textOf(watch: Watch, mechanism: string, checks: readonly Check[]): string {
    if (watch.unsure) return 'unsure'
    const changes = (this.#changes.get(`${watch.other} ${mechanism}`) ?? []).filter(
      ({ time }) => time >= watch.began && time <= watch.until,
    )
    const detected = checks.find((check) => check.id.endsWith('/detected'))
    const change = decisive(changes, watch, detected)
    if (change !== undefined) {
      const sign = signOf(change.data.trigger, change.data.new, mechanism)
      return `${sign} ${shortTime(Math.max(0, change.time - watch.at))}`
    }
    if (detected?.verdict === 'skipped') return 'n/a'
    return watch.until === Infinity && this.#checks === null ? '...' : 'quiet'
  }

  #playChecks(mechanism: string): Check[] {
    return [...(this.#checks ?? [])].flatMap(([cell, checks]) =>
      cell.endsWith(`/${mechanism}`) ? checks : [],
    )
  }
}

/** The change that its check was decided by; before there is one, the end of a belief, or else a doubt. */
function decisive(
  changes: readonly EventOf<'belief:updated'>[],
  watch: Watch,
  check: Check | undefined,
): EventOf<'belief:updated'> | undefined {
  const lost = changes.filter(({ data }) => data.new === 'down' || data.new === 'suspect')
  const value = check?.observed.value
  const judged =
    typeof value === 'number'
      ? lost.find(({ time }) => Math.abs(Math.max(0, time - watch.at) - value) <= ROUNDING_MS)
      : undefined
  return judged ?? lost.find(({ data }) => data.new === 'down') ?? lost[0]
}

/** The cell that tells a reader most, of those that this run observed. */
export function storyCell(cells: Cells): Cell | undefined {
  const observed = cells.all().filter((cell) => cell.origin === 'observed')
  const byId = (id: string) => observed.find((cell) => cell.id === id)
  return STORY_CELLS.map(byId).find((cell) => cell !== undefined) ?? observed[0] ?? cells.all()[0]
}

/**
 * Keepalive under a cut cable first: in one picture one end learns by unanswered probes what the other
 * never learns, and a late segment shows that nothing comes back. A frozen program needs no network of its
 * own, so it is there on every machine.
 */
const STORY_CELLS = ['cut/tcp-keepalive', 'freeze/tcp-heartbeat', 'kill/tcp-idle']
