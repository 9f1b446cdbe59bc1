/** The report in a real browser: by mouse, by keyboard alone, and with a hostile run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { recordedCellsOf } from '../../src/view/report/recorded.ts'
import { reportHtml, writeReportHtml } from '../../src/view/report/report-html.ts'
import { hasChromium, openPage } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { testNeeding } from '../support/needs.ts'

const test = testNeeding('Chromium', hasChromium)
const TIMEOUT_MS = 60_000

async function openReport(run = madeUpRun(), options = {}) {
  const file = await writeReportHtml(temporaryFolder(), { ...run, lab: keepalive })
  const watched = await openPage(pathToFileURL(file).href, options)
  await watched.page.waitForSelector('html[data-opened]')
  return watched
}

const cellButton = (page: Page, id: string) => page.locator(`[data-cell="${id}"]`)

test(
  'opens from a file with 81 cells, no error and no request',
  async () => {
    const { page, complaints } = await openReport()
    expect(await page.locator('[data-cell]').count()).toBe(81)
    expect(await page.locator('h1').textContent()).toBe('Who notices, and when?')
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a click on a cell shows its ladder, its ghost time, its table and its checks',
  async () => {
    const { page, complaints } = await openReport()
    await cellButton(page, 'freeze/udp').click()
    await cellButton(page, 'cut/tcp-keepalive').click()
    expect(await page.locator('#cell-title').textContent()).toBe('cut / tcp-keepalive')
    expect(await page.locator('.narrative').textContent()).toContain('its ghost time')
    expect(await page.locator('.ladder-body').textContent()).toContain('ghost time')
    await page.locator('.equivalent summary').click()
    await page.locator('.equivalent tbody tr').first().waitFor()
    expect(await page.locator('.equivalent tbody tr').count()).toBeGreaterThan(10)
    expect(await page.locator('.cell-checks').textContent()).toContain('last heard + 3.5 s')
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a click on a belief says why, with the events as they were logged',
  async () => {
    const { page } = await openReport()
    await page.locator('g[data-part^="belief cut-a down"]').click()
    const why = page.locator('.why')
    expect(await why.locator('h3').textContent()).toContain('cut-a believes its peer down'.slice(6))
    expect(await why.locator('code').first().textContent()).toMatch(/^cut-a\.1\/tcp-client#\d+$/)
    await why.locator('summary').first().click()
    expect(await why.locator('pre').first().textContent()).toContain('"trigger": "heartbeat_missed"')
    await page.keyboard.press('Escape')
    expect(await why.isVisible()).toBe(false)

    await page.locator('.cell-checks .address').first().click()
    expect(await why.locator('h3').textContent()).toMatch(/^cut-a\.1\/tcp-client#\d+$/)
  },
  TIMEOUT_MS,
)

test(
  'the keyboard alone chooses a cell, steps through the ladder, asks why, zooms and pans',
  async () => {
    const { page } = await openReport()
    const focused = (attribute: string) =>
      page.evaluate((name) => document.activeElement?.getAttribute(name) ?? '', attribute)
    for (let tabs = 0; tabs < 5 && (await focused('data-cell')) === ''; tabs++)
      await page.keyboard.press('Tab')
    expect(await focused('data-cell')).toBe('cut/tcp-keepalive')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowRight')
    expect(await focused('data-cell')).toBe('blip/tcp-idle')
    await page.keyboard.press('Enter')
    expect(await page.locator('#cell-title').textContent()).toBe('blip / tcp-idle')
    expect(await page.locator('[role=status]').textContent()).toContain('blip/tcp-idle: HB')

    for (let tabs = 0; tabs < 20 && (await focused('data-part')) === ''; tabs++)
      await page.keyboard.press('Tab')
    const first = await focused('data-part')
    expect(first).not.toBe('')
    for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowDown')
    expect(await focused('data-part')).not.toBe(first)
    await page.keyboard.press('Enter')
    expect(await page.locator('.why').isVisible()).toBe(true)
    await page.keyboard.press('Escape')

    await page.keyboard.press('+')
    expect(await page.locator('.overview svg').getAttribute('aria-label')).toMatch(/the ladder shows .* to /)
    const before = await page.locator('.overview svg').getAttribute('aria-label')
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('.overview svg').getAttribute('aria-label')).not.toBe(before)
    await page.keyboard.press('0')
    expect(await page.locator('.overview svg').getAttribute('aria-label')).toContain('all of it')
  },
  TIMEOUT_MS,
)

test(
  'seen from one end there is no truth, and no arrow is known to be lost',
  async () => {
    const { page } = await openReport()
    expect(await page.locator('g[data-part^="truth"]').count()).toBeGreaterThan(0)
    await page.locator('[data-choice=host]').selectOption('cut-a')
    expect(await page.locator('g[data-part^="truth"]').count()).toBe(0)
    expect(await page.locator('.ladder-body').textContent()).not.toMatch(/lost|never arrived/)
    await page.locator('[data-choice=case]').selectOption('kill')
    expect(await page.locator('#cell-title').textContent()).toBe('kill / tcp-keepalive')
  },
  TIMEOUT_MS,
)

test(
  'of a long ladder only what is on the screen is in the page',
  async () => {
    const run = madeUpRun({ cases: ['cut'], mechanisms: ['tcp-keepalive'], everyMs: 4 })
    const { page } = await openReport(run)
    const shapes = () => page.locator('.ladder-body g[data-part]').count()
    const height = await page.locator('.ladder-frame').evaluate((frame) => frame.scrollHeight)
    expect(height).toBeGreaterThan(8000)
    expect(await shapes()).toBeLessThan(400)
    await page.locator('.ladder-frame').evaluate((frame) => frame.scrollTo(0, 6000))
    await page.waitForFunction(() => document.querySelector('.ladder-body')?.textContent?.includes('lost'))
    expect(await shapes()).toBeLessThan(400)
  },
  TIMEOUT_MS,
)

test(
  'hostile names and payloads are shown and run nothing',
  async () => {
    const attack = `"><img src=x onerror="document.title='owned'"></script><script>document.title='owned'</script>`
    const name = `<svg onload=document.title='owned'>`
    const run = madeUpRun({
      cases: ['cut', attack],
      mechanisms: ['tcp-idle', name],
      payload: `javascript:document.title='owned' ${attack}`,
    })
    const { page, complaints } = await openReport(run)
    const chosen = page.locator('[data-cell]')
    for (let index = 0; index < (await chosen.count()); index++) {
      await chosen.nth(index).click()
      for (const shape of await page.locator('g[data-part]').all()) {
        await shape.dispatchEvent('click')
      }
    }
    await page.locator('g[data-part^="belief"]').last().dispatchEvent('click')
    await page.locator('.why summary').first().click()
    await page.locator('.equivalent summary').click()
    expect(await page.title()).not.toBe('owned')
    expect(await page.locator('img, a[href^="javascript"], main script, svg[onload]').count()).toBe(0)
    expect(await page.locator('.ladder-body').textContent()).toContain('javascript:')
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a damaged or shortened file says so, and shows what is left',
  async () => {
    const folder = temporaryFolder()
    const html = await reportHtml({ ...madeUpRun(), lab: keepalive })
    const at = html.indexOf('id="events">') + 5000
    const damaged: [string, string][] = [
      ['damaged.html', `${html.slice(0, at)}AAAAAAAA${html.slice(at + 8)}`],
      ['short.html', html.slice(0, at)],
    ]
    for (const [name, text] of damaged) {
      const file = join(folder, name)
      writeFileSync(file, text)
      const { page } = await openPage(pathToFileURL(file).href)
      const message = page.getByRole('alert')
      await message.waitFor()
      expect(await message.textContent()).toContain('The events in this file are damaged')
      expect(await page.locator('#viewer td').count()).toBeGreaterThanOrEqual(81)
      expect(await page.locator('.static-ladder svg').count()).toBe(1)
    }
  },
  TIMEOUT_MS,
)

test(
  'without scripts the story, the matrix, the checks and one ladder are there',
  async () => {
    const file = await writeReportHtml(temporaryFolder(), { ...madeUpRun(), lab: keepalive })
    const { page, complaints } = await openPage(pathToFileURL(file).href, { javaScriptEnabled: false })
    expect(await page.locator('.story').isVisible()).toBe(true)
    expect(await page.locator('.matrix td a').count()).toBe(81)
    expect(await page.locator('.static-ladder svg').isVisible()).toBe(true)
    expect(await page.locator('.check').count()).toBe(81)
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'cells recorded elsewhere are greyed, say so, and have no ladder',
  async () => {
    const whole = madeUpRun()
    const run = madeUpRun({ impossible: ['cut'] })
    const recorded = recordedCellsOf(whole.plan, whole.log, whole.report)
    const file = join(temporaryFolder(), 'report.html')
    writeFileSync(file, await reportHtml({ ...run, lab: keepalive }, recorded))
    const { page } = await openPage(pathToFileURL(file).href)
    await page.waitForSelector('html[data-opened]')
    await cellButton(page, 'cut/tcp-idle').click()
    expect(await cellButton(page, 'cut/tcp-idle').textContent()).toContain(
      'recorded elsewhere, not observed here',
    )
    expect(await page.locator('.narrative').textContent()).toContain('Recorded elsewhere, not observed here')
    expect(await page.locator('.ladder-frame').isVisible()).toBe(false)
    expect(await page.locator('.cell-checks .check').count()).toBe(1)
  },
  TIMEOUT_MS,
)

test(
  'prints to a handful of pages',
  async () => {
    const { page } = await openReport()
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true })
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0
    expect(pages).toBeGreaterThanOrEqual(3)
    expect(pages).toBeLessThan(12)
    const file = join(temporaryFolder(), 'report.pdf')
    writeFileSync(file, pdf)
    expect(readFileSync(file).length).toBeGreaterThan(20_000)
  },
  TIMEOUT_MS,
)
