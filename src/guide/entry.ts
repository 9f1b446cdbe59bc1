/** An entry of the field guide: `guide/<name>/entry.json`, and the programs beside it. */
import { existsSync, readdirSync } from 'node:fs'
import * as v from 'valibot'
import { parseForeignJson } from '../foreign/json.ts'
import { nearest } from '../foreign/nearest.ts'
import { readRegular } from '../foreign/regular-file.ts'
import { UsageError } from '../foreign/usage.ts'
import { projectFile } from '../project/files.ts'
import { requestOf, type TryRequest } from '../try/request.ts'
import { validated } from '../try/schema.ts'
import { amountOf, type Terms } from './formula.ts'

/** The defaults, and the program's own heartbeat set to some seconds. */
export const variants = ['default', 'own'] as const
export type Variant = (typeof variants)[number]

/** What each is tried under. */
export const GUIDE_FAULTS = ['cut', 'freeze', 'kill', 'reboot', 'blip', 'none'] as const
export type GuideFault = (typeof GUIDE_FAULTS)[number]

const FILE_BYTES_MAX = 100_000
/** Who waits longer than that by default has a formula, and is not waited for. */
const WATCH = '15s'
const RECOVER = '10s'
/** A dozen of servers and clients start at once. */
const CONNECT_WITHIN = '60s'

const command = v.pipe(v.string(), v.minLength(1))
const terms = v.record(v.string(), v.union([v.number(), v.string(), v.boolean()]))
const formula = v.pipe(
  v.string(),
  v.check((text) => {
    amountOf(text, {})
    return true
  }),
)
/** From when to when silence is noticed, in milliseconds after it began. */
const range = v.strictObject({ from: formula, to: formula })

/** When each end notices a peer that fell silent; an end is left out where it never does. */
const formulaSchema = v.strictObject({
  words: v.pipe(v.string(), v.minLength(1)),
  client: v.optional(range),
  server: v.optional(range),
  /** Which silence: a kernel's keepalive does not find a frozen program. */
  finds: v.pipe(v.array(v.picklist(['cut', 'freeze'])), v.minLength(1)),
})

const entrySchema = v.strictObject({
  title: v.pipe(v.string(), v.minLength(1)),
  /** One line: what it is, and what its client does here. */
  what: v.pipe(v.string(), v.minLength(1)),
  /** npm packages, each with one exact version. */
  npm: v.record(v.string(), v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/))),
  /** Debian packages whose programs it needs; their versions are those of the recorded run. */
  debian: v.array(v.pipe(v.string(), v.regex(/^[a-z\d][a-z\d.+-]+$/))),
  /** `{options}` in a command is what is set, as JSON; `{NAME}` one of its options. */
  server: command,
  client: command,
  /** Other commands, where what is set is not told to the same ones. */
  own: v.strictObject({
    server: v.optional(command),
    client: v.optional(command),
    /** In the program's own words and units. */
    set: terms,
    /** Where another formula decides then. */
    formula: v.optional(formulaSchema),
  }),
  /** What the same options are when nobody sets them; those that are off by default are left out. */
  defaults: terms,
  formula: formulaSchema,
  /** Options whose names, units or defaults say something else than what they do. */
  misleading: v.array(v.string()),
  /** Anything else that `try` has to know, by the names of its options. */
  try: v.optional(v.record(v.string(), v.unknown())),
  /** Faults at the same time, where its server takes much to start. */
  atOnce: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  watch: v.optional(v.strictObject({ default: v.optional(v.string()), own: v.optional(v.string()) })),
})

export interface Entry extends v.InferOutput<typeof entrySchema> {
  name: string
}

/** Sorted, as they stand in the guide. */
export function entryNames(): string[] {
  return readdirSync(projectFile('guide'), { withFileTypes: true })
    .filter((one) => one.isDirectory() && existsSync(projectFile(`guide/${one.name}/entry.json`)))
    .map(({ name }) => name)
    .sort()
}

/** @throws UsageError when there is none, or it is not as it has to be */
export function readEntry(name: string): Entry {
  const names = entryNames()
  if (!names.includes(name)) {
    throw new UsageError(`the guide has no "${name}"; ${nearest(name, names)}`)
  }
  const file = `guide/${name}/entry.json`
  try {
    const read = v.safeParse(entrySchema, parseForeignJson(readRegular(projectFile(file), FILE_BYTES_MAX)))
    if (read.success) return { name, ...read.output }
    const [issue] = read.issues
    throw new UsageError(`${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What is in force of the options that the formula names. */
export function termsOf(entry: Entry, variant: Variant): Terms {
  return variant === 'own' ? { ...entry.defaults, ...entry.own.set } : entry.defaults
}

/** What decides then. */
export function formulaOf(entry: Entry, variant: Variant): Entry['formula'] {
  return (variant === 'own' ? entry.own.formula : undefined) ?? entry.formula
}

/** When an end notices silence, by the formula; null: it does not. */
export function rangeOf(
  entry: Entry,
  variant: Variant,
  end: 'client' | 'server',
): { fromMs: number; toMs: number } | null {
  const range = formulaOf(entry, variant)[end]
  if (range === undefined) return null
  const terms = termsOf(entry, variant)
  const [fromMs, toMs] = [amountOf(range.from, terms), amountOf(range.to, terms)]
  return fromMs === null || toMs === null ? null : { fromMs, toMs }
}

/** The same as somebody would ask of `npm run try`. @throws UsageError */
export function tryOf(entry: Entry, variant: Variant): TryRequest {
  const set = variant === 'own' ? entry.own.set : {}
  const commands = variant === 'own' ? { ...entry, ...given(entry.own) } : entry
  const values = {
    ...{
      ready: '^ready',
      down: '^down',
      up: '^up',
      watch: WATCH,
      recover: RECOVER,
      'connect-within': CONNECT_WITHIN,
    },
    ...entry.try,
    ...(entry.watch?.[variant] === undefined ? {} : { watch: entry.watch[variant] }),
    ...{ name: `${entry.name}-${variant}`, faults: GUIDE_FAULTS },
    ...{ server: withOptions(commands.server, set), client: withOptions(commands.client, set) },
  }
  return requestOf(validated([{ values, called: (key) => `guide/${entry.name}/entry.json: "${key}"` }]))
}

function given({ server, client }: Entry['own']) {
  return { ...(server === undefined ? {} : { server }), ...(client === undefined ? {} : { client }) }
}

function withOptions(text: string, set: Terms): string {
  return Object.entries(set).reduce(
    (command, [name, value]) => command.replaceAll(`{${name}}`, String(value)),
    text.replaceAll('{options}', `'${JSON.stringify(set).replaceAll("'", "'\\''")}'`),
  )
}
