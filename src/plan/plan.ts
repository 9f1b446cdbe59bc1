/** What is settled before a run starts: plain data, which crosses to the runner and stays in `plan.json`. */
import type { Role } from '../events/host-names.ts'
import type { Need } from '../faults/fault.ts'
import { type Tier, tiers } from '../hosts/host.ts'
import type { Json } from '../store/store.ts'

export const paces = ['quick', 'real'] as const
export type Pace = (typeof paces)[number]

/** `compose`: a run on containers that somebody else started; only ever a run in play. */
export const runTiers = [...tiers, 'compose'] as const
/** Which kind of hosts a run had. Not each can be asked for: see `--hosts`. */
export type RunTier = Tier | 'compose'

/** One situation, looked at on a pair of hosts of its own: a column of the matrix. */
export interface Case {
  /**
   * Its pair's name, and what the ids of its checks begin with: lower-case letters, digits and hyphens, at
   * most 12, since its switch is a network interface and bears its name.
   */
  readonly id: string
  /** What happens in it, in one sentence. */
  readonly promise: string
  /** What hosts must offer for it; without it, it can be shown everywhere. */
  readonly needs?: readonly Need[]
}

/** What a lab looks at. */
export interface Matrix {
  /** The columns, in the order in which a reader meets them. */
  readonly cases: readonly Case[]
  /** The rows, likewise; what the group ids of their connections begin with. */
  readonly mechanisms: readonly string[]
  /** Whether a row has a column. Absent: every one has every one. */
  hasCell?(caseId: string, mechanism: string): boolean
}

export interface CellName {
  case: string
  mechanism: string
}

/** What a lab derives from the options before it starts. Settings are `type`s: an `interface` fits no `Json`. */
export interface Conditions<Settings extends Json = Json> {
  /** The lab's own: whatever its experiment, its questions and its judgement have to agree on. */
  settings: Settings
  /** Under /proc/sys of every host of the netns tier; elsewhere the system's own are in force. */
  sysctls: Record<string, string>
  /**
   * For how long its cases are watched at most, the first to begin to the last to end. A run that takes
   * a minute and a half longer is taken for stuck and ended.
   */
  watchMs: number
  /** What the programs of one host may keep in memory, where it is more than usual. */
  heapMb?: number
}

/** Which part of a lab's matrix a run looks at. */
export interface Selection {
  /** The columns, by id, and as many pairs of hosts. */
  cases: string[]
  /** The rows, by id. */
  mechanisms: string[]
  /** `<case>/<mechanism>`: not every row has every column. */
  cells: string[]
}

/** Everything about a run that is known before it starts. */
export interface Plan<Settings extends Json = Json> extends Conditions<Settings>, Selection {
  run: string
  lab: string
  tier: RunTier
  /** Why this tier. */
  because: string
  pace: Pace
  /** null: a lab in which nobody chooses which host is struck. */
  strike: Role | null
  seed: number
  play: boolean
  /** What happens in each case, by its id. */
  promises: Record<string, string>
  /** The cells that tell a reader most, best first, whether they are in this run or not. */
  showFirst: string[]
  /** Absolute: where the run's files go. */
  folder: string
  /** Absolute: the bundled `src/processes/host.ts`. */
  programsBundle: string
  /** Absolute: the bundled `src/processes/capture.ts`. */
  captureBundle: string
  /** Absolute: the bundled `src/processes/cable.ts`. */
  cableBundle: string
  /** Absolute: the bundled `src/processes/switch.ts`. */
  switchBundle: string
  /** Absolute: the bundled `src/processes/loopback-office.ts`. */
  officeBundle: string
  /** Absolute: the bundled `src/programs/bank/main.ts`, for a server that a case kills. */
  bankBundle: string
  environment: Record<string, string | number>
}

/** `cut/tcp-idle` */
export function cellId(caseId: string, mechanism: string): string {
  return `${caseId}/${mechanism}`
}

/** The cell that a check's id (`cut/tcp-idle/detected`) belongs to. */
export function cellOfCheck(id: string): string {
  return id.split('/', 2).join('/')
}

/** The part of a matrix that the chosen columns and rows have in common, without rows and columns left empty. */
export function selectionOf(
  { hasCell }: Pick<Matrix, 'hasCell'>,
  cases: readonly string[],
  mechanisms: readonly string[],
): Selection {
  const exists = (caseId: string, mechanism: string) => hasCell?.(caseId, mechanism) ?? true
  return {
    cases: cases.filter((id) => mechanisms.some((mechanism) => exists(id, mechanism))),
    mechanisms: mechanisms.filter((mechanism) => cases.some((id) => exists(id, mechanism))),
    cells: cases.flatMap((id) =>
      mechanisms.filter((mechanism) => exists(id, mechanism)).map((mechanism) => cellId(id, mechanism)),
    ),
  }
}
