/**
 * Labs that are ready to be used. To make one takes about a second, nearly all of it the start of its processes: so
 * whoever opens one after another gets a lab that was made while the one before was used.
 */
import { rmSync } from 'node:fs'
import type { Answered, Asked } from '../hosts/questions.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { CannotRunError } from '../launcher/launch.ts'
import { type StartedRun, startRun } from '../launcher/start.ts'
import { parseLabOptions } from '../plan/options.ts'
import { typedPath } from '../project/files.ts'
import { sysctlsOf } from '../try/settings.ts'
import { placeFor } from '../try/start.ts'
import { CannotOpenError, mayBeSkipped } from './cannot-open.ts'
import { tidy } from './keep.ts'
import { kitLab } from './lab.ts'
import type { Opened } from './messages.ts'
import type { KitSettings } from './settings.ts'
import type { TestContext } from './test-context.ts'
import type { Between } from './types.ts'

export interface Ready {
  folder: string
  addresses: Opened['opened']
  send: (question: Asked, onError: (error: Error | null) => void) => void
  /** From now on it is told what the lab answers, and why it is no more. */
  listen(onAnswer: (answer: Answered) => void, onEnd: (because: string) => void): void
  /** Ends it although it does not answer. */
  stop(): void
  /** Resolves when it is closed and has left its files behind. */
  ended: Promise<void>
}

/** Whoever opens a second lab opens a third: then one is made beforehand. */
const USED_BEFORE_SPARE = 2

let used = 0
let spare: { about: string; run: Promise<Started> } | null = null

/** A run, and its hosts' addresses once they are there. */
interface Started {
  run: StartedRun
  addresses: Opened['opened']
}

/**
 * A lab for a test, made before or now.
 * @throws CannotOpenError, or whatever ends a test that is skipped
 */
export async function takeReady(between: Between, context: TestContext | null): Promise<Ready> {
  const about = `${between} ${typedPath('.')}`
  const made = await (takeSpare(about) ?? makeOrSkip(between, context))
  made.run.channel.hold(true)
  endWithTestRunner(made.run)
  used += 1
  if (used >= USED_BEFORE_SPARE) makeSpare(between, about)
  return readyOf(made)
}

async function makeOrSkip(between: Between, context: TestContext | null): Promise<Started> {
  try {
    return await make(between)
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error
    if (mayBeSkipped()) context?.skip?.(error.message)
    throw new CannotOpenError(`${error.message} (whyNot() tells beforehand, to skip)`)
  }
}

/** By folder, as whom programs run there: found out once, since it takes some starts of processes. */
const places = new Map<string, Promise<Pick<KitSettings, 'runAs' | 'folder'>>>()

function placeIn(folder: string): Promise<Pick<KitSettings, 'runAs' | 'folder'>> {
  const place = places.get(folder) ?? placeFor([], folder)
  places.set(folder, place)
  // What did not work is tried again.
  place.catch(() => places.delete(folder))
  return place
}

async function make(between: Between): Promise<Started> {
  const { runAs, folder } = await placeIn(typedPath('.'))
  const settings = {
    between,
    runAs,
    folder,
    family: 4,
    secondServer: null,
    allowOutside: false,
    allowTun: false,
  } as const
  const lab = kitLab(
    'what did each end of the test see?',
    settings,
    sysctlsOf({ pace: 'real', sysctls: {} }, readSysctls()),
  )
  const run = await startRun(lab, { ...parseLabOptions(lab, []), pace: 'real', play: true }, () => {})
  const opened = new Promise<Opened['opened']>((resolve) => {
    run.channel.onMessage((message) => {
      if (typeof message === 'object' && message !== null && 'opened' in message) {
        resolve((message as Opened).opened)
      }
    })
  })
  const addresses = await Promise.race([
    opened,
    run.done.then(() => Promise.reject(new CannotRunError('the lab ended before its hosts were there'))),
  ])
  return { run, addresses }
}

function readyOf({ run, addresses }: Started): Ready {
  const { folder } = run.plan
  return {
    folder,
    addresses,
    send: run.channel.send,
    stop: run.stop,
    listen(onAnswer, onEnd) {
      run.channel.onMessage((message) => onAnswer(message as Answered))
      run.done.then(
        () => onEnd('the lab is closed'),
        (error: Error) => onEnd(error.message),
      )
    },
    ended: run.done.then(
      () => tidy(folder),
      // Whoever asked was told.
      () => {},
    ),
  }
}

/** A worker whose test runner has gone, as by Ctrl-C, goes on with its test: of that nobody would ever hear. */
function endWithTestRunner(run: StartedRun): void {
  const stop = () => {
    run.stop()
    void spare?.run.then((made) => made.run.stop())
  }
  process.once('disconnect', stop)
  const forget = () => process.removeListener('disconnect', stop)
  run.done.then(forget, forget)
}

function takeSpare(about: string): Promise<Started> | null {
  if (spare?.about !== about) return null
  const { run } = spare
  spare = null
  return run
}

/** It keeps nobody waiting: neither a process that would end, nor a test that fails because of it. */
function makeSpare(between: Between, about: string): void {
  if (spare !== null) return
  const run = make(between)
  const mine = { about, run }
  spare = mine
  run.then(
    (made) => {
      if (spare !== mine) return
      made.run.channel.hold(false)
      process.once('exit', () => {
        if (spare === mine) rmSync(made.run.plan.folder, { recursive: true, force: true })
      })
    },
    () => {
      if (spare === mine) spare = null
    },
  )
}
