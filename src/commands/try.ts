/** `npm run try`: somebody's own programs under every fault, from the command line to the exit status. */
import { writeFileSync } from 'node:fs'
import { printableJson } from '../foreign/printable.ts'
import { UsageError } from '../foreign/usage.ts'
import { overall, type Verdict } from '../lab/checks.ts'
import type { Report } from '../lab/report.ts'
import type { Style } from '../lab/tale.ts'
import { printableTold } from '../lab/tell.ts'
import type { Outcome, Run } from '../launcher/start.ts'
import { typedPath } from '../project/files.ts'
import { print } from '../text/wrap.ts'
import type { CaseFindings } from '../try/findings.ts'
import { questionOf, TRY } from '../try/lab.ts'
import { matrixToMarkdown, toMarkdown } from '../try/markdown.ts'
import { tellMatrix } from '../try/matrix.ts'
import { parseTryArguments, type Telling } from '../try/options.ts'
import { openWayOut, wayOutPath } from '../try/outside.ts'
import type { TryRequest, TrySettings } from '../try/request.ts'
import { casesIn, labOf, placeFor, startTry } from '../try/start.ts'
import { tellTry } from '../try/tell.ts'
import { toJUnit } from '../view/export/junit.ts'
import { Progress } from '../view/terminal/progress.ts'
import { styleFor } from '../view/terminal/style.ts'
import { EXIT_STATUS, INTERRUPTED, stopOnSignals, whereItIs } from './lab.ts'

/** What `--json` prints of several variants: a report of each. */
const MATRIX_SCHEMA = 'stillhere/matrix@1'

/**
 * Runs somebody's programs under the faults that they chose, and prints what was found.
 * @returns the exit status
 * @throws UsageError, CannotRunError
 */
export async function tryCommand(args: readonly string[]): Promise<number> {
  const { wanted, telling } = parseTryArguments(args)
  if (telling.help !== null) {
    print(process.stdout, `${telling.help}\n`)
    return 0
  }
  const requests = wanted()
  const isMatrix = requests.length > 1
  const [only] = requests
  // To find out what this machine can do takes a moment.
  if (!isMatrix && only !== undefined) progressOf(telling).announce({ id: TRY, question: questionOf(only) })
  const here = await placeFor(requests, typedPath('.'))
  let running: Run | undefined
  const interrupted = stopOnSignals({ stop: () => running?.stop() })
  const outcomes: Tried[] = []
  try {
    for (const request of requests) {
      const { run, done } = await begin({ ...request, ...here }, telling, isMatrix)
      running = run
      // While it was being started.
      if (interrupted.signal.aborted) run.stop()
      outcomes.push({ request, ...(await done) })
      if (interrupted.signal.aborted) break
    }
  } finally {
    // Also what was found before a variant that does not even start.
    if (outcomes.length > 0) tell(outcomes, telling, isMatrix)
  }
  return interrupted.signal.aborted ? INTERRUPTED : EXIT_STATUS[worst(outcomes.map(verdictOf))]
}

/** One request, and what its run left behind. */
interface Tried extends Outcome {
  request: TryRequest
}

/** Starts a run, and shows how it goes on. */
async function begin(
  settings: TrySettings,
  telling: Telling,
  isOneOfSeveral: boolean,
): Promise<{ run: Run; done: Promise<Outcome> }> {
  const lab = labOf(settings)
  const progress = progressOf(telling)
  if (isOneOfSeveral) progress.announce(lab)
  const run = await startTry(lab, settings, telling, (events) => progress.show(events))
  const wayOut = settings.allowOutside ? await openWayOut(wayOutPath(run.plan.folder), settings) : null
  progress.begin(run.plan)
  const done = run.done
    .catch((error: unknown) => {
      if (isOneOfSeveral && error instanceof UsageError)
        throw new UsageError(`${settings.name}: ${error.message}`)
      throw error
    })
    .finally(() => {
      progress.end()
      wayOut?.close()
    })
  return { run, done }
}

function progressOf(telling: Telling): Progress {
  return new Progress(process.stderr, { ...telling, play: false })
}

/** On the terminal, or as JSON; and in the files that were asked for. */
function tell(outcomes: readonly Tried[], telling: Telling, isMatrix: boolean): void {
  const variants = outcomes.map(({ request, report }) => ({
    name: request.name,
    report,
    found: findingsIn(report),
    checks: report.checks,
  }))
  if (telling.json) {
    const reports = variants.map(({ name, report }) => ({ name, report }))
    const all = isMatrix ? { schema: MATRIX_SCHEMA, variants: reports } : variants[0]?.report
    process.stdout.write(`${printableJson(all, 2)}\n`)
  } else print(process.stdout, `${textOf(outcomes, styleFor(process.stdout, telling), isMatrix)}\n`)
  if (telling.junit !== null) {
    const suites = variants.map(({ name, report }) => ({
      name: `stillhere ${TRY}${isMatrix ? ` ${name}` : ''}`,
      report,
    }))
    writeFileSync(telling.junit, toJUnit(suites))
  }
  if (telling.markdown !== null) {
    writeFileSync(telling.markdown, isMatrix ? matrixToMarkdown(variants) : variants.map(toMarkdown).join(''))
  }
}

function textOf(outcomes: readonly Tried[], style: Style, isMatrix: boolean): string {
  const all = outcomes.map(({ log, plan, report }) => ({
    told: printableTold({ log, plan, checks: report.checks }),
    where: whereItIs(plan),
  }))
  return isMatrix
    ? tellMatrix(all, style)
    : all.map(({ told, where }) => `${tellTry(told, style)}\n${where}`).join('')
}

/** Of one run. Where nothing was expected: whether each fault could be told of. */
function verdictOf({ request, report }: Tried): Verdict {
  if (request.expect.length > 0) return overall(report.checks)
  // A fault that was not seen to happen is in no finding.
  const told = new Set(findingsIn(report).flatMap(({ id, isWhole }) => (isWhole ? [id] : [])))
  const isWhole = report.killed === undefined && casesIn(request).every((id) => told.has(id))
  return isWhole ? 'pass' : 'inconclusive'
}

function worst(verdicts: readonly Verdict[]): Verdict {
  const worstFirst = ['fail', 'inconclusive', 'skipped', 'pass'] as const
  return worstFirst.find((verdict) => verdicts.includes(verdict)) ?? 'pass'
}

function findingsIn({ findings }: Report): CaseFindings[] {
  return Array.isArray(findings) ? findings : []
}
