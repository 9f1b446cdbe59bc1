/** What a run found, as small tables of at most 80 columns. */
import type { Check } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { observationWords } from '../../src/lab/predict.ts'
import { paragraphs, titledTable } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import type { Plan } from '../../src/plan/plan.ts'

/** Its title, its columns, and in each row some words and the checks of its columns. */
type Table = readonly [title: string, columns: readonly string[], ...rows: (readonly string[])[]]

const TABLES: readonly Table[] = [
  [
    'Its program computes, or its computer sleeps: pongs to the pings of the server',
    ['ws', 'a page'],
    ['while it computes', 'upgrade/ws/blocked-pongs', 'upgrade/page/blocked-pongs'],
    ['while it sleeps', 'laptop/ws/asleep-pongs', 'laptop/page/asleep-pongs'],
  ],
  [
    'The cable is cut. When does this end hear of it?',
    ['ws', 'a page'],
    ['it waits: readyState says', 'cut/ws/idle-open', 'cut/page/idle-open'],
    ['it writes: over after', 'cut/ws/write-told', 'cut/page/write-told'],
    ['close(): over after', 'cut/ws/close-30s', 'cut/page/close-told'],
    ['close() with its own limit', 'cut/ws/close-told'],
    ['terminate()', 'cut/ws/terminate-told'],
  ],
  [
    'The laptop',
    ['ws', 'a page'],
    ['the server gives it up after', 'laptop/ws/given-up', 'laptop/page/given-up'],
    ['it hears of that, awake, after', 'laptop/ws/woke-told', 'laptop/page/woke-told'],
    ['unjudged, awake: readyState', 'laptop/ws/woke-open', 'laptop/page/woke-open'],
    ['another address: readyState', 'laptop/ws/moved-open', 'laptop/page/moved-open'],
    ['and when it writes: over after', 'laptop/ws/moved-told', 'laptop/page/moved-told'],
    ['no power: the server gives up after', 'off/ws/given-up'],
  ],
  [
    'Fifty clients whose server was killed and came back',
    ['lockstep', 'jitter'],
    ['SYNs until all are back', 'storm/lockstep/attempts', 'storm/jitter/attempts'],
    ['in the fullest 100 ms', 'storm/lockstep/peak', 'storm/jitter/peak'],
  ],
  [
    'A session over WebSockets, whose cable is cut and mended',
    ['session'],
    ['messages', 'resume/session/delivered'],
    ['connections that carried it', 'resume/session/connections'],
  ],
]

/** Each table has a row only for what this run looked into. */
export function matrix(_log: LabLog, _plan: Plan, checks: readonly Check[], style: Style): string {
  const observed = new Map(
    checks.flatMap((check) => (check.verdict === 'skipped' ? [] : [[check.id, observationWords(check)]])),
  )
  const tables = TABLES.map(([title, columns, ...rows]) => {
    const seen = rows
      .filter(([, ...ids]) => ids.some((id) => observed.has(id)))
      .map(([words = '', ...ids]) => [words, ...ids.map((id) => observed.get(id) ?? '')])
    return titledTable(title, seen, style, [['', ...columns]])
  })
  return paragraphs(tables)
}
