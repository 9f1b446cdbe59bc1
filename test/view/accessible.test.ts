/**
 * Every page for whoever does not look at it on a wide, light screen with a mouse: by axe-core, in light and dark,
 * and at the width of a small phone. (Containers: containers-page.test.ts.)
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import { writeReportHtml } from '../../src/view/report/report-html.ts'
import { askingLab, pageUnderTest, someEvents } from '../page/support.ts'
import { openBank } from '../programs/bank/support.ts'
import { complaintsOfAxe } from '../support/axe.ts'
import { hasChromium, type Opening, openPage } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { testNeeding } from '../support/needs.ts'

const test = testNeeding('Chromium', hasChromium)
const TIMEOUT_MS = 90_000
const SOON = { timeout: 15_000 }
const PHONE_PX = 390
/** WCAG 1.4.10: so narrow a page may be before anybody has to scroll in two directions. */
const NARROWEST_PX = 320

const WIDE_PX = 1200

/** The same page in each way: a browser follows its reader without being started anew. */
const WAYS = [
  { way: 'light', width: WIDE_PX, colorScheme: 'light' },
  { way: 'dark', width: WIDE_PX, colorScheme: 'dark' },
  { way: 'on a small phone', width: NARROWEST_PX, colorScheme: 'light' },
  { way: 'on a small phone in the dark', width: NARROWEST_PX, colorScheme: 'dark' },
] as const

async function open(url: string, how: Opening = {}): Promise<Page> {
  const { page } = await openPage(url, { ...how, bypassCSP: true })
  return page
}

async function expectFine(page: Page, what: string): Promise<void> {
  for (const { way, width, colorScheme } of WAYS) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    expect(await complaintsOfAxe(page), `${what}, ${way}`).toEqual([])
    const wanted = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(wanted, `${what}, ${way}: wider than the window`).toBeLessThanOrEqual(width)
  }
  await page.setViewportSize({ width: WIDE_PX, height: 900 })
}

async function reportFile(): Promise<string> {
  const file = await writeReportHtml(temporaryFolder(), {
    ...madeUpRun({ cases: ['none', 'cut'] }),
    lab: keepalive,
  })
  return pathToFileURL(file).href
}

function openAllDetails(page: Page): Promise<void> {
  return page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
}

test(
  'the report',
  async () => {
    const page = await open(await reportFile())
    await page.waitForSelector('html[data-opened]')
    await expectFine(page, 'as it opens')
    await page.locator('g[data-part^="belief cut-a down"]').click()
    await openAllDetails(page)
    await page.locator('.rows tbody tr').first().waitFor(SOON)
    await expectFine(page, 'with everything open')
  },
  TIMEOUT_MS,
)

test(
  'the live page',
  async () => {
    const out = temporaryFolder()
    const { plan, report, log } = madeUpRun({ cases: ['cut', 'freeze'] })
    mkdirSync(join(out, 'made-up'))
    writeFileSync(join(out, 'made-up', 'plan.json'), JSON.stringify(plan))
    writeFileSync(join(out, 'made-up', 'report.json'), JSON.stringify(report))
    const lines = log.events.map((event) => JSON.stringify(event))
    writeFileSync(join(out, 'made-up', 'events.ndjson'), lines.join('\n'))
    const { page: server, runs } = await pageUnderTest(out, { keepalive: askingLab })
    const page = await open(server.url)
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor(SOON)
    await page.locator('[data-run="made-up"]').waitFor(SOON)
    await expectFine(page, 'before a run')

    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByRole('group', { name: 'who notices?' }).waitFor(SOON)
    await expectFine(page, 'with a question')
    await page.getByRole('button', { name: 'Skip all' }).click()
    await page.locator('.matrix').waitFor(SOON)
    runs.emit(someEvents(0, 40))
    runs.end()
    await page.getByText(/^ended/).waitFor(SOON)
    await expectFine(page, 'after a run')

    await page.locator('#earlier summary').click()
    await page.locator('[data-run="made-up"]').click()
    await page.locator('.ladder-body svg').waitFor(SOON)
    await openAllDetails(page)
    await expectFine(page, 'with an earlier run')

    await page.getByLabel('you, by buttons').check()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByRole('button', { name: 'kill b' }).waitFor(SOON)
    await expectFine(page, 'in play')
  },
  TIMEOUT_MS,
)

test(
  'the pages of the bank',
  async () => {
    const { url } = await openBank()
    const page = await open(url)
    await expectFine(page, 'front door')
    const [user] = USERS
    await page.getByLabel('Name').fill(user?.name ?? '')
    await page.getByLabel('Password').fill('not this one')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expectFine(page, 'refused')
    await page.goto(url)
    await page.getByLabel('Name').fill(user?.name ?? '')
    await page.getByLabel('Password').fill(user?.password ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('#balance').waitFor(SOON)
    await expectFine(page, 'account')
    for (const link of await page.locator('nav a, main a').all()) {
      const href = await link.getAttribute('href')
      if (href === null || href.startsWith('http')) continue
      await page.goto(new URL(href, url).href)
      await expectFine(page, href)
      await page.goBack()
    }
    await page.goto(`${url}/nowhere`)
    await expectFine(page, 'a page that is not there')
  },
  TIMEOUT_MS,
)

test(
  'a cell says its column and its row',
  async () => {
    const page = await open(await reportFile())
    await page.waitForSelector('html[data-opened]')
    await page.getByRole('button', { name: /^cut, tcp-keepalive: HB \d\.\d . pass$/ }).waitFor(SOON)
  },
  TIMEOUT_MS,
)

test(
  'on a phone the ladder shows packets, beside one end at a time',
  async () => {
    const page = await open(await reportFile(), { width: PHONE_PX, height: 800 })
    await page.waitForSelector('html[data-opened]')
    const frame = page.locator('.ladder-frame')
    const beliefsOf = (host: string) => page.locator(`g[data-part^="belief ${host}"]`).count()
    const sideways = () => frame.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
    expect(await sideways()).toBe(0)
    const arrow = page.locator('g[data-part^="arrow"]').first()
    const [box, room] = [await arrow.boundingBox(), await frame.boundingBox()]
    expect(box?.x).toBeGreaterThan(room?.x ?? 0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((room?.x ?? 0) + (room?.width ?? 0))
    expect(await beliefsOf('cut-a')).toBeGreaterThan(0)
    expect(await beliefsOf('cut-b')).toBe(0)
    await page.getByRole('button', { name: 'cut-b, the server' }).click()
    expect(await beliefsOf('cut-a')).toBe(0)
    expect(await beliefsOf('cut-b')).toBeGreaterThan(0)
    expect(await page.locator('g[data-part^="arrow"]').count()).toBeGreaterThan(5)
    expect(await sideways()).toBe(0)
    // Whoever chooses one end elsewhere has chosen.
    await page.locator('[data-choice=host]').selectOption('cut-a')
    expect(await beliefsOf('cut-a')).toBeGreaterThan(0)
    expect(await page.locator('.ends').isVisible()).toBe(false)

    await page.setViewportSize({ width: 1200, height: 800 })
    await page.locator('[data-choice=host]').selectOption('')
    await page.locator('g[data-part^="truth"]').first().waitFor(SOON)
    expect(await beliefsOf('cut-b')).toBeGreaterThan(0)
  },
  TIMEOUT_MS,
)
