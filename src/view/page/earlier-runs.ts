/**
 * Earlier runs, from the folders they left. A folder may be damaged, cut short, half copied, or written by
 * a newer version; what can be read is shown, what cannot is named, and nothing of it is believed unread.
 */
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { envelope, vocabulary } from '../../events/vocabulary.ts'
import { verdicts } from '../../lab/checks.ts'
import { type Plan, runTiers } from '../../lab/plan.ts'
import { REPORT_SCHEMA, type Report } from '../../lab/report.ts'
import type { ListedRun, OpenedEnd, OpenedHead } from './messages.ts'

/** The newest; a list of more is no help. */
const LISTED_MAX = 100
/** Ours have 100 kB. What is bigger was not written by us. */
const JSON_BYTES_MAX = 20_000_000
/** No event is as long, see the recorder. */
const LINE_CHARACTERS_MAX = 70_000
/** More would not be read. */
const PROBLEMS_MAX = 10
/** What a view asks of a plan and a report; what else is in them is not our business here. */
const planSchema = v.looseObject({
  run: v.string(),
  lab: v.string(),
  tier: v.picklist(runTiers),
  because: v.string(),
  pace: v.string(),
  strike: v.nullable(v.string()),
  seed: v.number(),
  play: v.boolean(),
  cases: v.array(v.string()),
  mechanisms: v.array(v.string()),
  cells: v.array(v.string()),
  promises: v.record(v.string(), v.string()),
  showFirst: v.array(v.string()),
  watchMs: v.number(),
  environment: v.record(v.string(), v.union([v.string(), v.number()])),
})
const observedValue = v.nullable(v.union([v.number(), v.string()]))
export const reportSchema = v.looseObject({
  schema: v.literal(REPORT_SCHEMA),
  startedAt: v.string(),
  durationMs: v.number(),
  verdict: v.picklist(verdicts),
  checks: v.array(
    v.looseObject({
      id: v.string(),
      claim: v.string(),
      formula: v.string(),
      expected: v.union([
        v.looseObject({ min: v.number(), max: v.number() }),
        v.looseObject({ oneOf: v.array(v.string()) }),
        v.looseObject({ value: v.null() }),
      ]),
      observed: v.looseObject({ value: observedValue }),
      verdict: v.picklist(verdicts),
      because: v.string(),
      source: v.string(),
      evidence: v.array(v.string()),
    }),
  ),
})
const recordedSchema = v.strictObject({
  ...envelope.entries,
  time: v.number(),
  outerPid: v.optional(v.number()),
})

/** There is no such run, or nothing of it can be shown. */
export class NoRunError extends Error {
  override name = 'NoRunError'
}

/** The runs in `out`, newest first. */
export async function listRuns(out: string): Promise<ListedRun[]> {
  const ids = (await folders(out)).sort().reverse().slice(0, LISTED_MAX)
  return Promise.all(ids.map((id) => describe(out, id)))
}

/**
 * An earlier run line by line: what it was, its events, and what was wrong with it.
 * @throws NoRunError before the first line
 */
export async function* openRun(out: string, id: string): AsyncGenerator<string> {
  // Only a name that the folder itself lists leads anywhere: no path from a browser is ever followed.
  if (!(await folders(out)).includes(id)) throw new NoRunError('there is no such run')
  const plan = await readJson(join(out, id, 'plan.json'), planSchema)
  if (typeof plan === 'string') throw new NoRunError(`plan.json ${plan}`)
  const report = await readReport(out, id)
  const problems = typeof report === 'string' ? [report] : []
  const head: OpenedHead = {
    plan: plan as unknown as Plan,
    report: typeof report === 'string' ? null : (report as unknown as Report),
  }
  yield JSON.stringify(head)
  let damaged = 0
  let number = 0
  try {
    const file = createReadStream(join(out, id, 'events.ndjson'), 'utf8')
    for await (const line of createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1
      const problem = problemOfLine(line)
      if (problem === null) yield line
      else if (++damaged <= PROBLEMS_MAX) problems.push(`events.ndjson line ${number} ${problem}`)
    }
  } catch (error) {
    problems.push(`events.ndjson cannot be read: ${messageOf(error)}`)
  }
  if (damaged > PROBLEMS_MAX) problems.push(`and ${damaged - PROBLEMS_MAX} more lines like these`)
  const end: OpenedEnd = { problems }
  yield JSON.stringify(end)
}

async function folders(out: string): Promise<string[]> {
  const entries = await readdir(out, { withFileTypes: true }).catch(() => [])
  // Not `latest`, which is a link to one of the others.
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

async function describe(out: string, id: string): Promise<ListedRun> {
  const unknown = { id, lab: '?', startedAt: null, play: false, tier: '?', verdict: null }
  const plan = await readJson(join(out, id, 'plan.json'), planSchema)
  if (typeof plan === 'string') return { ...unknown, problem: `plan.json ${plan}` }
  const { lab, play, tier } = plan
  const report = await readReport(out, id)
  if (typeof report === 'string') return { ...unknown, lab, play, tier, problem: report }
  const { startedAt, verdict } = report
  return { id, lab, startedAt, play, tier, verdict, problem: null }
}

async function readReport(out: string, id: string) {
  const path = join(out, id, 'report.json')
  const report = await readJson(path, reportSchema)
  if (typeof report !== 'string') return report
  const other = await readJson(path, v.looseObject({ schema: v.string() }))
  if (typeof other === 'string' || other.schema === REPORT_SCHEMA) return `report.json ${report}`
  return `report.json is ${JSON.stringify(other.schema.slice(0, 40))}, from another version; this one reads ${REPORT_SCHEMA}`
}

/** The value, or what is wrong with the file, to be put after its name. */
async function readJson<T extends v.GenericSchema>(
  path: string,
  schema: T,
): Promise<v.InferOutput<T> | string> {
  try {
    if ((await stat(path)).size > JSON_BYTES_MAX) return 'is too big to be ours'
    const result = v.safeParse(schema, JSON.parse(await readFile(path, 'utf8')))
    if (result.success) return result.output
    const [issue] = result.issues
    return `is not as expected at ${v.getDotPath(issue) ?? 'the top'}: ${issue.message}`
  } catch (error) {
    if (error instanceof SyntaxError) return 'is damaged or cut short: it is not JSON'
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isMissing ? 'is missing: the run did not come to its end' : `cannot be read: ${messageOf(error)}`
  }
}

function problemOfLine(line: string): string | null {
  if (line.length > LINE_CHARACTERS_MAX) return 'is too long'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'is damaged or cut short: it is not JSON'
  }
  const outer = v.safeParse(recordedSchema, value)
  if (!outer.success) return `is no event of this version: ${outer.issues[0].message}`
  const inner = v.safeParse(vocabulary[outer.output.name], outer.output.data)
  return inner.success ? null : `is no ${outer.output.name} of this version: ${inner.issues[0].message}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
