/** A text that does harm wherever it is let through as it stands, and a run that is full of it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { LabLog } from '../../src/lab/log.ts'
import { type MadeUpRun, madeUpRun } from './made-up-run.ts'

/** What moves a cursor, is not seen, turns the direction of writing, or is half a character. */
export const HOSTILE_CHARACTERS = [
  ...'\u001b\u0007\u0000\r\u007f\u009b\u00ad\u200b\u200e\u200f\u061c\u2028\u2029\u2066\u2067\u2068\u2069\ufeff',
  ...'\u202a\u202b\u202c\u202d\u202e',
  '\ud800',
]
/** Beside them what begins or ends something in HTML, XML, CSV, Markdown, Mermaid. */
export const HOSTILE = `=cmd()|'calc'!A0 ${HOSTILE_CHARACTERS.join('x')}<script>alert(1)</script>&"'|\`\`\`#;%%\n]]><!-- end -->`

/** What is let through of it: nothing, if all is well. */
export function letThrough(text: string): string[] {
  return HOSTILE_CHARACTERS.filter((character) =>
    // Only the half alone: it is also the beginning of whole characters.
    character === '\ud800' ? /\p{Cs}/u.test(text) : text.includes(character),
  ).map((character) => `U+${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A made-up run in which whatever is words is hostile. Names are names, or the run would not be read. */
export function hostileRun(): MadeUpRun {
  const { plan, report, log } = madeUpRun({ cases: ['cut'], mechanisms: ['tcp-idle'], payload: HOSTILE })
  const events = log.events.map((event): LabEvent => {
    const mine = { ...event, program: event.program === 'heartbeat' ? HOSTILE : event.program }
    const { data } = event
    const words = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, WORDS.includes(key) ? HOSTILE : value]),
    )
    return { ...mine, data: { ...data, ...words } } as unknown as LabEvent
  })
  const checks = report.checks.map((check) => ({
    ...check,
    claim: HOSTILE,
    formula: HOSTILE,
    because: HOSTILE,
    source: HOSTILE,
    evidence: [HOSTILE],
    verdict: 'fail' as const,
  }))
  const promises = Object.fromEntries(Object.keys(plan.promises).map((id) => [id, HOSTILE]))
  return {
    plan: { ...plan, run: HOSTILE, because: HOSTILE, promises, environment: { [HOSTILE]: HOSTILE } },
    report: {
      ...report,
      run: HOSTILE,
      tierBecause: HOSTILE,
      environment: { [HOSTILE]: HOSTILE },
      checks,
      verdict: 'fail',
    },
    log: new LabLog(events),
  }
}
const WORDS = ['because', 'promise', 'verifiedBy', 'problem', 'stderr']

/** Its files in `<out>/run-1`, which is the latest. @returns that folder */
export function writeRun(out: string, { plan, report, log }: MadeUpRun): string {
  const folder = join(out, 'run-1')
  mkdirSync(folder)
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report))
  writeFileSync(
    join(folder, 'events.ndjson'),
    log.events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  )
  symlinkSync('run-1', join(out, 'latest'))
  return folder
}
