/** The viewer while a run goes on: events come in batches, the report at the end. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { projectFile } from '../../src/project/files.ts'
import { bundleForBrowser } from '../../src/view/report/bundle.ts'
import type { ViewedPlan } from '../../src/view/viewer/run.ts'
import type { mountViewer, Viewer } from '../../src/view/viewer/viewer.ts'
import { hasChromium, openPage } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { testNeeding } from '../support/needs.ts'

const test = testNeeding('Chromium', hasChromium)
const TIMEOUT_MS = 60_000

type Globals = typeof globalThis & { mountViewer: typeof mountViewer; viewer: Viewer }

async function openViewer({ plan }: { plan: ViewedPlan }) {
  const style = readFileSync(new URL('../../src/view/viewer/viewer.css', import.meta.url), 'utf8')
  const script = await bundleForBrowser(projectFile('test/support/viewer-entry.ts'))
  const file = join(temporaryFolder(), 'viewer.html')
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><style>${style}</style><main></main><script>${script}</script>`,
  )
  const watched = await openPage(pathToFileURL(file).href)
  await watched.page.evaluate((plan) => {
    const globals = globalThis as Globals
    const place = document.querySelector('main')
    if (place !== null) globals.viewer = globals.mountViewer(place, { plan, events: [] })
  }, plan)
  return watched
}

test(
  'a run grows in it, and is judged when its report comes',
  async () => {
    const run = madeUpRun()
    const { events } = run.log
    const { page, complaints } = await openViewer(run)
    const cell = page.locator('[data-cell="cut/tcp-keepalive"]')
    expect(await cell.textContent()).toContain('...')
    const append = (from: number, to: number) =>
      page.evaluate((batch) => (globalThis as Globals).viewer.append(batch), events.slice(from, to))
    const half = events.findIndex((event) => event.name === 'fault:struck')
    await append(0, half)
    await page.locator('.ladder-body svg').waitFor()
    expect(await page.locator('.narrative').textContent()).toContain('believes its peer up')
    for (let from = half; from < events.length; from += 200) await append(from, from + 200)
    await page.waitForFunction(() =>
      document.querySelector('.narrative')?.textContent?.includes('ghost time'),
    )
    expect(await cell.textContent()).toMatch(/HB \d/)
    expect(await cell.textContent()).not.toContain('pass')
    await page.evaluate(({ checks }) => (globalThis as Globals).viewer.setReport({ checks }), run.report)
    expect(await cell.textContent()).toContain('pass')
    expect(await page.locator('.cell-checks .check').count()).toBe(1)
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'many events at once cost no more than a few layouts',
  async () => {
    const run = madeUpRun({ everyMs: 100 })
    const { page } = await openViewer(run)
    // As text: handing over thousands of objects one by one takes playwright ten seconds.
    const layouts = await page.evaluate(async (text) => {
      const { viewer } = globalThis as Globals
      const events = JSON.parse(text)
      let drawn = 0
      new MutationObserver(() => drawn++).observe(document.querySelector('.ladder-body') as Element, {
        childList: true,
      })
      // As many batches as a second has frames, each of them a part of the run.
      const size = Math.ceil(events.length / 60)
      for (let at = 0; at < events.length; at += size) {
        viewer.append(events.slice(at, at + size))
        await new Promise(requestAnimationFrame)
      }
      return drawn
    }, JSON.stringify(run.log.events))
    expect(layouts).toBeGreaterThan(0)
    expect(layouts).toBeLessThanOrEqual(60)
    await page.waitForFunction(() =>
      document.querySelector('.narrative')?.textContent?.includes('ghost time'),
    )
  },
  TIMEOUT_MS,
)

test(
  'another run in the same place leaves nothing of the one before',
  async () => {
    const run = madeUpRun()
    const { page } = await openViewer(run)
    const other = madeUpRun({ cases: ['kill'], mechanisms: ['udp', 'tcp-idle'] })
    await page.evaluate(
      ({ plan, events }) => {
        const place = document.querySelector('main')
        if (place !== null) (globalThis as Globals).mountViewer(place, { plan, events })
      },
      { plan: other.plan as ViewedPlan, events: other.log.events as unknown[] as never[] },
    )
    expect(await page.locator('[data-cell]').count()).toBe(2)
    await page.locator('[data-cell="kill/tcp-idle"]').click()
    expect(await page.locator('#cell-title').textContent()).toBe('kill / tcp-idle')
  },
  TIMEOUT_MS,
)
