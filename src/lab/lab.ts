/** What a lab is: one experiment, as the rest of the project knows it. */

import type { LabEvent } from '../events/vocabulary.ts'
import type { LabOptions } from '../plan/options.ts'
import type { CellName, Conditions, Matrix, Plan } from '../plan/plan.ts'
import type { Rig } from '../rig/rig.ts'
import type { Json } from '../store/store.ts'
import type { Check } from './checks.ts'
import type { LabLog } from './log.ts'
import type { Question } from './predict.ts'
import type { Style, Tale } from './tale.ts'

/**
 * A lab declares what it looks at (`cases`, `mechanisms`), does it (`experiment`), judges what the log
 * says (`judge`) and asks before it shows (`questions`). How that is told, drawn and recorded is the same
 * for all; a lab adds to it where it has more to say.
 *
 * `Settings` are its own; everybody else takes them for any JSON.
 */
export interface Lab<Settings extends Json = Json> extends Matrix {
  /** Folder, npm script and `lab` field. */
  readonly id: string
  readonly question: string
  /** Its faults strike one host of each pair, and `--strike` chooses which. */
  readonly hasStrike?: true
  /** It counts connections, so many unless `--connections` says how many. */
  readonly connections?: number
  /** The cells that tell most, best first: they are opened, drawn and proposed first. */
  readonly showFirst: readonly string[]
  /** What each row shows, in a line, for somebody who has just seen it. */
  readonly lessons: Readonly<Record<string, string>>
  /** @param sysctls this system's own, by name, where it has them */
  prepare(options: LabOptions, sysctls: Readonly<Record<string, string>>): Conditions<Settings>
  /** The experiment. Runs in the runner, where the hosts are. */
  experiment(rig: Rig, plan: Plan<Settings>): Promise<void>
  /** The same pair of hosts for as long as the learner likes; they do the killing. Absent: no `--play`. */
  play?(rig: Rig, plan: Plan<Settings>): Promise<void>
  /** `--play` of a lab whose programs a browser of this machine can reach: on loopback, for as long as one likes. */
  readonly playInBrowser?: {
    play(rig: Rig, plan: Plan<Settings>): Promise<void>
    /** What is said of an event as it comes; null: nothing. */
    line(event: LabEvent): string | null
  }
  /** What to ask before anything of such a run is shown. */
  questions(plan: Plan<Settings>): readonly Question[]
  /** Reads the log, judges each claim. Pure. */
  judge(log: LabLog, plan: Plan<Settings>): Check[]
  /** What was found that nobody has claimed anything about; goes into the report as it is. Pure. */
  findings?(log: LabLog, plan: Plan<Settings>): unknown
  /** One cell told in a few lines; null when this run has nothing to tell it from. */
  story?(log: LabLog, plan: Plan<Settings>): Story | null
  /** What was found, as text of at most 80 columns; without it, check by check (`tell.ts`). */
  table?(log: LabLog, plan: Plan<Settings>, checks: readonly Check[], style: Style): string
  /**
   * The same for a reader who has only a screen of 24 rows: its last 16 lines have to be enough. Without it, a
   * line for each case (`tell.ts`).
   */
  board?(log: LabLog, plan: Plan<Settings>, checks: readonly Check[], style: Style): string
  /** What `--cell` says of a cell before its events and checks: what either end believed, say. */
  endsOfCell?(cell: CellName, log: LabLog, plan: Plan<Settings>, style: Style): string[]
  /** Pictures of what a run measured, beside those that are drawn of every run. Pure. */
  figures?(log: LabLog, plan: Plan<Settings>): Figure[]
}

/** A picture that a lab draws of a run, written into its folder. */
export interface Figure {
  /** `limits.svg` */
  readonly file: string
  /** One file that needs nothing else, with a title and a description in it. */
  readonly svg: string
}

export interface Story extends Tale {
  /** The cell that it tells. */
  cell: string
}
