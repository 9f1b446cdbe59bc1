/** Starts one run of a lab and sees it to its report, for those who watch: the terminal or the page. */

import { writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join, resolve } from 'node:path'
import { readLog } from '../events/parse.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import { hasShapeOf } from '../foreign/json.ts'
import { UsageError } from '../foreign/usage.ts'
import { type Capabilities, findCapabilities } from '../hosts/capabilities.ts'
import { jiffyMs } from '../kernel/jiffies.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { withoutKilled } from '../lab/kills.ts'
import type { Lab } from '../lab/lab.ts'
import { LabLog } from '../lab/log.ts'
import { type Report, reportOf } from '../lab/report.ts'
import { runCommand } from '../lab/run-command.ts'
import { problemOf, readPlan, readReport } from '../lab/run-files.ts'
import { type LabOptions, parseLabOptions } from '../plan/options.ts'
import type { Plan } from '../plan/plan.ts'
import type { PlayCommand } from '../plan/play-command.ts'
import { bundlePrograms } from '../processes/bundle.ts'
import { finishCaptures } from '../view/pcapng/finish.ts'
import { writeReportHtml } from '../view/report/report-html.ts'
import { writeTimelineSvg } from '../view/report/timeline.ts'
import { CannotRunError, launch, makeRunFolder, markAsLatest, type RunnerChannel } from './launch.ts'

/** What a run left behind. */
export interface Outcome {
  plan: Plan
  log: LabLog
  report: Report
  /** Somebody ended it before its time. */
  interrupted: boolean
}

/** A run that is going on. */
export interface Run {
  plan: Plan
  /** Its hosts live in namespaces of the machine's root, not of a user namespace. */
  asRoot: boolean
  /** Ends it early: faults are undone, what was seen so far is judged. */
  stop(): void
  /** Only in play: does something to a host. */
  command(command: PlayCommand): void
  /** Rejects with CannotRunError when the lab could not run. */
  done: Promise<Outcome>
}

/** A run of this machine. */
export interface StartedRun extends Run {
  channel: RunnerChannel
}

/** {@link startRun}, or what does the same for a page. */
export type StartRun = (...how: Parameters<typeof startRun>) => Promise<Run>

/**
 * Starts a run. Its events are handed over in batches, in order, as they are recorded.
 * @throws CannotRunError when this machine cannot run it as asked
 */
export async function startRun(
  lab: Lab,
  options: LabOptions,
  onEvents: (events: LabEvent[]) => void,
): Promise<StartedRun> {
  const startedAt = new Date()
  const [capabilities, bundles] = await Promise.all([findCapabilities(), bundlePrograms()])
  // No browser of this machine reaches a network that was made for hosts.
  const hosts = options.play && lab.playInBrowser !== undefined ? 'process' : options.hosts
  const plan = planOf(lab, options, choose(hosts, capabilities), bundles)
  writeJson(plan, 'plan.json', plan)
  const { isolation } = capabilities
  const launched = launch({ plan, isolation, bundles, onEvents })

  async function finish(): Promise<Outcome> {
    const log = await launched.ended
    // Of what somebody does with a browser of their own nothing was claimed.
    const checks =
      plan.play && lab.playInBrowser !== undefined ? [] : withoutKilled(log, lab.judge(log, plan))
    const report = reportOf(plan, log, checks, startedAt, lab.findings?.(log, plan))
    writeJson(plan, 'report.json', report)
    finishCaptures(plan.folder, log.events)
    await writeReportHtml(plan.folder, { plan, report, log, lab })
    writeTimelineSvg(plan.folder, { plan, log, report })
    for (const { file, svg } of lab.figures?.(log, plan) ?? []) writeFileSync(join(plan.folder, file), svg)
    markAsLatest(options.out, plan.run)
    return { plan, log, report, interrupted: launched.interrupted() }
  }

  const { stop, command, channel } = launched
  return { plan, asRoot: isolation?.asRoot === true, stop, command, channel, done: finish() }
}

/** What an earlier run of this lab left behind. @throws UsageError when there is none in `folder` */
export function openRun(lab: Lab, folder: string): Outcome {
  const none = (why: string) =>
    new UsageError(`no finished run in ${folder} (${why}); run ${runCommand(lab.id)} first`)
  const [plan, report] = [readPlan(folder), readReport(folder)]
  if ('problem' in plan) throw none(plan.problem)
  if (plan.lab !== lab.id) {
    throw new UsageError(`the run in ${folder} was lab:${plan.lab}; run lab:${lab.id} first`)
  }
  if (
    !hasShapeOf(plan.settings, lab.prepare({ ...parseLabOptions(lab, []), pace: plan.pace }, {}).settings)
  ) {
    throw none(`the settings in its plan.json are not lab:${lab.id}'s, or of another version`)
  }
  if ('problem' in report) throw none(report.problem)
  try {
    const log = new LabLog(readLog(join(folder, 'events.ndjson')))
    return { plan, log, report, interrupted: false }
  } catch (error) {
    throw none(`events.ndjson ${problemOf(error)}`)
  }
}

/** The folder of the last run. */
export function latestRun(out: string): string {
  return resolve(out, 'latest')
}

function writeJson(plan: Plan, name: string, value: unknown): void {
  writeFileSync(join(plan.folder, name), `${JSON.stringify(value, null, 2)}\n`)
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

/** What of a plan is the lab's and the options', whatever machine it is for. */
export function chosenPart(
  { id, cases: all, showFirst }: Pick<Lab, 'id' | 'cases' | 'showFirst'>,
  { pace, strike, seed, play, cases, mechanisms, cells }: LabOptions,
) {
  const promises = Object.fromEntries(all.map((one) => [one.id, one.promise]))
  return { lab: id, pace, strike, seed, play, cases, mechanisms, cells, promises, showFirst: [...showFirst] }
}

function planOf(
  lab: Lab,
  options: LabOptions,
  { tier, because }: Pick<Capabilities, 'tier' | 'because'>,
  bundles: { host: string; capture: string; cable: string; switch: string; office: string; bank: string },
): Plan {
  return {
    ...makeRunFolder(options.out, lab.id),
    ...lab.prepare(options, readSysctls()),
    ...chosenPart(lab, options),
    tier,
    because,
    programsBundle: bundles.host,
    captureBundle: bundles.capture,
    cableBundle: bundles.cable,
    switchBundle: bundles.switch,
    officeBundle: bundles.office,
    bankBundle: bundles.bank,
    environment: environmentHere(),
  }
}

/** What of this machine decides what is seen on it. */
export function environmentHere(): Plan['environment'] {
  const jiffy = jiffyMs()
  return {
    os: process.platform,
    kernel: os.release(),
    node: process.version,
    cpus: os.availableParallelism(),
    ...(jiffy === null ? {} : { jiffyMs: jiffy }),
  }
}
