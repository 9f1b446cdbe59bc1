/** Where the answers come from: the recorded runs of the labs, or those of this machine. */
import { join } from 'node:path'
import type { Check } from '../lab/checks.ts'
import { readReport } from '../lab/run-files.ts'
import { listRuns } from '../page/earlier-runs.ts'
import { readRecordedCells } from '../view/report/recorded.ts'
import { type Kind, kinds, type QuestionId, questions } from './table.ts'

export interface Answer {
  lab: string
  check: Pick<Check, 'id' | 'claim' | 'observed' | 'verdict'>
}

/** One kind of connection, and what was observed of it; null: in no lab, or not in these runs. */
export interface Compared {
  kind: Kind
  answers: Readonly<Record<QuestionId, Answer | null>>
}

/** By lab, then by id. */
type Checks = ReadonlyMap<string, ReadonlyMap<string, Answer['check']>>

/** @param out the folder of runs; null: those that ship with the labs */
export async function compared(out: string | null): Promise<Compared[]> {
  const checks = out === null ? recordedChecks() : await ownChecks(out)
  return kinds.map((kind) => ({
    kind,
    answers: Object.fromEntries(
      questions.map(({ id }) => [id, answerOf(kind.answers[id], checks)]),
    ) as Compared['answers'],
  }))
}

function answerOf(named: string | undefined, checks: Checks): Answer | null {
  const [lab = '', id = ''] = named?.split(' ') ?? []
  const check = checks.get(lab)?.get(id)
  return check === undefined || check.verdict === 'skipped' ? null : { lab, check }
}

function labs(): Set<string> {
  return new Set(
    kinds.flatMap(({ answers }) => Object.values(answers).map((named) => named.split(' ')[0] ?? '')),
  )
}

function recordedChecks(): Checks {
  return new Map(
    [...labs()].map((lab) => {
      const cells = Object.values(readRecordedCells(lab)?.cells ?? {})
      return [lab, byId(cells.flatMap(({ checks }) => checks))]
    }),
  )
}

/** Of each lab its last run. */
async function ownChecks(out: string): Promise<Checks> {
  const found = new Map<string, ReadonlyMap<string, Answer['check']>>()
  for (const { id } of await listRuns(out)) {
    const report = readReport(join(out, id))
    if (!('problem' in report) && !found.has(report.lab)) found.set(report.lab, byId(report.checks))
  }
  return found
}

function byId(checks: readonly Answer['check'][]): ReadonlyMap<string, Answer['check']> {
  return new Map(checks.map((check) => [check.id, check]))
}
