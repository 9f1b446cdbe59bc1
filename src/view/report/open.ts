/** What runs in `report.html`: reads the events out of the page and puts the viewer in place of the tables. */
/// <reference lib="dom" />
import { fill, within } from '../viewer/dom.ts'
import { element } from '../viewer/markup.ts'
import type { ViewedRun } from '../viewer/run.ts'
import { mountViewer } from '../viewer/viewer.ts'
import { unpack } from './pack.ts'

/** Known when the page was loaded from its file; by hash a page elsewhere can point at a cell. */
function cellInAddress(): string {
  return decodeURIComponent(location.hash.slice(1))
}

async function open(): Promise<void> {
  const place = within<HTMLElement>(document, '#viewer')
  try {
    const { about, events } = unpack<Omit<ViewedRun, 'events'>>(await inflated(within(document, '#events')))
    const viewer = mountViewer(place, { ...about, events })
    viewer.select(cellInAddress())
    addEventListener('hashchange', () => viewer.select(cellInAddress()))
    document.documentElement.dataset.opened = String(events.length)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = element(
      'p',
      { class: 'problem', role: 'alert' },
      'The events in this file are damaged, so only one ladder can be shown and nothing can be asked. ',
      `The story, the matrix and the checks below are whole. (${reason})`,
    )
    const first = document.createElement('div')
    fill(first, message)
    place.prepend(first)
  }
}

/** The page's own data, without asking any network for it: the security policy allows none. */
async function inflated(block: Element): Promise<string> {
  const letters = atob((block.textContent ?? '').trim())
  // Letter by letter: `Uint8Array.from` with a function takes ten times as long.
  const bytes = new Uint8Array(letters.length)
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return await new Response(stream).text()
}

addEventListener('DOMContentLoaded', () => void open())
