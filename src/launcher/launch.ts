/**
 * The launcher's part of a run: make its folder, start the runner, record, and end everything whatever
 * happens. It stays outside the namespaces, with the terminal and the files.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { readOwnLog } from '../events/parse.ts'
import type { LabEvent } from '../events/vocabulary.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Isolation } from '../hosts/capabilities.ts'
import { environmentWithSbin } from '../hosts/commands.ts'
import type { Exit } from '../hosts/host-process.ts'
import { OuterPids } from '../hosts/outer-pids.ts'
import { LabLog } from '../lab/log.ts'
import { WRONG_USAGE } from '../plan/options.ts'
import type { Plan } from '../plan/plan.ts'
import type { PlayCommand } from '../plan/play-command.ts'
import { Recorder } from '../recorder/recorder.ts'

/** What a run needs beside its watch: start, settling, mending, the end. Then the runner is stuck. */
const RUN_LIMIT_BESIDE_WATCH_MS = 90_000
/** From "stop" to the runner's end: undo every fault, write the last events. */
const STOP_LIMIT_MS = 5000
const LAST_WORDS_LIMIT = 4000

/** This machine cannot run the lab, or not here: one line, status 3. */
export class CannotRunError extends Error {
  override name = 'CannotRunError'
}

/** Makes `<out>/<run id>/events` and returns the id and the absolute folder. @throws CannotRunError */
export function makeRunFolder(out: string, lab: string): { run: string; folder: string } {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const run = `${stamp}-${lab}-${randomBytes(2).toString('hex')}`
  const folder = resolve(out, run)
  try {
    makeFolder(join(folder, 'events'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CannotRunError(
      `cannot write to ${resolve(out)} (${reason}); choose another place with --out DIR`,
    )
  }
  return { run, folder }
}

/** With all that is missing above it. One by one: asked for all at once, Node does not come back from some places. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

/** Points `<out>/latest` at a run, in one step, so that two runs that end together do not collide. */
export function markAsLatest(out: string, run: string): void {
  const fresh = resolve(out, `.latest-${run}`)
  try {
    symlinkSync(run, fresh, 'junction')
    renameSync(fresh, resolve(out, 'latest'))
  } catch {
    // A file system without links, or Windows with an older link in place: the run's own path is printed.
    rmSync(fresh, { force: true })
  }
}

export interface Launch {
  plan: Plan
  isolation: Isolation | null
  bundles: { runner: string }
  /** Called with each batch of events as they come. */
  onEvents: (events: LabEvent[]) => void
}

export interface Launched {
  /** Undoes the faults and ends the run early. */
  stop(): void
  command(command: PlayCommand): void
  channel: RunnerChannel
  interrupted(): boolean
  /** The whole log. Rejects with CannotRunError when the runner fails, with its reason. */
  ended: Promise<LabLog>
}

/** Between an experiment that listens, in the runner, and whoever started it. */
export interface RunnerChannel {
  /** @param onError told whether that went wrong */
  send(message: object, onError: (error: Error | null) => void): void
  onMessage(listener: (message: unknown) => void): void
  /** Whether this process goes on for as long as the runner does; it does at first. */
  hold(isHeld: boolean): void
}

/** Starts the runner of a planned run, and records. */
export function launch({ plan, isolation, bundles, onEvents }: Launch): Launched {
  const eventFile = join(plan.folder, 'events.ndjson')
  const prefix = plan.tier === 'netns' ? (isolation?.commandPrefix ?? []) : []
  const runner = startRunner([...prefix, process.execPath, bundles.runner, JSON.stringify(plan)])
  const outerPids = plan.tier === 'netns' && runner.pid !== undefined ? new OuterPids(runner.pid) : null
  const recorder = new Recorder({
    folder: join(plan.folder, 'events'),
    output: eventFile,
    run: plan.run,
    lab: plan.lab,
    beganAt: process.hrtime.bigint(),
    outerPid: (pid) => outerPids?.find(pid),
    onEvents,
  })
  const interrupt = new AbortController()
  return {
    stop: () => interrupt.abort(),
    command: (command) => {
      if (runner.connected) runner.send(command, () => {})
    },
    channel: {
      send: (message, onError) => runner.send(message, onError),
      onMessage: (listener) => runner.on('message', listener),
      hold: (isHeld) => {
        const act = isHeld ? 'ref' : 'unref'
        for (const each of [runner, runner.channel, runner.stderr as Socket | null, recorder]) each?.[act]()
      },
    },
    interrupted: () => interrupt.signal.aborted,
    ended: ended(runner, plan, interrupt.signal)
      .finally(() => recorder.close())
      .then(() => new LabLog(readOwnLog(eventFile))),
  }
}

function startRunner([program = '', ...args]: readonly string[]): ChildProcess {
  return spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentWithSbin(),
    // Ctrl-C goes to the whole process group of the terminal; the runner hears of it from us, in order.
    detached: true,
  })
}

function ended(runner: ChildProcess, plan: Plan, interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let lastWords = ''
    runner.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (lastWords.length < LAST_WORDS_LIMIT) lastWords += text.slice(0, LAST_WORDS_LIMIT)
    })
    let isKilledHere = false
    const kill = () => {
      isKilledHere = true
      runner.kill('SIGKILL')
    }
    let killTimer: NodeJS.Timeout | undefined
    const askToStop = (because: string) => {
      if (runner.connected) runner.send(because, () => {})
      killTimer ??= setTimeout(kill, STOP_LIMIT_MS)
    }
    const onInterrupt = () => askToStop('interrupted')
    if (interrupt.aborted) onInterrupt()
    interrupt.addEventListener('abort', onInterrupt, { once: true })
    const limit = plan.play
      ? undefined
      : setTimeout(() => askToStop('it took too long'), plan.watchMs + RUN_LIMIT_BESIDE_WATCH_MS).unref()
    // Should this process end by an exception, the runner must not outlive it.
    process.once('exit', kill)
    runner.once('error', (error) => finish(error))
    runner.once('close', (code, signal) => {
      if (code === 0 || interrupt.aborted) finish(null)
      else if (code === WRONG_USAGE) finish(new UsageError(lastWords.trim()))
      else if (isKilledHere)
        finish(new CannotRunError('the lab could not run: its runner did not end in time'))
      else finish(new CannotRunError(whyItEnded(plan, lastWords.trim(), { code, signal })))
    })
    function finish(error: Error | null): void {
      clearTimeout(limit)
      clearTimeout(killTimer)
      interrupt.removeEventListener('abort', onInterrupt)
      process.removeListener('exit', kill)
      if (error === null) resolve()
      else reject(error)
    }
  })
}

/** Why a runner ended without a result. What unshare(1) has to say of a child that somebody killed is about itself. */
function whyItEnded({ folder }: Plan, lastWords: string, { code, signal }: Exit): string {
  const hadBegun = existsSync(join(folder, 'events', 'lab.1.ndjson'))
  return signal !== null || (hadBegun && lastWords.startsWith('unshare:'))
    ? `the run broke off: somebody ended its runner${signal === null ? '' : ` by ${signal}`}, and the lab did not`
    : `the lab could not run: ${lastWords || `its runner ended with ${code}`}`
}
