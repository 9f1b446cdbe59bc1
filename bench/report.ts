/**
 * `npm run bench`: how large the report is, how long it takes to write and to open, and how long a frame of
 * it takes. Figures to read, not a test: a busy machine makes them larger.
 *
 *   node --import tsx bench/report.ts [folder of a run]      without a folder: made up, 100,000 events
 */
/// <reference lib="dom" />
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { keepalive } from '../labs/keepalive/lab.ts'
import { openRun } from '../src/launcher/start.ts'
import { writeReportHtml } from '../src/view/report/report-html.ts'
import { hasChromium, launchChromium } from '../test/support/chromium.ts'
import { madeUpRun } from '../test/support/made-up-run.ts'

const TIMES = 5
const FRAMES = 40

const [folder] = process.argv.slice(2)
await measure(
  folder === undefined ? 'made up' : folder,
  folder === undefined ? madeUpRun({ everyMs: 33 }) : openRun(keepalive, folder),
)
if (folder === undefined) {
  // The same number of events on one pair: the longest ladder there can be.
  await measure(
    'made up, one cell',
    madeUpRun({ cases: ['cut'], mechanisms: ['tcp-keepalive'], everyMs: 0.35 }),
  )
}

async function measure(name: string, run: Omit<Parameters<typeof writeReportHtml>[1], 'lab'>): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-bench-'))
  try {
    const written = await timed(() => writeReportHtml(out, { ...run, lab: keepalive }))
    const file = join(out, 'report.html')
    const count = run.log.events.length
    say(name, `${count} events`)
    say(
      '  size',
      `${(statSync(file).size / 1e6).toFixed(2)} MB, ${(eventBytes(file) / count).toFixed(1)} bytes an event`,
    )
    say('  written in', ms(written))
    if (!hasChromium) return say('  opened in', 'not measured: there is no Chromium here')
    const browser = await launchChromium()
    try {
      const opened: number[] = []
      let page: Page | null = null
      for (let time = 0; time < TIMES; time++) {
        await page?.close()
        page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
        opened.push(
          await timed(async () => {
            await page?.goto(pathToFileURL(file).href)
            await page?.waitForSelector('html[data-opened]')
          }),
        )
      }
      say('  opened in', ms(...opened))
      if (page === null) return
      say('  a frame while scrolling', ms(...(await scrolled(page))))
      say('  a frame while zooming', ms(...(await zoomed(page))))
    } finally {
      await browser.close()
    }
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** Milliseconds of script, layout and paint between one scroll and the frame that shows it. */
function scrolled(page: Page): Promise<number[]> {
  return page.evaluate(async (frames) => {
    const frame = document.querySelector('.ladder-frame') as HTMLElement
    const step = Math.max(40, (frame.scrollHeight - frame.clientHeight) / frames)
    const times: number[] = []
    for (let index = 1; index <= frames; index++) {
      frame.scrollTop = index * step
      await new Promise(requestAnimationFrame)
      const began = performance.now()
      // What runs before the next frame: the drawing, its layout and its paint.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
      times.push(performance.now() - began)
    }
    return times
  }, FRAMES)
}

function zoomed(page: Page): Promise<number[]> {
  return page.evaluate(async (frames) => {
    const times: number[] = []
    for (let index = 0; index < frames; index++) {
      const began = performance.now()
      const move = ['in', 'in', 'later', 'later', 'out', 'earlier', 'all'][index % 7]
      document.querySelector<HTMLElement>(`[data-move=${move}]`)?.click()
      // Reading a size makes the browser lay out what has changed.
      document.querySelector('.ladder-body')?.getBoundingClientRect()
      times.push(performance.now() - began)
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
    }
    return times
  }, FRAMES)
}

function eventBytes(file: string): number {
  return /id="events">([^<]*)</.exec(readFileSync(file, 'utf8'))?.[1]?.length ?? 0
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await act()
  return performance.now() - began
}

/** The middle, and the worst. */
function ms(...times: number[]): string {
  const sorted = [...times].sort((one, other) => one - other)
  const middle = sorted[(sorted.length - 1) >> 1] ?? 0
  const worst = sorted.at(-1) ?? 0
  return times.length === 1
    ? `${middle.toFixed(0)} ms`
    : `${middle.toFixed(0)} ms, at worst ${worst.toFixed(0)} ms`
}

function say(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(26)} ${figure}\n`)
}
