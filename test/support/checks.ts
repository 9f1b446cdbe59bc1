/** What a run's checks came to. */
import type { Report } from '../../src/lab/report.ts'

type Checks = Pick<Report, 'checks'>

/** A skipped check is none of them: it says what this machine lacks. */
export function notPassed({ checks }: Checks) {
  return checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
}

export function skipped({ checks }: Checks) {
  return checks.filter(({ verdict }) => verdict === 'skipped')
}
