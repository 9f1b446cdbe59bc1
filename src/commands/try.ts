/** `npm run try`: somebody's own programs under every fault, from the command line to the exit status. */
import { writeFileSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { printableJson } from '../foreign/printable.ts'
import { findCapabilities } from '../hosts/capabilities.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import type { Report } from '../lab/report.ts'
import { printableTold } from '../lab/tell.ts'
import { CannotRunError } from '../launcher/launch.ts'
import { startRun } from '../launcher/start.ts'
import type { LabOptions } from '../plan/options.ts'
import { selectionOf } from '../plan/plan.ts'
import { typedPath } from '../project/files.ts'
import { print } from '../text/wrap.ts'
import { casesOf } from '../try/faults.ts'
import type { CaseFindings } from '../try/findings.ts'
import { tryLab } from '../try/lab.ts'
import { toMarkdown } from '../try/markdown.ts'
import { openWayOut, wayOutPath } from '../try/outside.ts'
import { parseTryArguments, type Telling, type TryRequest, type TrySettings } from '../try/request.ts'
import { findRunAs } from '../try/run-as.ts'
import { sysctlsOf } from '../try/settings.ts'
import { tellTry } from '../try/tell.ts'
import { toJUnit } from '../view/export/junit.ts'
import { Progress } from '../view/terminal/progress.ts'
import { styleFor } from '../view/terminal/style.ts'
import { EXIT_STATUS, exitStatusOf, INTERRUPTED, stopOnSignals, whereItIs } from './lab.ts'

/** Idle programs need little; what starts at the same time as others starts late. */
const PAIRS_PER_CPU = 3
/** Two host processes and somebody's programs, the larger ones of them. */
const MEMORY_PER_PAIR_BYTES = 300 * 1024 * 1024
/** To start hosts and to end them, beside what is asked for. */
const OVERHEAD_MS = 10_000

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
  const request = wanted()
  const { tier, because, advice, isolation } = await findCapabilities()
  if (isolation === null || tier !== 'netns') {
    throw new CannotRunError(`try needs hosts of its own: ${because}. Try: ${advice.join('; ')}`)
  }
  const cases = casesOf(request.faults, request.strike).map(({ id }) => id)
  const folder = typedPath('.')
  const settings: TrySettings = {
    ...request,
    runAs: await findRunAs(isolation, folder),
    folder,
    atOnce: pairsAtOnce(),
  }
  const lab = tryLab(settings, longestMs(settings, cases.length), sysctlsOf(request, readSysctls()))
  const progress = new Progress(process.stderr, { ...telling, play: false })
  const run = await startRun(lab, optionsOf(request, telling, cases), (events) => progress.show(events))
  const wayOut = request.allowOutside ? await openWayOut(wayOutPath(run.plan.folder), request) : null
  progress.begin(run.plan)
  const interrupted = stopOnSignals(run)
  const { plan, log, report } = await run.done.finally(() => {
    progress.end()
    wayOut?.close()
  })
  if (telling.json) process.stdout.write(`${printableJson(report, 2)}\n`)
  else {
    const told = printableTold({ log, plan, checks: report.checks })
    const text = tellTry(told, styleFor(process.stdout, telling))
    print(process.stdout, `${text}\n${whereItIs(plan)}\n`)
  }
  if (telling.junit !== null) writeFileSync(telling.junit, toJUnit(report))
  if (telling.markdown !== null) {
    writeFileSync(telling.markdown, toMarkdown(findingsIn(report), request.name, report.checks))
  }
  if (interrupted.signal.aborted) return INTERRUPTED
  if (request.expect.length > 0) return exitStatusOf(report.checks)
  // A fault that was not seen to happen is in no finding.
  const told = new Set(findingsIn(report).flatMap(({ id, isWhole }) => (isWhole ? [id] : [])))
  const isWhole = report.killed === undefined && cases.every((id) => told.has(id))
  return isWhole ? 0 : EXIT_STATUS.inconclusive
}

function findingsIn({ findings }: Report): CaseFindings[] {
  return Array.isArray(findings) ? findings : []
}

function pairsAtOnce(): number {
  const byMemory = Math.floor(freemem() / MEMORY_PER_PAIR_BYTES)
  return Math.max(1, Math.min(PAIRS_PER_CPU * availableParallelism(), byMemory))
}

function longestMs(settings: TrySettings, cases: number) {
  const { connectWithinMs, settleMs, lasts, recoverMs, atOnce } = settings
  const watchMs = Math.max(settings.watchMs, ...Object.values(lasts))
  return Math.ceil(cases / atOnce) * (connectWithinMs + settleMs + watchMs + recoverMs + OVERHEAD_MS)
}

function optionsOf(request: TryRequest, telling: Telling, cases: string[]): LabOptions {
  const [side, ...others] = request.strike
  return {
    ...selectionOf({}, cases, [request.name]),
    hosts: 'auto',
    pace: request.pace,
    strike: others.length === 0 ? (side ?? null) : null,
    seed: 0,
    play: false,
    json: telling.json,
    plain: telling.plain,
    verbose: false,
    out: telling.out,
    cell: null,
    predict: false,
    watch: false,
    port: 0,
    help: false,
  }
}
