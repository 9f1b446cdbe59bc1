/** What a lab is, and what is settled before it starts. */
import type { FaultId } from '../faults/registry.ts'
import type { Tier } from '../hosts/host.ts'
import type { ClientSettings, Mechanism } from '../programs/host-messages.ts'
import type { Check } from './checks.ts'
import type { LabLog } from './log.ts'
import type { LabOptions, Pace, Side } from './options.ts'
import type { Question } from './predict.ts'
import type { Rig } from './rig.ts'

/** What a lab derives from the options before it starts. */
export interface Conditions {
  /** How the clients set their sockets. */
  settings: ClientSettings
  /** Under /proc/sys of every host of the netns tier; elsewhere the system's own are in force. */
  sysctls: Record<string, string>
  /** How long each fault is watched. */
  watchMs: number
}

/** Everything about a run that is known before it starts. Plain data: it crosses to the runner as JSON. */
export interface Plan extends Conditions {
  run: string
  lab: string
  tier: Tier
  /** Why this tier. */
  because: string
  pace: Pace
  strike: Side
  seed: number
  play: boolean
  faults: FaultId[]
  mechanisms: Mechanism[]
  /** Absolute: where the run's files go. */
  folder: string
  /** Absolute: the bundled `src/programs/host.ts`. */
  programsBundle: string
  /** Absolute: the bundled `src/capture.ts`. */
  captureBundle: string
  /** Absolute: the bundled `src/cable.ts`. */
  cableBundle: string
  environment: Record<string, string | number>
}

export interface Lab {
  /** Folder, npm script and `lab` field. */
  readonly id: string
  readonly question: string
  /** @param sysctls this system's own, by name, where it has them */
  prepare(options: LabOptions, sysctls: Readonly<Record<string, string>>): Conditions
  /** The experiment. Runs in the runner, where the hosts are. */
  experiment(rig: Rig): Promise<void>
  /** The same pair of hosts for as long as the learner likes; they do the killing. */
  play(rig: Rig): Promise<void>
  /** What to ask before anything of such a run is shown. */
  questions(plan: Plan): readonly Question[]
  /** Reads the log, judges each claim. Pure. */
  judge(log: LabLog, plan: Plan): Check[]
  /** What to print when it is over. */
  tell(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string
  /** One cell in full. */
  tellCell(
    cell: { fault: FaultId; mechanism: Mechanism },
    log: LabLog,
    plan: Plan,
    checks: readonly Check[],
    style: Style,
  ): string
}

/** How text may look: colour is only ever a second channel. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  doubtful(text: string): string
}
