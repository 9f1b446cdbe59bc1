/** The list of earlier runs, and one of them read line by line as it comes. */
/// <reference lib="dom" />
import type { LabEvent } from '../../events/vocabulary.ts'
import { element, type Markup } from '../../view/viewer/markup.ts'
import type { ListedRun, OpenedEnd, OpenedHead } from '../messages.ts'
import { request } from './api.ts'

/** A browser draws some hundred thousand; the rest of such a run is in its folder. */
export const EVENTS_SHOWN_MAX = 300_000

export interface OpenedRun extends OpenedHead {
  events: LabEvent[]
  problems: string[]
}

/** @throws RefusedError with what is wrong with the run; TypeError when nobody listens */
export async function openEarlier(id: string): Promise<OpenedRun> {
  const response = await request(`/api/runs/${encodeURIComponent(id)}`)
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  const head = JSON.parse(lines[0] ?? '') as OpenedHead
  const end = JSON.parse(lines.at(-1) ?? '') as OpenedEnd
  const events = lines.slice(1, -1).map((line) => JSON.parse(line) as LabEvent)
  // The recorder holds late lines back for a while, not for ever: readers sort.
  events.sort((one, other) => one.time - other.time)
  const problems = [...end.problems]
  if (events.length > EVENTS_SHOWN_MAX) {
    problems.push(`only the first ${EVENTS_SHOWN_MAX} of its ${events.length} events are shown`)
    events.length = EVENTS_SHOWN_MAX
  }
  return { ...head, events, problems }
}

export function listItem(run: ListedRun): Markup {
  const when = run.startedAt === null ? run.id : new Date(run.startedAt).toLocaleString()
  const what = `${run.lab}${run.play ? ', played' : ''}, ${run.tier}`
  // Whoever struck by hand is not judged.
  const verdict = run.play && run.verdict === 'skipped' ? '' : (run.verdict ?? 'unfinished')
  return element(
    'li',
    {},
    element(
      'button',
      { type: 'button', class: 'knob opens', 'data-run': run.id, title: run.id },
      element('span', { class: 'when' }, when),
      element('span', { class: `verdict ${verdict}` }, verdict),
      element('span', { class: 'what quiet' }, what),
    ),
    ...(run.problem === null ? [] : [element('p', { class: 'problem' }, run.problem)]),
  )
}
