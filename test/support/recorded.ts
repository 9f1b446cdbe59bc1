/** The run that ships with a lab. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../src/lab/report.ts'

export function recordedReport(lab: string): Report {
  const file = join(import.meta.dirname, `../../labs/${lab}/recorded/report.json`)
  return JSON.parse(readFileSync(file, 'utf8')) as Report
}

/** Of every check: a lab that makes others than its recorded run has to be recorded again. */
export function checkIds({ checks }: Pick<Report, 'checks'>): string[] {
  return checks.map(({ id }) => id).sort()
}
