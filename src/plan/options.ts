/** The options of a lab, from the command line. */
import { parseArgs } from 'node:util'
import { type Role, roles } from '../events/host-names.ts'
import { problemOfArguments, UsageError } from '../foreign/usage.ts'
import { type Tier, tiers } from '../hosts/host.ts'
import { runsFolder, typedPath } from '../project/files.ts'
import { beside } from '../text/wrap.ts'
import { type CellName, cellId, type Matrix, type Pace, paces, type Selection, selectionOf } from './plan.ts'

/** The exit status of the whole command, and of the runner, when what was asked for makes no sense. */
export const WRONG_USAGE = 2

/** What the options of a lab depend on. */
export interface Choosable extends Matrix {
  readonly id: string
  readonly hasStrike?: true
  readonly connections?: number
  play?: unknown
  playInBrowser?: unknown
}

export interface LabOptions extends Selection {
  hosts: 'auto' | Tier
  pace: Pace
  /** null: in this lab nobody chooses which host is struck. */
  strike: Role | null
  /** How many there are, in a lab that counts them; null in any other. */
  connections: number | null
  /** Decides whatever is random in a run, as at which phase of their timers connections are struck. */
  seed: number
  play: boolean
  json: boolean
  plain: boolean
  /** All that there is to tell at the end, instead of what fits a screen. */
  verbose: boolean
  /** Where the folder of this run is made. */
  out: string
  /** Tell this cell of the last run instead of running. */
  cell: CellName | null
  /** Ask before anything is shown; null: where there is somebody to ask. */
  predict: boolean | null
  /** Serve the live page as well. */
  watch: boolean
  /** Where, on 127.0.0.1; 0: any free port. */
  port: number
  help: boolean
}

/** What the options are, in the words of this lab. */
export function labHelp(lab: Choosable): string {
  const lines: [option: string, what: string, exists?: boolean][] = [
    ['--only LIST', 'a case, a mechanism, or case/mechanism; several with commas'],
    ['--strike SIDE', 'which host is struck: server (default) or client', lab.hasStrike === true],
    [
      '--connections N',
      `how many (default: ${lab.connections}), up to what this machine holds`,
      lab.connections !== undefined,
    ],
    ['--cell C/M', 'tell one cell of the last run in full, without running'],
    ['--no-predict', 'do not ask for predictions first, as it does on a terminal'],
    ['--predict', 'ask on a terminal even with --plain, or in CI'],
    ['--play', 'one pair of hosts stays up, and you do the killing', lab.play !== undefined],
    ['--play', 'its servers stay up, for your own browser', lab.playInBrowser !== undefined],
    ['--watch', 'shows it on a page of your browser as well, until Ctrl-C'],
    ['--port N', 'where that page is, on 127.0.0.1 (default: 8080; 0: any free port)'],
    ['--pace PACE', "quick (default: short timeouts) or real (this system's own)"],
    ['--hosts TIER', 'auto (default), netns, or process'],
    ['--seed N', 'repeat the phases of an earlier run'],
    ['--json', 'print nothing but the report'],
    ['--plain', 'no colours, no line that changes'],
    ['--verbose', 'at the end every check, and what each row teaches'],
    ['--out DIR', 'where runs are kept (default: runs)'],
    ['--help', 'this text'],
  ]
  return [
    'Options, after "--":',
    ...lines
      .filter(([, , exists = true]) => exists)
      .map(([option, what]) => `  ${option.padEnd(16)} ${what}`),
    ...beside('cases:      ', idsOf(lab).join(' ')),
    ...beside('mechanisms: ', lab.mechanisms.join(' ')),
  ].join('\n')
}

const SEED_LIMIT = 2 ** 32
/** What fewer of them cost is lost in what a process costs by itself. */
const CONNECTIONS_MIN = 100
export const DEFAULT_PORT = '8080'
const PORT_MAX = 65_535

/**
 * Reads the arguments of `npm run lab:<id> --`.
 * @throws UsageError with one line that says what would be right
 */
export function parseLabOptions(lab: Choosable, args: readonly string[]): LabOptions {
  const { values, positionals } = parse(args)
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is no option; try --help`)
  return {
    hosts: oneOf('--hosts', values.hosts, ['auto', ...tiers]),
    pace: oneOf('--pace', values.pace, paces),
    strike: strikeOf(lab, values.strike),
    connections: connectionsOf(lab, values.connections),
    ...selection(lab, values.only),
    seed: seedOf(values.seed),
    play: playOf(lab, values.play),
    json: values.json,
    plain: values.plain,
    verbose: values.verbose,
    out: outOf(values.out),
    cell: values.cell === undefined ? null : cellOf(lab, '--cell', values.cell),
    predict: values['no-predict'] ? false : (values.predict ?? null),
    watch: values.watch,
    port: portOf(values.port),
    help: values.help,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        hosts: { type: 'string', default: 'auto' },
        pace: { type: 'string', default: 'quick' },
        strike: { type: 'string' },
        connections: { type: 'string' },
        only: { type: 'string' },
        seed: { type: 'string' },
        play: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        out: { type: 'string' },
        cell: { type: 'string' },
        predict: { type: 'boolean' },
        'no-predict': { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        port: { type: 'string', default: DEFAULT_PORT },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw usageErrorOf(error)
  }
}

/** Where runs are kept: the project's own folder, or where somebody says. */
export function outOf(typed: string | undefined): string {
  return typed === undefined ? runsFolder() : typedPath(typed)
}

/** What parseArgs() threw, in a line. */
export function usageErrorOf(error: unknown): UsageError {
  return new UsageError(`${problemOfArguments(error)}; try --help`)
}

function strikeOf({ id, hasStrike }: Choosable, role: string | undefined): Role | null {
  if (hasStrike) return oneOf('--strike', role ?? 'server', roles)
  if (role === undefined) return null
  throw new UsageError(`--strike: in lab:${id} nobody chooses which host is struck; try --help`)
}

function connectionsOf({ id, connections }: Choosable, text: string | undefined): number | null {
  if (text === undefined) return connections ?? null
  if (connections === undefined)
    throw new UsageError(`--connections: lab:${id} does not count them; try --help`)
  const number = Number(text)
  if (/^[1-9]\d{0,6}$/.test(text) && number >= CONNECTIONS_MIN) return number
  throw new UsageError(`--connections ${text}: expected a whole number from ${CONNECTIONS_MIN} to 9999999`)
}

function playOf({ id, play, playInBrowser }: Choosable, wanted: boolean): boolean {
  if (!wanted || play !== undefined || playInBrowser !== undefined) return wanted
  throw new UsageError(`--play: lab:${id} cannot be played by hand; try --help`)
}

function selection(lab: Choosable, only: string | undefined): Selection {
  const cases = new Set<string>()
  const mechanisms = new Set<string>()
  for (const item of only?.split(',') ?? []) {
    if (item.includes('/')) {
      const cell = cellOf(lab, '--only', item)
      cases.add(cell.case)
      mechanisms.add(cell.mechanism)
    } else if (idsOf(lab).includes(item)) cases.add(item)
    else if (lab.mechanisms.includes(item)) mechanisms.add(item)
    else {
      throw new UsageError(
        `--only: no case or mechanism "${item}"; there are ${idsOf(lab).join(' ')} and ${lab.mechanisms.join(' ')}`,
      )
    }
  }
  const selected = selectionOf(
    lab,
    idsOf(lab).filter((id) => cases.size === 0 || cases.has(id)),
    lab.mechanisms.filter((id) => mechanisms.size === 0 || mechanisms.has(id)),
  )
  if (selected.cells.length === 0) throw new UsageError(`--only ${only}: lab:${lab.id} has no such cell`)
  return selected
}

function cellOf(lab: Choosable, option: string, text: string): CellName {
  const [caseId = '', mechanism = '', ...more] = text.split('/')
  if (more.length > 0 || mechanism === '') {
    const { cells } = selection(lab, undefined)
    throw new UsageError(`${option} ${text}: expected case/mechanism, such as ${cells[0]}`)
  }
  if (!idsOf(lab).includes(caseId)) {
    throw new UsageError(`${option}: no case "${caseId}"; there are ${idsOf(lab).join(' ')}`)
  }
  if (!lab.mechanisms.includes(mechanism)) {
    throw new UsageError(`${option}: no mechanism "${mechanism}"; there are ${lab.mechanisms.join(' ')}`)
  }
  if (lab.hasCell?.(caseId, mechanism) === false) {
    throw new UsageError(`${option}: lab:${lab.id} does not look at ${cellId(caseId, mechanism)}`)
  }
  return { case: caseId, mechanism }
}

function idsOf({ cases }: Matrix): string[] {
  return cases.map(({ id }) => id)
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T
  throw new UsageError(`${option} ${value}: expected one of ${allowed.join(', ')}`)
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return Math.floor(Math.random() * SEED_LIMIT)
  const seed = Number(text)
  if (/^\d+$/.test(text) && seed < SEED_LIMIT) return seed
  throw new UsageError(`--seed ${text}: expected a whole number from 0 to ${SEED_LIMIT - 1}`)
}

/** @throws UsageError */
export function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port
  throw new UsageError(`--port ${text}: expected a number from 0 to ${PORT_MAX}`)
}
