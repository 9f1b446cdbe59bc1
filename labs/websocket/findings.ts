/** What a run found, as small tables of at most 80 columns. */
import type { Check } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { observationWords } from '../../src/lab/predict.ts'
import type { Style } from '../../src/lab/tale.ts'
import type { Plan } from '../../src/plan/plan.ts'

const COLUMNS = [36, 20] as const

interface Table {
  title: string
  /** Of its two last columns. */
  head: readonly [string, string]
  /** A row's words, and the ids of the checks in its two columns. */
  rows: readonly (readonly [string, string | null, string | null])[]
}

const CLIENTS = ['ws', 'a page'] as const

const TABLES: readonly Table[] = [
  {
    title: 'Its program computes, or its computer sleeps: pongs to the pings of the server',
    head: CLIENTS,
    rows: [
      ['while it computes', 'upgrade/ws/blocked-pongs', 'upgrade/page/blocked-pongs'],
      ['while it sleeps', 'laptop/ws/asleep-pongs', 'laptop/page/asleep-pongs'],
    ],
  },
  {
    title: 'The cable is cut. When does this end hear of it?',
    head: CLIENTS,
    rows: [
      ['it waits: readyState says', 'cut/ws/idle-open', 'cut/page/idle-open'],
      ['it writes: over after', 'cut/ws/write-told', 'cut/page/write-told'],
      ['close(): over after', 'cut/ws/close-30s', 'cut/page/close-told'],
      ['close() with its own limit', 'cut/ws/close-told', null],
      ['terminate()', 'cut/ws/terminate-told', null],
    ],
  },
  {
    title: 'The laptop',
    head: CLIENTS,
    rows: [
      ['the server gives it up after', 'laptop/ws/given-up', 'laptop/page/given-up'],
      ['it hears of that, awake, after', 'laptop/ws/woke-told', 'laptop/page/woke-told'],
      ['unjudged, awake: readyState', 'laptop/ws/woke-open', 'laptop/page/woke-open'],
      ['another address: readyState', 'laptop/ws/moved-open', 'laptop/page/moved-open'],
      ['and when it writes: over after', 'laptop/ws/moved-told', 'laptop/page/moved-told'],
      ['no power: the server gives up after', 'off/ws/given-up', null],
    ],
  },
  {
    title: 'Fifty clients whose server was killed and came back',
    head: ['lockstep', 'jitter'],
    rows: [
      ['SYNs until all are back', 'storm/lockstep/attempts', 'storm/jitter/attempts'],
      ['in the fullest 100 ms', 'storm/lockstep/peak', 'storm/jitter/peak'],
    ],
  },
  {
    title: 'A session over WebSockets, whose cable is cut and mended',
    head: ['session', ''],
    rows: [
      ['messages', 'resume/session/delivered', null],
      ['connections that carried it', 'resume/session/connections', null],
    ],
  },
]

/** Each table has a row only for what this run looked into. */
export function findingsText(_log: LabLog, _plan: Plan, checks: readonly Check[], style: Style): string {
  const words = (id: string | null) => {
    const check = checks.find((one) => one.id === id && one.verdict !== 'skipped')
    return check === undefined ? '' : observationWords(check)
  }
  return TABLES.flatMap(({ title, head, rows }) => {
    const seen = rows
      .map(([what, ...ids]) => [what, ...ids.map(words)])
      .filter(([, ...columns]) => columns.some((column) => column !== ''))
    if (seen.length === 0) return []
    return [[style.bold(title), ...[['', ...head], ...seen].map(inColumns)].join('\n')]
  }).join('\n\n')
}

function inColumns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(COLUMNS[index] ?? 0))
    .join('  ')
    .trimEnd()
}
