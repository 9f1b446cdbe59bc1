/**
 * What the page and its server say to each other: JSON over HTTP for questions and orders, a WebSocket for
 * what goes on. What comes from a browser is checked by the schemas of `requests.ts`, whoever sent it.
 */
import type { Role } from '../events/host-names.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import type { Tier } from '../hosts/host.ts'
import type { Verdict } from '../lab/checks.ts'
import type { Choice as Expectation, Told } from '../lab/predict.ts'
import type { Report } from '../lab/report.ts'
import type { Case, Plan, RunTier } from '../plan/plan.ts'
import type { PlayAction } from '../plan/play-command.ts'
import type { RecordedCells } from '../view/viewer/run.ts'

/** Every request but those for the page itself carries the token here: other sites cannot set a header. */
export const TOKEN_HEADER = 'x-stillhere-token'
/** The WebSocket's subprotocol; the token is offered as a second one, since a browser sets no header there. */
export const SUBPROTOCOL = 'stillhere'
/** Close code of a WebSocket whose server ends (RFC 6455 section 7.4.1: going away). */
export const GOING_AWAY = 1001

/** What a person chose. The same as a command line, see `choice.ts`. */
export interface Choice {
  lab: string
  play: boolean
  /** Ask before anything is shown. In play there is nothing to ask. */
  predict: boolean
  hosts: 'auto' | Tier
  /** Where the lab has it to choose. */
  strike: Role
  cases: string[]
  mechanisms: string[]
}

/** What can be chosen, and what this machine cannot do. */
export interface Setup {
  /** None: the one run that there is goes on in containers. */
  labs: LabSetup[]
  /** What each fault does, by its id: the buttons of play say it. */
  faults: Record<string, string>
  /** By tier: why this machine does not have it; absent where it has. */
  impossibleTiers: Partial<Record<Tier, string>>
  /** By tier and action: why no button can do that there. */
  impossibleActions: Record<RunTier, Partial<Record<PlayAction, string>>>
  /** The tier that `auto` takes, and why. */
  tier: Tier
  because: string
  /** By lab: what another machine found, for the cells that this one has to skip. */
  recorded: Record<string, RecordedCells>
}

export interface Forecast {
  words: string
  why: string
}

/** Something to type at the containers, what it does, and what to expect of it: see `src/compose/acts.ts`. */
export interface ShownAct {
  id: string
  /** `server`, `client` or `router`. */
  strikes: string
  /** As its strikes are called in the log; null: it takes something back. */
  fault: string | null
  promise: string
  command: string
  /** The same with a word to the recorder before and after; null: whoever does it tells by themselves. */
  announced: string | null
  /** What the other end should notice, by mechanism, and why. */
  expected: Record<string, Forecast>
  /** The same as it was said before each strike that came to pass, by `<pair>/<number>`: it changes no more. */
  foretold: Record<string, Record<string, Forecast>>
}

/** What a lab has to choose from. */
export interface LabSetup {
  id: string
  question: string
  cases: Pick<Case, 'id' | 'promise'>[]
  mechanisms: string[]
  /** `<case>/<mechanism>`: not every row has every column. */
  cells: string[]
  hasStrike: boolean
  hasPlay: boolean
  /** By tier and case: why it cannot be shown there. */
  impossible: Record<Tier, Record<string, string>>
}

/** An earlier run, as the list shows it. */
export interface ListedRun {
  id: string
  lab: string
  startedAt: string | null
  play: boolean
  tier: string
  verdict: Verdict | null
  /** Why it has no verdict, or cannot be opened. */
  problem: string | null
}

/** The first line of an opened run; its events follow, one a line, then {@link OpenedEnd}. */
export interface OpenedHead {
  plan: Plan
  report: Report | null
}
export interface OpenedEnd {
  problems: string[]
}

export type Phase = 'idle' | 'starting' | 'running' | 'stopping' | 'ended' | 'failed'

/** The one run of this server, as far as it has come. */
export interface LiveState {
  phase: Phase
  /** null before the run has a folder. */
  plan: Plan | null
  /** The command line that does the same. */
  command: string | null
  /** Why it failed. */
  problem: string | null
  verdict: Verdict | null
  /** null: this run asks nothing. */
  asked: Asked | null
}

/** How far the questions of a run have come. While one is open, nothing of the run is sent to anybody. */
export interface Asked {
  count: number
  open: OpenQuestion | null
}

export interface OpenQuestion {
  id: string
  text: string
  choices: Expectation[]
  /** From 1. */
  number: number
}

/** An answer to the open question; the first one counts. */
export interface Prediction {
  run: string
  question: string
  /** null: skipped. */
  choice: string | null
}

/** The first and only message of a browser: what it has already, so that it gets the rest. */
export interface Hello {
  run: string | null
  /** The index of the first event that it does not have. */
  since: number
}

export type ServerMessage =
  | { type: 'state'; state: LiveState }
  | { type: 'report'; run: string; report: Report }
  | { type: 'told'; run: string; told: Told }
  | Batch

export interface Batch {
  type: 'events'
  run: string
  /** The index after the last of these events: the next `since`. */
  next: number
  /** What the browser has of this run is to be thrown away: this begins anew. */
  fresh: boolean
  /** How many older events are no longer in the server's memory; they are in the run's folder. */
  missing: number
  events: LabEvent[]
}
