/** One run of a lab from its options to its exit status: what happens when a person types the command. */
import { readFileSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join, relative, resolve } from 'node:path'
import { readLog } from '../events/parse.ts'
import { type Capabilities, findCapabilities } from '../hosts/capabilities.ts'
import { jiffyMs } from '../kernel/jiffies.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { PlayView } from '../view/terminal/play.ts'
import { Progress } from '../view/terminal/progress.ts'
import { styleFor } from '../view/terminal/style.ts'
import { bundlePrograms } from './bundle.ts'
import { overall, type Verdict } from './checks.ts'
import type { Lab, Plan } from './lab.ts'
import { CannotRunError, launch, makeRunFolder, markAsLatest } from './launch.ts'
import { LabLog } from './log.ts'
import { LAB_HELP, type LabOptions, parseLabOptions, UsageError } from './options.ts'
import { type Report, reportOf } from './report.ts'

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
    const { plan, log, report } = lastRun(lab, options.out)
    process.stdout.write(`${lab.tellCell(options.cell, log, plan, report.checks, style)}\n`)
    return 0
  }

  const startedAt = new Date()
  const [capabilities, bundles] = await Promise.all([findCapabilities(), bundlePrograms()])
  const plan = planOf(lab, options, choose(options.hosts, capabilities), bundles.host)
  writeFileSync(join(plan.folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
  const progress = new Progress(process.stderr, plan, options)
  const asRoot = capabilities.isolation?.asRoot === true
  const view =
    plan.play && !options.json
      ? new PlayView((text) => process.stdout.write(text), plan, asRoot, style)
      : progress
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal)
  let log: LabLog
  try {
    log = await launch({
      plan,
      isolation: capabilities.isolation,
      runnerBundle: bundles.runner,
      onEvents: (events) => view.show(events),
      interrupt: interrupt.signal,
    })
  } finally {
    progress.end()
  }
  const checks = lab.judge(log, plan)
  const report = reportOf(plan, log, checks, startedAt)
  writeFileSync(join(plan.folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  markAsLatest(options.out, plan.run)

  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else process.stdout.write(`${lab.tell(log, plan, checks, style)}\n${whereItIs(plan)}\n`)
  if (interrupt.signal.aborted && !plan.play) return INTERRUPTED
  const verdict = overall(checks)
  return plan.play && verdict === 'skipped' ? 0 : EXIT_STATUS[verdict]
}

function whereItIs(plan: Plan): string {
  const folder = relative('.', plan.folder) || plan.folder
  return `Files of this run: ${folder} (events.ndjson, report.json, plan.json, events/)`
}

/** What `--hosts` asks for, where this machine can do it. @throws CannotRunError */
function choose(
  hosts: LabOptions['hosts'],
  capabilities: Capabilities,
): Pick<Capabilities, 'tier' | 'because'> {
  if (hosts === 'auto') return capabilities
  if (hosts === 'netns' && capabilities.tier !== 'netns') {
    throw new CannotRunError(`--hosts netns: ${capabilities.because}. Try: ${capabilities.advice.join('; ')}`)
  }
  return { tier: hosts, because: `--hosts ${hosts} asks for it` }
}

function planOf(
  lab: Lab,
  options: LabOptions,
  { tier, because }: Pick<Capabilities, 'tier' | 'because'>,
  programsBundle: string,
): Plan {
  const { pace, strike, seed, play, faults, mechanisms } = options
  const jiffy = jiffyMs()
  return {
    ...makeRunFolder(options.out, lab.id),
    ...lab.prepare(options, readSysctls()),
    lab: lab.id,
    tier,
    because,
    pace,
    strike,
    seed,
    play,
    faults,
    mechanisms,
    programsBundle,
    environment: {
      os: process.platform,
      kernel: os.release(),
      node: process.version,
      cpus: os.availableParallelism(),
      ...(jiffy === null ? {} : { jiffyMs: jiffy }),
    },
  }
}

/** What the last run of this lab left behind. @throws UsageError when there is none */
function lastRun(lab: Lab, out: string): { plan: Plan; log: LabLog; report: Report } {
  const folder = resolve(out, 'latest')
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
  try {
    const plan = read<Plan>('plan.json')
    if (plan.lab !== lab.id) throw new UsageError(`the last run was lab:${plan.lab}; run lab:${lab.id} first`)
    return {
      plan,
      report: read<Report>('report.json'),
      log: new LabLog(readLog(join(folder, 'events.ndjson'))),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`no finished run in ${folder} (${reason}); run npm run lab:${lab.id} first`)
  }
}
