/** What came of the two commands beside the programs: one that came later, and one that was asked in the end. Pure. */
import type { EventData, LabEvent } from '../events/vocabulary.ts'
import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import type { LabLog, Period } from '../lab/log.ts'
import { shortTime } from '../view/viewer/signs.ts'
import { seconds } from './durations.ts'

/** Of one command; whoever prints more has a log of its own. */
const LINES_TOLD = 10
/** Of a line in a cell of a table. */
const CELL_CHARACTERS_MAX = 12

export interface Aside {
  /** When it was started, from the moment the fault became true. */
  startedAfterMs: number
  /** null: it had not ended when the run was over. */
  ended: (EventData<'command:ended'> & { afterMs: number }) | null
  /** What it printed first. */
  lines: string[]
  linesLeftOut: number
}

/** null: it was not started. @param time from the fault to the end of its watch */
export function asideOf(log: LabLog, host: string, name: string, { from, to }: Period): Aside | null {
  const isOwn = ({ program }: LabEvent) => program === name
  const started = log.all('command:started', { host, from, to }).find(isOwn)
  if (started === undefined) return null
  const ended = log.all('command:ended', { host, from, to }).find(isOwn)
  const lines = log
    .all('command:said', { host, from, to })
    .filter(isOwn)
    .map(({ data }) => data.line)
  return {
    startedAfterMs: Math.round(started.time - from),
    ended: ended === undefined ? null : { ...ended.data, afterMs: Math.round(ended.time - started.time) },
    lines: lines.slice(0, LINES_TOLD),
    linesLeftOut: Math.max(0, lines.length - LINES_TOLD),
  }
}

/** For a table: how it ended, and after how many seconds of its own. */
export function laterText(later: Aside | null): string {
  if (later === null) return '-'
  if (later.ended === null) return 'runs on'
  return `${later.ended.code === 0 ? 'done' : 'fails'} ${shortTime(later.ended.afterMs)}`
}

/** For a table: the answer, as far as there is room. */
export function askText(ask: Aside | null): string {
  if (ask === null) return '-'
  const [first] = ask.lines
  if (first !== undefined) return shortened(printable(first), CELL_CHARACTERS_MAX)
  return ask.ended?.signal ? 'no answer' : `status ${ask.ended?.code}`
}

/** What each of them was, and what it printed. @param wanted whether anybody was to be asked */
export function asideLines(
  { later, ask, isWhole }: { later: Aside | null; ask: Aside | null; isWhole: boolean },
  wanted: { ask: string | null },
): string[] {
  const isUnasked = isWhole && wanted.ask !== null && ask === null
  return [
    ...(later === null
      ? []
      : [`later, ${seconds(later.startedAfterMs)} after the fault: ${endWords(later)}`]),
    ...linesOf(later),
    ...(ask === null ? [] : [`asked after ${seconds(ask.startedAfterMs)}: ${endWords(ask)}`]),
    ...linesOf(ask),
    ...(isUnasked ? ["nobody was asked: the server's host had no power"] : []),
  ]
}

function endWords({ ended, lines }: Aside): string {
  const silent = lines.length === 0 ? ', and printed nothing' : ''
  if (ended === null) return `it runs on${silent}`
  return `it ended after ${seconds(ended.afterMs)} (${ended.signal ?? `status ${ended.code}`})${silent}`
}

function linesOf(aside: Aside | null): string[] {
  if (aside === null) return []
  const { lines, linesLeftOut } = aside
  return [
    ...lines.map((line) => `  | ${shortened(printable(line))}`),
    ...(linesLeftOut > 0 ? [`  and ${linesLeftOut} more lines`] : []),
  ]
}
