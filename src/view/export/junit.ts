/** The checks of a run for other people's CI: JUnit's XML, as Jenkins, GitLab and GitHub's actions read it. */
import { escapedXml } from '../../foreign/printable.ts'
import { type Check, expectedWords, observedWords } from '../../lab/checks.ts'
import type { Report } from '../../lab/report.ts'

/** A test suite for each report, a case for each check. */
export function toJUnit(suites: readonly { name: string; report: Report }[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites>`,
    ...suites.flatMap(({ name, report }) => suiteOf(name, report)),
    '</testsuites>',
    '',
  ].join('\n')
}

/** What was unclear counts as an error: it proves nothing. */
function suiteOf(name: string, { lab, run, checks, durationMs, startedAt }: Report): string[] {
  const count = (...verdicts: Check['verdict'][]) =>
    checks.filter(({ verdict }) => verdicts.includes(verdict)).length
  const suite = attributes({
    name,
    tests: checks.length,
    failures: count('fail'),
    errors: count('inconclusive'),
    skipped: count('skipped'),
    time: (durationMs / 1000).toFixed(3),
    timestamp: startedAt.replace(/\.\d+Z$/, ''),
    id: run,
  })
  return [`<testsuite ${suite}>`, ...checks.map((check) => caseOf(lab, check)), '</testsuite>']
}

function caseOf(lab: string, check: Check): string {
  const { id, claim, formula, verdict, because } = check
  const [cell = '', row = ''] = id.split('/')
  const head = attributes({
    classname: `${lab}.${row}.${cell}`,
    name: formula === '' ? claim : `${cell}: ${formula}`,
  })
  if (verdict === 'pass') return `<testcase ${head}/>`
  const message = `${claim}: expected ${expectedWords(check)}, observed ${observedWords(check)}: ${because}`
  const inside = {
    fail: `<failure ${attributes({ message })}/>`,
    inconclusive: `<error ${attributes({ message })}/>`,
    skipped: `<skipped ${attributes({ message: because })}/>`,
  }[verdict]
  return `<testcase ${head}>${inside}</testcase>`
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(' ')
}

/** As it stands, a line end in an attribute would be read as a space (XML 1.0 section 3.3.3). */
function escaped(text: string): string {
  return escapedXml(text).replaceAll('\n', '&#10;')
}
