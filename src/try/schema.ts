/** What may be asked of a try, as options and files say it, and in which words what is wrong with it is told. */
import * as v from 'valibot'
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import { paces } from '../plan/plan.ts'
import { parseTime } from './durations.ts'
import { GrammarError, parseCue, parseFault, parseLink, parseRule } from './grammar.ts'
import { ROW_NAME } from './variants.ts'

/** Nobody waits longer, and a number with a zero too many would run all night. */
const TIME_MAX_MS = 3_600_000
const CLIENTS_MAX = 20
/** The one that is struck, and one to go to. */
const SERVERS_MAX = 2
const MORE_SERVERS = 'two servers at most: the one that is struck, and one to go to'
const COMMAND_CHARACTERS_MAX = 10_000
const EXPECTATIONS_MAX = 100

const families = ['4', '6'] as const
export const strikes = ['server', 'client', 'both'] as const
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
  server: v.union([
    command,
    v.pipe(v.array(command), v.minLength(1), v.maxLength(SERVERS_MAX, MORE_SERVERS)),
  ]),
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
export type Wanted = v.InferOutput<typeof fileSchema>

/** Where values come from. */
export interface Source {
  values: Record<string, unknown>
  /** What a person finds one of them by. */
  called(key: string): string
}

/** @param sources those that count more come later @throws UsageError */
export function validated(sources: readonly Source[]): Wanted {
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
