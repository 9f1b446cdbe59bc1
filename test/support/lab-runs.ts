/** A lab that runs once for all tests of a file: what only reads its log, reads the log that was kept. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'
import type { Lab } from '../../src/lab/lab.ts'
import { type LabRun, makeTemporaryFolder, runLab } from './cli.ts'

/** Twice the longest lab, for the one that has to run again. */
const RUNS_LIMIT_MS = 240_000

/** Half of it, for a lab that has nothing to show on plain processes. */
const RUN_LIMIT_MS = RUNS_LIMIT_MS / 2

export interface KeptRuns {
  /** @throws Error where there are no network namespaces: ask in a test that needs them */
  netns(): LabRun
  process(): LabRun
}

/**
 * Runs a lab on network namespaces, where there are any, and then on plain processes, before the tests of this file.
 * Side by side they would wait in half the time, but two labs whose hosts start at once are too much for two processors.
 */
export function runsOf(lab: string, hasNetns: boolean): KeptRuns {
  const folders = { netns: makeTemporaryFolder(), process: makeTemporaryFolder() }
  let kept: { netns: LabRun | null; process: LabRun } | null = null
  beforeAll(async () => {
    const netns = hasNetns ? await runLab([lab], folders.netns) : null
    kept = { netns, process: await runLab([lab, '--hosts', 'process'], folders.process) }
  }, RUNS_LIMIT_MS)
  afterAll(() => {
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true })
  })
  const keptRun = (tier: keyof KeptRuns): LabRun => {
    const run = kept?.[tier]
    if (run == null) throw new Error(`no run of lab:${lab} on ${tier} hosts was made`)
    return run
  }
  return { netns: () => keptRun('netns'), process: () => keptRun('process') }
}

/** The same, on network namespaces alone. Call it where the tests are that need them. */
export function netnsRunOf(lab: string): () => LabRun {
  const folder = makeTemporaryFolder()
  let kept: LabRun | undefined
  beforeAll(async () => {
    kept = await runLab([lab], folder)
  }, RUN_LIMIT_MS)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return () => {
    if (kept === undefined) throw new Error(`no run of lab:${lab} was made`)
    return kept
  }
}

/** The number of a case's network: each has one of its own, in the order of the list. */
export function networkOf({ cases }: Pick<Lab, 'cases'>, caseId: string): number {
  return 1 + cases.findIndex(({ id }) => id === caseId)
}
