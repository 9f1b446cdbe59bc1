/** What somebody asks of `npm run try`: options of the command line, or the same in a file. */
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { otherRole, type Role } from '../events/host-names.ts'
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Link } from '../hosts/host.ts'
import { outOf, usageErrorOf } from '../plan/options.ts'
import { type Pace, paces } from '../plan/plan.ts'
import { typedPath } from '../project/files.ts'
import { type ChosenFaults, chosenFaults } from './chosen-faults.ts'
import { parseTime } from './durations.ts'
import { ENDS_THE_STRUCK, tryFaults } from './faults.ts'
import {
  type Cue,
  GrammarError,
  parseCue,
  parseFault,
  parseLink,
  parseRule,
  type Rule,
  type Who,
} from './grammar.ts'
import { helpOn } from './help.ts'
import { readJsonObject } from './json-file.ts'
import { clientNames, SERVER } from './rows.ts'
import type { RunAs } from './run-as.ts'
import { ROW_NAME, readVariants } from './variants.ts'

/** What is settled before a run. A `type`: it is part of a plan, which is JSON. */
export type TryRequest = ChosenFaults & {
  /** The row of the matrix: lower-case letters, digits and hyphens. */
  name: string
  server: string
  clients: string[]
  strike: Role[]
  /** What the way between the hosts is like for the whole run; null: it takes no time and loses nothing. */
  link: Link | null
  expect: Rule[]
  /** As regular expressions; null: not given. `down`: the peer is gone; `up`: served again. */
  ready: string | null
  serverReady: string | null
  /** null: the fault strikes a moment after they talk. */
  strikeAfter: Cue | null
  down: string | null
  up: string | null
  watchMs: number
  recoverMs: number
  settleMs: number
  connectWithinMs: number
  pace: Pace
  /** As paths under /proc/sys. */
  sysctls: Record<string, string>
  /** Runs on a third host, from when the fault has struck; null: nobody comes later. */
  later: string | null
  /** Runs on the server's host, at the end of the watch; null: nobody is asked. */
  ask: string | null
  family: Family
  allowOutside: boolean
  /** This machine's loopback counts as outside. */
  allowLoopback: boolean
  /** Each host has a TUN device that the programs may open. */
  allowTun: boolean
}

/** By which version of IP they are to talk. */
export type Family = 4 | 6

/** What the runner needs to know beside the plan. */
export type TrySettings = TryRequest & {
  runAs: RunAs
  /** The person's working directory. */
  folder: string
  /** So many pairs of hosts at once. */
  atOnce: number
}

/** How it is told, which is no part of the run. */
export interface Telling {
  json: boolean
  plain: boolean
  out: string
  junit: string | null
  markdown: string | null
  /** The text that was asked for. */
  help: string | null
}

/** Long enough for a keepalive of some seconds, and short enough to wait for. */
const WATCH_MS = 30_000
const RECOVER_MS = 10_000
/** After they have begun to talk: what belongs to the beginning is over. */
const SETTLE_MS = 1000
const CONNECT_WITHIN_MS = 15_000
/** Nobody waits longer, and a number with a zero too many would run all night. */
const TIME_MAX_MS = 3_600_000
const CLIENTS_MAX = 20
const COMMAND_CHARACTERS_MAX = 10_000
const EXPECTATIONS_MAX = 100

const families = ['4', '6'] as const
const strikes = ['server', 'client', 'both'] as const
const command = v.pipe(v.string(), v.minLength(1), v.maxLength(COMMAND_CHARACTERS_MAX))
const time = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const ms = parseTime(dataset.value)
    if (ms !== null && ms > 0 && ms <= TIME_MAX_MS) return ms
    addIssue({ message: `"${dataset.value}" is no time from 1ms to 60m; it looks like 500ms, 10s or 2m` })
    return NEVER
  }),
)
const pattern = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      new RegExp(dataset.value)
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) })
    }
  }),
)
/** Something of the grammar, by one of its parsers. */
const parsedBy = <T>(parse: (text: string) => T) =>
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      try {
        return parse(dataset.value)
      } catch (error) {
        if (!(error instanceof GrammarError)) throw error
        addIssue({ message: error.message })
        return NEVER
      }
    }),
  )
const oneOf = <const T extends readonly string[]>(allowed: T) =>
  v.picklist(allowed, ({ received }) => `${received}: ${nearest(received.replaceAll('"', ''), allowed)}`)

/** A file for `--file`; the options have the same names. */
const fileSchema = v.strictObject({
  /** For people who read the file. */
  about: v.optional(v.string()),
  name: v.optional(v.pipe(v.string(), v.regex(ROW_NAME, 'expected lower-case letters, digits and hyphens'))),
  server: command,
  client: v.union([command, v.pipe(v.array(command), v.minLength(1), v.maxLength(CLIENTS_MAX))]),
  faults: v.optional(v.pipe(v.array(parsedBy(parseFault)), v.minLength(1))),
  strike: v.optional(oneOf(strikes)),
  link: v.optional(parsedBy(parseLink)),
  expect: v.optional(v.pipe(v.array(parsedBy(parseRule)), v.maxLength(EXPECTATIONS_MAX))),
  ready: v.optional(pattern),
  'server-ready': v.optional(pattern),
  'strike-after': v.optional(parsedBy(parseCue)),
  down: v.optional(pattern),
  up: v.optional(pattern),
  watch: v.optional(time),
  recover: v.optional(time),
  settle: v.optional(time),
  'connect-within': v.optional(time),
  pace: v.optional(oneOf(paces)),
  sysctl: v.optional(v.record(v.string(), v.string())),
  later: v.optional(command),
  ask: v.optional(command),
  // In a file it may be a number.
  family: v.optional(v.pipe(v.union([v.string(), v.number()]), v.transform(String), oneOf(families))),
  'allow-outside': v.optional(v.boolean()),
  'allow-loopback': v.optional(v.boolean()),
  'allow-tun': v.optional(v.boolean()),
})
type Wanted = v.InferOutput<typeof fileSchema>

/**
 * `wanted` gives one request, or with `--matrix` one for each variant.
 * @throws UsageError with one line that says what would be right
 */
export function parseTryArguments(args: readonly string[]): { wanted: () => TryRequest[]; telling: Telling } {
  const { values, positionals } = parse(args)
  const { json, plain, out, junit, markdown, help: isHelp, file, matrix, ...rest } = values
  const help = isHelp ? helpOn(positionals) : null
  if (help === null && positionals.length > 0) {
    throw new UsageError(`"${positionals[0]}" is no option; put a command in quotes, or try --help`)
  }
  return {
    telling: {
      ...{ json, plain, out: outOf(out), help },
      junit: junit === undefined ? null : writable('--junit', junit),
      markdown: markdown === undefined ? null : writable('--markdown', markdown),
    },
    wanted: () => {
      const base = [...(file === undefined ? [] : [sourceOfFile(file)]), sourceOfOptions(rest)]
      return matrix === undefined ? [requestOf(validated(base))] : requestsOf(matrix, base)
    },
  }
}

/** Of each variant, over what all have in common. @throws UsageError */
function requestsOf(file: string, base: readonly Source[]): TryRequest[] {
  return readVariants(file).map(({ name, values }) => {
    const called = (key: string) => `--matrix ${file}: "${name}": "${key}"`
    const wanted = validated([...base, { values: { ...values, name }, called }])
    try {
      return requestOf(wanted)
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`--matrix ${file}: "${name}": ${error.message}`)
      throw error
    }
  })
}

/** Before minutes go by. @throws UsageError when a file cannot be made there */
function writable(option: string, file: string): string {
  const folder = dirname(typedPath(file))
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    throw new UsageError(`${option} ${file}: cannot write to the folder ${folder}`)
  }
  return typedPath(file)
}

const OPTIONS = {
  server: { type: 'string' },
  client: { type: 'string', multiple: true },
  file: { type: 'string' },
  matrix: { type: 'string' },
  faults: { type: 'string' },
  strike: { type: 'string' },
  link: { type: 'string' },
  expect: { type: 'string', multiple: true },
  ready: { type: 'string' },
  'server-ready': { type: 'string' },
  'strike-after': { type: 'string' },
  down: { type: 'string' },
  up: { type: 'string' },
  watch: { type: 'string' },
  recover: { type: 'string' },
  settle: { type: 'string' },
  'connect-within': { type: 'string' },
  sysctl: { type: 'string', multiple: true },
  pace: { type: 'string' },
  later: { type: 'string' },
  ask: { type: 'string' },
  family: { type: 'string' },
  'allow-outside': { type: 'boolean' },
  'allow-loopback': { type: 'boolean' },
  'allow-tun': { type: 'boolean' },
  name: { type: 'string' },
  junit: { type: 'string' },
  markdown: { type: 'string' },
  json: { type: 'boolean', default: false },
  plain: { type: 'boolean', default: false },
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    const [, wrong] = /^Unknown option '--([^']*)'/.exec((error as Error).message) ?? []
    if (wrong === undefined) throw usageErrorOf(error)
    throw new UsageError(`Unknown option '--${wrong}'; ${nearest(wrong, Object.keys(OPTIONS))}`)
  }
}

type OptionValues = Omit<
  ReturnType<typeof parse>['values'],
  'json' | 'plain' | 'out' | 'junit' | 'markdown' | 'help' | 'file' | 'matrix'
>

/** Where values come from. */
interface Source {
  values: Record<string, unknown>
  /** What a person finds one of them by. */
  called(key: string): string
}

function sourceOfFile(file: string): Source {
  return {
    values: readJsonObject('--file', file, '{"server": "...", "client": "..."}'),
    called: (key) => `--file ${file}: "${key}"`,
  }
}

function sourceOfOptions({ faults, sysctl, ...rest }: OptionValues): Source {
  return {
    values: {
      ...rest,
      ...(faults === undefined ? {} : { faults: faults.split(',') }),
      ...(sysctl === undefined ? {} : { sysctl: Object.fromEntries(sysctl.map(assignment)) }),
    },
    called: (key) => `--${key}`,
  }
}

/** @param sources those that count more come later @throws UsageError */
function validated(sources: readonly Source[]): Wanted {
  const together = Object.fromEntries(sources.flatMap(({ values }) => Object.entries(values)))
  const result = v.safeParse(fileSchema, together)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue)?.split('.')[0] ?? ''
  if (issue.received === 'undefined' && (path === 'server' || path === 'client')) {
    throw new UsageError(`a ${path} is missing: give it with --${path} 'COMMAND', or try --help`)
  }
  const source = sources.findLast(({ values }) => path in values)
  throw new UsageError(`${source?.called(path) ?? path}: ${issue.message}; try --help`)
}

function assignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--sysctl ${text}: expected NAME=VALUE, such as net.ipv4.tcp_retries2=5`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function requestOf(wanted: Wanted): TryRequest {
  const settleMs = wanted.settle ?? SETTLE_MS
  const chosen = chosenFaults(wanted.faults, wanted['strike-after'] === undefined ? settleMs : 0)
  const expect = wanted.expect ?? []
  const idle = expect.find(({ fault }) => !chosen.faults.includes(fault))
  if (idle !== undefined) {
    throw new UsageError(
      `--expect ${idle.text}: the fault is not among --faults ${chosen.faults.join(',')}; add it there`,
    )
  }
  const strike = wanted.strike ?? 'server'
  const clients = [wanted.client].flat()
  for (const rule of expect) if ('who' in rule) checkWho(rule, clients, strike)
  const watchMs = wanted.watch ?? WATCH_MS
  const recoverMs = wanted.recover ?? RECOVER_MS
  for (const one of expect) {
    const limitMs = one.kind === 'recovers' ? recoverMs : watchMs
    if ('withinMs' in one && one.withinMs > limitMs) {
      const option = one.kind === 'recovers' ? '--recover' : '--watch'
      throw new UsageError(
        `--expect ${one.text}: it is watched for ${limitMs / 1000} s only; raise ${option} to ${one.withinMs / 1000}s`,
      )
    }
  }
  if (wanted.settle !== undefined && wanted['strike-after'] !== undefined) {
    throw new UsageError('--settle and --strike-after each say when the fault strikes; leave one of them out')
  }
  const family = wanted.family === '6' ? 6 : 4
  if (family === 6 && chosen.faults.includes('nat-forgets')) {
    throw new UsageError('--family 6: the router of nat-forgets translates IPv4 alone; leave one of them out')
  }
  const allowLoopback = wanted['allow-loopback'] ?? false
  return {
    name: wanted.name ?? nameOf(wanted.server),
    server: wanted.server,
    clients,
    ...chosen,
    strike: strike === 'both' ? ['server', 'client'] : [strike],
    link: wanted.link ?? null,
    expect,
    ready: wanted.ready ?? null,
    serverReady: wanted['server-ready'] ?? null,
    strikeAfter: wanted['strike-after'] ?? null,
    down: wanted.down ?? null,
    up: wanted.up ?? null,
    watchMs,
    recoverMs,
    settleMs,
    connectWithinMs: wanted['connect-within'] ?? CONNECT_WITHIN_MS,
    pace: wanted.pace ?? 'real',
    sysctls: Object.fromEntries(Object.entries(wanted.sysctl ?? {}).map(settingOf)),
    later: wanted.later ?? null,
    ask: wanted.ask ?? null,
    family,
    allowOutside: wanted['allow-outside'] === true || allowLoopback,
    allowLoopback,
    allowTun: wanted['allow-tun'] ?? false,
  }
}

/** @throws UsageError where a rule names a row that there is not, or one that could notice nothing */
function checkWho(
  { text, who, kind, fault }: Extract<Rule, { who: Who }>,
  clients: readonly string[],
  strike: (typeof strikes)[number],
): void {
  const role = who === SERVER ? 'server' : who.startsWith('client') ? 'client' : null
  if (role === 'client' && !clientNames(clients).includes(who)) {
    throw new UsageError(
      `--expect ${text}: there is no ${who}; the clients are ${clientNames(clients).join(', ')}`,
    )
  }
  if (kind !== 'recovers' && role === strike && ENDS_THE_STRUCK.includes(fault)) {
    throw new UsageError(
      `--expect ${text}: ${fault} ends the ${role} itself, which then notices nothing; leave out "@${who}", or try --strike ${otherRole(role)}`,
    )
  }
  if (kind === 'recovers' && role === 'server') {
    throw new UsageError(`--expect ${text}: only clients are served; leave out "@server"`)
  }
}

/** `net.ipv4.tcp_retries2` and `net/ipv4/tcp_retries2` are the same; others are not a host's own. */
function settingOf([name, value]: [string, string]): [path: string, value: string] {
  const path = name.includes('/') ? name : name.replaceAll('.', '/')
  if (!/^net(\/[\w-]+)+$/.test(path)) {
    throw new UsageError(`--sysctl ${name}: a host has settings of its own only under net.`)
  }
  if (!/^[\w. -]{1,100}$/.test(value)) {
    throw new UsageError(`--sysctl ${name}: "${value}" is no value; expected a number or words`)
  }
  return [path, value]
}

/** The program of a command, as far as it makes a name: `redis-server`. */
function nameOf(command: string): string {
  const words = command.trim().split(/\s+/)
  const program = words.find((word) => !/^(exec|env|sudo)$|=/.test(word)) ?? ''
  const name = (program.split('/').at(-1) ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z\d-]/g, '-')
    .slice(0, 30)
  const isTaken = (tryFaults as readonly string[]).includes(name)
  return /^[a-z]/.test(name) && !isTaken ? name : 'program'
}
