/** What happens when a person types `npm run lab:<id>`: options, a run, what it found, an exit status. */
import { relative } from 'node:path'
import { PlayView } from '../view/terminal/play.ts'
import { Progress } from '../view/terminal/progress.ts'
import { styleFor } from '../view/terminal/style.ts'
import { overall, type Verdict } from './checks.ts'
import type { Lab, Plan } from './lab.ts'
import { LAB_HELP, parseLabOptions } from './options.ts'
import { latestRun, openRun, startRun } from './start.ts'

/** As shells count it: 128 + SIGINT. */
const INTERRUPTED = 130
const EXIT_STATUS: Record<Verdict, number> = { pass: 0, fail: 1, skipped: 3, inconclusive: 4 }

/**
 * Runs a lab as the command line asks, and prints what it found.
 * @returns the exit status
 * @throws UsageError, CannotRunError
 */
export async function runLab(lab: Lab, args: readonly string[]): Promise<number> {
  const options = parseLabOptions(args)
  const style = styleFor(process.stdout, options)
  if (options.help) {
    process.stdout.write(`npm run lab:${lab.id} -- [options]\n\n${lab.question}\n\n${LAB_HELP}\n`)
    return 0
  }
  if (options.cell !== null) {
    const { plan, log, report } = openRun(lab, latestRun(options.out))
    process.stdout.write(`${lab.tellCell(options.cell, log, plan, report.checks, style)}\n`)
    return 0
  }

  const progress = new Progress(process.stderr, options)
  const playing =
    options.play && !options.json ? new PlayView((text) => process.stdout.write(text), style) : null
  const run = await startRun(lab, options, (events) => {
    progress.show(events)
    playing?.show(events)
  })
  progress.begin(run.plan)
  playing?.begin(run.plan, run.asRoot)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => run.stop())

  const { plan, log, report, interrupted } = await run.done.finally(() => progress.end())
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else process.stdout.write(`${lab.tell(log, plan, report.checks, style)}\n${whereItIs(plan)}\n`)
  if (interrupted && !plan.play) return INTERRUPTED
  const verdict = overall(report.checks)
  return plan.play && verdict === 'skipped' ? 0 : EXIT_STATUS[verdict]
}

function whereItIs(plan: Plan): string {
  const folder = relative('.', plan.folder) || plan.folder
  return `Files of this run: ${folder} (events.ndjson, report.json, plan.json, events/${plan.tier === 'netns' ? ', *.pcapng for Wireshark' : ''})`
}
