/** What happens when a person types `npm run lab:<id>`: options, a run, what it found, an exit status. */
import { join, relative } from 'node:path'
import type { LabEvent } from '../events/vocabulary.ts'
import { printable, printableData, printableJson } from '../foreign/printable.ts'
import { type Check, overall, type Verdict } from '../lab/checks.ts'
import type { Lab } from '../lab/lab.ts'
import {
  type Comparison,
  compare,
  type Predictions,
  type Question,
  questionsToAsk,
  toldOf,
  withObserved,
} from '../lab/predict.ts'
import { runCommand } from '../lab/run-command.ts'
import type { Style } from '../lab/tale.ts'
import { printableTold, tellCell, tellEnd, tellRun } from '../lab/tell.ts'
import { readPredictions, savePredictions } from '../launcher/prediction-file.ts'
import { latestRun, type Outcome, openRun, type Run, type StartRun, startRun } from '../launcher/start.ts'
import { type LabOptions, labHelp, parseLabOptions } from '../plan/options.ts'
import type { Plan } from '../plan/plan.ts'
import { typedPath } from '../project/files.ts'
import { print } from '../text/wrap.ts'
import { writeReportHtml } from '../view/report/report-html.ts'
import { listenToKeys } from '../view/terminal/keys.ts'
import { PlayView } from '../view/terminal/play.ts'
import { Progress } from '../view/terminal/progress.ts'
import { ask, comparisonsText, scoreText } from '../view/terminal/questions.ts'
import { isLively, styleFor } from '../view/terminal/style.ts'
import { PlayTable } from '../view/terminal/table.ts'

/** As shells count it: 128 + SIGINT. */
export const INTERRUPTED = 130
export const EXIT_STATUS: Record<Verdict, number> = { pass: 0, fail: 1, skipped: 3, inconclusive: 4 }

/** What a command ends with that has judged these. */
function exitStatusOf(checks: readonly Check[]): number {
  return EXIT_STATUS[overall(checks)]
}

/**
 * Runs a lab as the command line asks, and prints what it found.
 * @returns the exit status
 * @throws UsageError, CannotRunError
 */
export async function runLab(lab: Lab, args: readonly string[]): Promise<number> {
  const options = parseLabOptions(lab, args)
  const style = styleFor(process.stdout, options)
  if (options.help) {
    print(process.stdout, `${runCommand(lab.id, '[options]')}\n\n${lab.question}\n\n${labHelp(lab)}\n`)
    return 0
  }
  if (options.cell !== null) {
    const { plan, log, report } = openRun(lab, latestRun(options.out))
    const told = printableTold({ log, plan, checks: report.checks })
    print(process.stdout, `${tellCell(lab, options.cell, told, style)}\n`)
    return 0
  }

  // Half of the time that a lab needs to its first line, where nobody asks for a page.
  const page = options.watch
    ? await (await import('../page/server.ts')).openPage({ ...options, labs: { [lab.id]: lab } })
    : null
  if (page !== null) process.stderr.write(`The page: ${page.url}\n`)
  const start: StartRun = page === null ? startRun : (...how) => page.live.start(...how)
  try {
    const status = await runOnce(lab, options, style, start)
    if (page !== null && status !== INTERRUPTED) await untilInterrupted()
    return status
  } finally {
    await page?.close()
  }
}

/** The run is over; its page is there to be looked at for as long as somebody likes. */
function untilInterrupted(): Promise<void> {
  process.stderr.write('The page stays open; Ctrl-C ends it.\n')
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

async function runOnce(lab: Lab, options: LabOptions, style: Style, start: StartRun): Promise<number> {
  const way = !options.play ? watch : lab.playInBrowser === undefined ? play : playInBrowser
  const outcome = await way(lab, options, style, start)
  const { plan, report, interrupted } = outcome
  if (interrupted && !plan.play) return INTERRUPTED
  return plan.play && overall(report.checks) === 'skipped' ? 0 : exitStatusOf(report.checks)
}

/** The experiment: progress while it lasts, then what it found. Predictions first, where there is somebody to ask. */
async function watch(lab: Lab, options: LabOptions, style: Style, start: StartRun): Promise<Outcome> {
  const progress = new Progress(process.stderr, options)
  progress.announce(lab)
  const asks = canAsk(options)
  // While somebody is being asked, nothing may give the answer away or scroll the question out of sight.
  let held: LabEvent[] | null = asks ? [] : null
  const run = await start(lab, options, (events) => {
    if (held === null) progress.show(events)
    else for (const event of events) held.push(event)
  })
  const interrupted = stopOnSignals(run)
  const questions = asks
    ? questionsToAsk(lab.questions(run.plan), run.plan, readPredictions(latestRun(options.out)))
    : []
  const predictions = questions.length === 0 ? null : await predict(questions, run, interrupted, style)
  if (!interrupted.signal.aborted) {
    progress.begin(run.plan)
    progress.show(held ?? [])
  }
  held = null

  const ended = await run.done.finally(() => progress.end())
  // Also who ends it while the questions outlast the run has interrupted it.
  const outcome = { ...ended, interrupted: interrupted.signal.aborted }
  const comparisons =
    predictions === null || outcome.interrupted ? [] : await compared(lab, questions, predictions, outcome)
  tell(lab, options, outcome, style, comparisons)
  return outcome
}

/** Somebody uses it in a browser, and reads here what that does. */
async function playInBrowser(lab: Lab, options: LabOptions, style: Style, start: StartRun): Promise<Outcome> {
  const run = await start(lab, options, (events) => {
    if (options.json) return
    for (const event of events) {
      const line = lab.playInBrowser?.line(event) ?? null
      if (line !== null) print(process.stdout, `${printable(line)}\n`)
    }
  })
  stopOnSignals(run)
  const outcome = await run.done
  // Nothing was claimed, and nothing is judged.
  if (options.json) tell(lab, options, outcome, style)
  else print(process.stdout, `${whereItIs(outcome.plan)}\n`)
  return outcome
}

/** One pair of hosts, and somebody who does things to them. */
async function play(lab: Lab, options: LabOptions, style: Style, start: StartRun): Promise<Outcome> {
  const table =
    isLively(process.stdout, options) && process.stdin.isTTY && !options.json
      ? new PlayTable(process.stdin, process.stdout, style)
      : null
  const lines =
    table !== null || options.json ? null : new PlayView((text) => process.stdout.write(text), style)
  const run = await start(lab, options, (events) => (table ?? lines)?.show(events))
  const interrupted = stopOnSignals(run)
  lines?.begin(run.plan, run.asRoot)
  table?.begin(run.plan, run.asRoot, { command: run.command, stop: () => interrupted.abort() })
  // The terminal first: should the end take long, a second Ctrl-C finds it in order.
  interrupted.signal.addEventListener('abort', () => table?.end())
  const outcome = await run.done.finally(() => table?.end())
  tell(lab, options, outcome, style)
  return outcome
}

/** Whether there is somebody in front, and they want to be asked. */
function canAsk({ predict, json, plain, watch }: LabOptions): boolean {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  // With --watch the page shows everything as it comes: there is nothing left to predict.
  return isTerminal && !json && !watch && (predict ?? isLively(process.stdout, { plain }))
}

/** Ctrl-C and its like end the run in order, once. @returns what they abort; aborting it does the same */
export function stopOnSignals(run: Pick<Run, 'stop'>): AbortController {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort())
  interrupted.signal.addEventListener('abort', () => run.stop(), { once: true })
  return interrupted
}

/** Asks while the run goes on. @returns null when it was interrupted before the last answer */
async function predict(
  questions: readonly Question[],
  run: Run,
  interrupted: AbortController,
  style: Style,
): Promise<Predictions | null> {
  // A run that fails has nothing to show that one could predict.
  run.done.catch(() => interrupted.abort())
  const predictions = await ask(questions, run.plan, style, {
    write: (text) => process.stdout.write(text),
    listen: (onKey) => listenToKeys(process.stdin, onKey),
    interrupt: () => interrupted.abort(),
    signal: interrupted.signal,
  })
  if (predictions !== null) savePredictions(run.plan.folder, predictions)
  return predictions
}

/** What is longest comes first: a screen has 24 rows, and the end of all this is what stays on it. */
function tell(
  lab: Lab,
  { json, verbose }: LabOptions,
  { plan, log, report }: Outcome,
  style: Style,
  comparisons: readonly Comparison[] = [],
): void {
  if (json) {
    process.stdout.write(`${printableJson(report, 2)}\n`)
    return
  }
  print(process.stdout, comparisonsText(printableData(comparisons), style))
  const told = printableTold({ log, plan, checks: report.checks })
  const score = scoreText(comparisons, style)
  print(
    process.stdout,
    verbose
      ? `${tellRun(lab, told, style)}\n${whereItIs(plan)}\n${score === '' ? '' : `${score}\n`}`
      : `${tellEnd(lab, told, style, score, reportOfRun(plan))}\n`,
  )
}

/** What was predicted beside what was observed; kept with the run. */
async function compared(
  lab: Lab,
  questions: readonly Question[],
  predictions: Predictions,
  outcome: Outcome,
): Promise<Comparison[]> {
  const { plan, log, report } = outcome
  const comparisons = compare(questions, predictions, log, report.checks, plan)
  savePredictions(plan.folder, withObserved(predictions, comparisons))
  // It was written when the run ended, and the last answer can be given after that.
  await writeReportHtml(plan.folder, { ...outcome, lab, told: toldOf(comparisons) })
  return comparisons
}

/** Where the files of a run are, in two lines. */
export function whereItIs(plan: Plan): string {
  const captures = plan.tier === 'netns' ? ', *.pcapng for Wireshark' : ''
  return `Look at it: ${reportOfRun(plan)} (opens in a browser, needs no network)
Files of this run: ${folderOf(plan)} (timeline.svg, report.json, events.ndjson${captures})`
}

function reportOfRun(plan: Plan): string {
  return join(folderOf(plan), 'report.html')
}

function folderOf({ folder }: Plan): string {
  return relative(typedPath('.'), folder) || folder
}
