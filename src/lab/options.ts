/** The options of a lab, from the command line. */
import { parseArgs } from 'node:util'
import { type FaultId, faultIds } from '../faults/registry.ts'
import { type Tier, tiers } from '../hosts/host.ts'
import { type Mechanism, mechanisms } from '../programs/host-messages.ts'

/** Something the person typed that cannot be: one line, status 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const paces = ['quick', 'real'] as const
export type Pace = (typeof paces)[number]
export const sides = ['server', 'client'] as const
export type Side = (typeof sides)[number]

export interface LabOptions {
  hosts: 'auto' | Tier
  pace: Pace
  strike: Side
  faults: FaultId[]
  mechanisms: Mechanism[]
  /** Decides at which phase of their timers the connections are struck. */
  seed: number
  play: boolean
  json: boolean
  plain: boolean
  /** Where the folder of this run is made. */
  out: string
  /** Tell this cell of the last run instead of running. */
  cell: { fault: FaultId; mechanism: Mechanism } | null
  /** Ask before anything is shown; null: where there is somebody to ask. */
  predict: boolean | null
  /** Serve the live page as well. */
  watch: boolean
  /** Where, on 127.0.0.1; 0: any free port. */
  port: number
  help: boolean
}

export const LAB_HELP = `Options, after "--":
  --only LIST      a fault, a mechanism, or fault/mechanism; several with commas
  --strike SIDE    which host is struck: server (default) or client
  --cell F/M       tell one cell of the last run in full, without running
  --no-predict     do not ask for predictions first, as it does on a terminal
  --predict        ask on a terminal also with --plain, or in CI
  --play           one pair of hosts stays up, and you do the killing
  --watch          shows it on a page of your browser as well, until Ctrl-C
  --port N         where that page is, on 127.0.0.1 (default: 8080; 0: any free port)
  --pace PACE      quick (default: short timeouts) or real (this system's own)
  --hosts TIER     auto (default), netns, or process
  --seed N         repeat the phases of an earlier run
  --json           print nothing but the report
  --plain          no colours, no line that changes
  --out DIR        where runs are kept (default: runs)
  --help           this text
faults:     ${faultIds.join(' ')}
mechanisms: ${mechanisms.slice(0, 5).join(' ')}
            ${mechanisms.slice(5).join(' ')}`

const SEED_LIMIT = 2 ** 32
export const DEFAULT_PORT = '8080'
const PORT_MAX = 65_535

/**
 * Reads the arguments of `npm run lab:<id> --`.
 * @throws UsageError with one line that says what would be right
 */
export function parseLabOptions(args: readonly string[]): LabOptions {
  const { values, positionals } = parse(args)
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is no option; try --help`)
  return {
    hosts: oneOf('--hosts', values.hosts, ['auto', ...tiers]),
    pace: oneOf('--pace', values.pace, paces),
    strike: oneOf('--strike', values.strike, sides),
    ...selection(values.only),
    seed: seedOf(values.seed),
    play: values.play,
    json: values.json,
    plain: values.plain,
    out: values.out,
    cell: values.cell === undefined ? null : cellOf('--cell', values.cell),
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
        strike: { type: 'string', default: 'server' },
        only: { type: 'string' },
        seed: { type: 'string' },
        play: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        out: { type: 'string', default: 'runs' },
        cell: { type: 'string' },
        predict: { type: 'boolean' },
        'no-predict': { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        port: { type: 'string', default: DEFAULT_PORT },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    // Node's message goes on with advice about "--" that does not fit here.
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
    throw new UsageError(`${first}; try --help`)
  }
}

function selection(only: string | undefined): { faults: FaultId[]; mechanisms: Mechanism[] } {
  if (only === undefined) return { faults: faultIds, mechanisms: [...mechanisms] }
  const faults = new Set<FaultId>()
  const chosen = new Set<Mechanism>()
  for (const item of only.split(',')) {
    if (item.includes('/')) {
      const cell = cellOf('--only', item)
      faults.add(cell.fault)
      chosen.add(cell.mechanism)
    } else if (isFault(item)) faults.add(item)
    else if (isMechanism(item)) chosen.add(item)
    else throw new UsageError(unknownName('--only', item))
  }
  return {
    faults: faultIds.filter((id) => faults.size === 0 || faults.has(id)),
    mechanisms: mechanisms.filter((id) => chosen.size === 0 || chosen.has(id)),
  }
}

function cellOf(option: string, text: string): { fault: FaultId; mechanism: Mechanism } {
  const [fault = '', mechanism = '', ...more] = text.split('/')
  if (more.length > 0 || mechanism === '') {
    throw new UsageError(`${option} ${text}: expected fault/mechanism, such as cut/tcp-idle`)
  }
  if (!isFault(fault)) throw new UsageError(`${option}: no fault "${fault}"; there are ${faultIds.join(' ')}`)
  if (!isMechanism(mechanism)) {
    throw new UsageError(`${option}: no mechanism "${mechanism}"; there are ${mechanisms.join(' ')}`)
  }
  return { fault, mechanism }
}

function unknownName(option: string, name: string): string {
  return `${option}: no fault or mechanism "${name}"; there are ${faultIds.join(' ')} and ${mechanisms.join(' ')}`
}

function isFault(text: string): text is FaultId {
  return (faultIds as string[]).includes(text)
}

function isMechanism(text: string): text is Mechanism {
  return (mechanisms as readonly string[]).includes(text)
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
