/** What a viewer is told about a run: no more than a stranger may read, since reports are passed on. */
import type { LabEvent } from '../../events/vocabulary.ts'
import type { Check, Verdict } from '../../lab/checks.ts'
import type { Report } from '../../lab/report.ts'
import type { Plan } from '../../plan/plan.ts'

/** A plan without the folders of the machine it was made on. */
export type ViewedPlan = Pick<
  Plan,
  | 'run'
  | 'lab'
  | 'tier'
  | 'because'
  | 'pace'
  | 'strike'
  | 'seed'
  | 'play'
  | 'cases'
  | 'mechanisms'
  | 'cells'
  | 'promises'
  | 'showFirst'
  | 'environment'
>

export interface ViewedRun {
  plan: ViewedPlan
  /** Absent while the run is going on. */
  report?: Pick<Report, 'checks'>
  events: readonly LabEvent[]
  /** Fills the cells that this machine had to skip. */
  recorded?: RecordedCells
}

export const RECORDED_SCHEMA = 'stillhere/recorded-cells@1'

/** The matrix of a run on another machine: what it found, without its events. */
export interface RecordedCells {
  schema: typeof RECORDED_SCHEMA
  /** Cells of a run that struck another side, or at another pace, say nothing about this one. */
  lab: string
  strike: string | null
  pace: string
  tier: string
  /** `linux 6.18.44`: nothing by which the machine itself could be told. */
  system: string
  /** The day. */
  recorded: string
  /** By `<case>/<mechanism>`. */
  cells: Record<string, RecordedCell>
}

export interface RecordedCell {
  /** As in the matrix: `KA 4.8`. */
  text: string
  verdict: Verdict
  /** Without evidence: the events it names are not here. */
  checks: Omit<Check, 'evidence'>[]
}
