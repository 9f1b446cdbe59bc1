/**
 * Earlier runs, from the folders they left. What can be read is shown, what cannot is named, and nothing of it
 * is believed unread: see lab/run-files.ts.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readLogLines } from '../events/parse.ts'
import { problemOf, readPlan, readReport } from '../lab/run-files.ts'
import type { ListedRun, OpenedEnd, OpenedHead } from './messages.ts'

/** The newest; a list of more is no help. */
const LISTED_MAX = 100
/** More would not be read. */
const PROBLEMS_MAX = 10

/** There is no such run, or nothing of it can be shown. */
export class NoRunError extends Error {
  override name = 'NoRunError'
}

/** The runs in `out`, newest first. */
export async function listRuns(out: string): Promise<ListedRun[]> {
  const ids = (await folders(out)).sort().reverse().slice(0, LISTED_MAX)
  const runs: ListedRun[] = []
  for (const id of ids) {
    runs.push(describe(out, id))
    // One after the other, and others have their turn: a hundred large files are not held at once.
    await nextTurn()
  }
  return runs
}

/**
 * An earlier run line by line: what it was, its events, and what was wrong with it.
 * @throws NoRunError before the first line
 */
export async function* openRun(out: string, id: string): AsyncGenerator<string> {
  // Only a name that the folder itself lists leads anywhere: no path from a browser is ever followed.
  if (!(await folders(out)).includes(id)) throw new NoRunError('there is no such run')
  const folder = join(out, id)
  const plan = readPlan(folder)
  if ('problem' in plan) throw new NoRunError(plan.problem)
  const report = readReport(folder)
  const problems = 'problem' in report ? [report.problem] : []
  const head: OpenedHead = { plan, report: 'problem' in report ? null : report }
  yield JSON.stringify(head)
  let damaged = 0
  try {
    for (const one of readLogLines(join(folder, 'events.ndjson'))) {
      if (!('problem' in one)) yield one.line
      else if (++damaged <= PROBLEMS_MAX) problems.push(`events.ndjson line ${one.number} ${one.problem}`)
    }
  } catch (error) {
    problems.push(`events.ndjson ${problemOf(error)}`)
  }
  if (damaged > PROBLEMS_MAX) problems.push(`and ${damaged - PROBLEMS_MAX} more lines like these`)
  const end: OpenedEnd = { problems }
  yield JSON.stringify(end)
}

async function folders(out: string): Promise<string[]> {
  const entries = await readdir(out, { withFileTypes: true }).catch(() => [])
  // Not `latest`, which is a link to one of the others.
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

function describe(out: string, id: string): ListedRun {
  const unknown = { id, lab: '?', startedAt: null, play: false, tier: '?', verdict: null }
  const plan = readPlan(join(out, id))
  if ('problem' in plan) return { ...unknown, problem: plan.problem }
  const { lab, play, tier } = plan
  const report = readReport(join(out, id))
  if ('problem' in report) return { ...unknown, lab, play, tier, problem: report.problem }
  const { startedAt, verdict } = report
  return { id, lab, startedAt, play, tier, verdict, problem: null }
}
