/**
 * The files of a run, read as what they are: input. A folder may be damaged, cut short, half copied, written by
 * a newer version, or made to do harm. Nothing of it is believed that was not looked at.
 */
import { join } from 'node:path'
import * as v from 'valibot'
import { roles } from '../events/host-names.ts'
import { name, TIME_MAX_MS } from '../events/vocabulary.ts'
import { parseForeignJson } from '../foreign/json.ts'
import { ForeignFileError, readRegular } from '../foreign/regular-file.ts'
import { shortened } from '../foreign/shortened.ts'
import { type Plan, paces, runTiers } from '../plan/plan.ts'
import { verdicts } from './checks.ts'
import { REPORT_SCHEMA, type Report } from './report.ts'

/** Ours have 200 kB. What is bigger was not written by us. */
const JSON_BYTES_MAX = 4_000_000
/** Columns and rows of a matrix: the largest has 20 of either, and everybody counts with their product. */
const NAMES_MAX = 100
const CELLS_MAX = 2000
const CHECKS_MAX = 20_000
/** A message of valibot quotes what it received. */
const PROBLEM_CHARACTERS_MAX = 200

const text = v.string()
const finite = v.pipe(v.number(), v.finite())
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(TIME_MAX_MS))
const names = v.pipe(v.array(name), v.maxLength(NAMES_MAX))
const cells = v.pipe(
  v.array(v.pipe(text, v.regex(/^[a-z][a-z\d-]*\/[a-z][a-z\d-]*$/))),
  v.maxLength(CELLS_MAX),
)
const environment = v.record(text, v.union([text, finite]))

/** What everybody counts with; the settings in it are the lab's own. */
const planSchema = v.looseObject({
  run: text,
  lab: text,
  tier: v.picklist(runTiers),
  because: text,
  pace: v.picklist(paces),
  strike: v.nullable(v.picklist(roles)),
  seed: count,
  play: v.boolean(),
  cases: names,
  mechanisms: names,
  cells,
  promises: v.record(text, text),
  showFirst: cells,
  watchMs: ms,
  environment,
} satisfies Partial<Record<keyof Plan, v.GenericSchema>>)
const optionalText = v.optional(text)
export const reportSchema = v.looseObject({
  schema: v.literal(REPORT_SCHEMA),
  lab: text,
  run: text,
  tier: text,
  tierBecause: text,
  pace: text,
  strike: v.nullable(text),
  seed: count,
  environment: v.record(text, v.union([text, finite, v.record(text, text)])),
  kernelSampledEveryMs: v.nullable(ms),
  startedAt: v.pipe(text, v.isoTimestamp()),
  durationMs: ms,
  // Runs of before have none.
  chainMs: v.optional(v.nullable(ms)),
  verdict: v.picklist(verdicts),
  checks: v.pipe(
    v.array(
      v.looseObject({
        id: text,
        claim: text,
        formula: text,
        expected: v.union([
          v.looseObject({ min: finite, max: finite, unit: text }),
          v.looseObject({ oneOf: v.array(text) }),
          v.looseObject({ value: v.null() }),
        ]),
        observed: v.looseObject({
          value: v.nullable(v.union([finite, text])),
          unit: optionalText,
          watchedMs: v.optional(ms),
        }),
        verdict: v.picklist(verdicts),
        because: text,
        source: text,
        evidence: v.array(text),
        short: optionalText,
      }),
    ),
    v.maxLength(CHECKS_MAX),
  ),
})

/** What is wrong with a file, to be put after its name. */
export interface FileProblem {
  problem: string
}

/** `plan.json` of a run. */
export function readPlan(folder: string): Plan | FileProblem {
  const { value, problem } = readJson(join(folder, 'plan.json'), planSchema)
  return problem === undefined ? (value as unknown as Plan) : { problem: `plan.json ${problem}` }
}

/** `report.json` of a run that has come to its end. */
export function readReport(folder: string): Report | FileProblem {
  const path = join(folder, 'report.json')
  const { value, problem } = readJson(path, reportSchema)
  if (problem === undefined) return value as unknown as Report
  const { value: other } = readJson(path, v.looseObject({ schema: text }))
  if (other === undefined || other.schema === REPORT_SCHEMA) return { problem: `report.json ${problem}` }
  return {
    problem: `report.json is ${JSON.stringify(other.schema.slice(0, 40))}, from another version; this one reads ${REPORT_SCHEMA}`,
  }
}

function readJson<T extends v.GenericSchema>(
  path: string,
  schema: T,
): { value: v.InferOutput<T>; problem?: undefined } | { value?: undefined; problem: string } {
  try {
    const result = v.safeParse(schema, parseForeignJson(readRegular(path, JSON_BYTES_MAX)))
    if (result.success) return { value: result.output }
    const [issue] = result.issues
    const problem = `is not as expected at ${v.getDotPath(issue) ?? 'the top'}: ${issue.message}`
    return { problem: shortened(problem, PROBLEM_CHARACTERS_MAX) }
  } catch (error) {
    return { problem: problemOf(error) }
  }
}

/** Why a file of a run cannot be read, to be put after its name. */
export function problemOf(error: unknown): string {
  if (error instanceof ForeignFileError) return error.message
  if (error instanceof SyntaxError) return 'is damaged or cut short: it is not JSON of ours'
  if (!(error instanceof Error)) return `cannot be read: ${error}`
  const isMissing = 'code' in error && error.code === 'ENOENT'
  return isMissing ? 'is missing: the run did not come to its end' : `cannot be read: ${error.message}`
}
