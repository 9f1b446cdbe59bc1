/** A lab that runs once for all tests of a file: what only reads its log, reads the log that was kept. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'
import { type LabRun, makeTemporaryFolder, runLab } from './cli.ts'

/** Twice the longest lab, for the one that has to run again. */
const RUNS_LIMIT_MS = 240_000

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
