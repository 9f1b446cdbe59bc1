/** A real Chromium banks by clicking; and another page tries to do it in its user's stead. */
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from '../../src/programs/bank/certificate.ts'
import { openBank } from '../programs/bank/support.ts'
import { passwordOf } from '../support/bank-user.ts'
import { hasChromium, launchChromium } from '../support/chromium.ts'
import { describeNeeding } from '../support/needs.ts'

/** Browsers that share nothing: each has cookies of its own. */
async function openBrowsers(count: number, javaScriptEnabled: boolean): Promise<Page[]> {
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const context = await browser.newContext({ javaScriptEnabled, ignoreHTTPSErrors: true })
      context.setDefaultTimeout(10_000)
      return await context.newPage()
    }),
  )
}

async function signIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(passwordOf(name))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: `Account of ${name}` }).waitFor()
}

async function giveAgain(page: Page, password: string): Promise<void> {
  await page.getByRole('heading', { name: 'Your password again' }).waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.waitForLoadState()
}

async function balance(page: Page): Promise<string | null> {
  return await page.locator('#balance').textContent()
}

/** Somebody else's server, with one page. */
async function serve(page: string): Promise<number> {
  const server = http.createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(page)
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describeNeeding('chromium', hasChromium)('in a browser', () => {
  test.each([
    ['http', 'without', false],
    ['https', 'with', true],
  ] as const)('over %s, %s JavaScript: sign in, transfer, sign out', async (scheme, _, javaScriptEnabled) => {
    const bank = await openBank(scheme === 'https' ? { certificate: await makeCertificate([]) } : {})
    const [page] = (await openBrowsers(1, javaScriptEnabled)) as [Page]
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await signIn(page, bank.url, 'alice')
    expect(await balance(page)).toBe('1000.00')

    await page.getByLabel('To', { exact: true }).selectOption('bob')
    await page.getByLabel('Amount').fill('12.34')
    await page.getByRole('button', { name: 'Transfer' }).click()
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('status').textContent()).toBe('Transfer alice-1 is done: 12.34 to bob.')
    await page.reload()
    expect(await balance(page)).toBe('987.66')
    // The style sheet is in force, and nothing was against the policy.
    expect(
      await page.getByRole('button', { name: 'Transfer' }).evaluate((node) => getComputedStyle(node).cursor),
    ).toBe('pointer')
    expect(complaints).toEqual([])

    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    // No page of the account is in a cache.
    await page.goBack()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('You are not signed in.')
  })

  test.each([
    ['with', true],
    ['without', false],
  ])(
    '%s JavaScript: sessions are seen, and ended one by one or all, with the password',
    async (_, javaScript) => {
      const bank = await openBank()
      const [here, there] = (await openBrowsers(2, javaScript)) as [Page, Page]
      await signIn(there, bank.url, 'alice')
      await signIn(here, bank.url, 'alice')
      await here.getByRole('link', { name: 'Your sessions' }).click()
      await here.getByRole('heading', { name: 'Sessions of alice' }).waitFor()
      const rows = here.getByRole('row')
      // The head, and one each.
      expect(await rows.count()).toBe(3)
      expect(await rows.last().textContent()).toContain('this one')
      await here.setViewportSize({ width: 320, height: 640 })
      expect(await here.evaluate(() => document.documentElement.scrollWidth)).toBe(320)

      await here.getByRole('button', { name: /^End [\da-f]{8}$/ }).click()
      await giveAgain(here, 'not her password')
      expect(await here.getByRole('alert').textContent()).toBe('That is not your password. Nothing was done.')
      await there.reload()
      await there.getByRole('heading', { name: 'Account of alice' }).waitFor()
      await giveAgain(here, passwordOf('alice'))
      await here.getByRole('status').waitFor()
      expect(await here.getByRole('status').textContent()).toBe('That session is over.')
      expect(await rows.count()).toBe(2)
      await there.reload()
      await there.getByRole('heading', { name: 'Sign in' }).waitFor()

      await signIn(there, bank.url, 'alice')
      await here.getByRole('button', { name: 'Sign out everywhere' }).click()
      await giveAgain(here, passwordOf('alice'))
      await here.getByRole('heading', { name: 'Sign in' }).waitFor()
      await there.reload()
      await there.getByRole('heading', { name: 'Sign in' }).waitFor()
      const ended = bank.log.events.filter(({ name }) => name === 'http-session:ended')
      expect(ended.map(({ data }) => data)).toMatchObject([
        { because: 'ended_by_user' },
        { because: 'signed_out_everywhere' },
        { because: 'signed_out_everywhere' },
      ])
    },
  )

  test('a large transfer is done once the password has been given', async () => {
    const bank = await openBank()
    const [page] = (await openBrowsers(1, false)) as [Page]
    await signIn(page, bank.url, 'alice')
    await page.getByLabel('To', { exact: true }).selectOption('carol')
    await page.getByLabel('Amount').fill('600')
    await page.getByRole('button', { name: 'Transfer' }).click()
    await giveAgain(page, passwordOf('alice'))
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('status').textContent()).toBe('Transfer alice-1 is done: 600.00 to carol.')
    expect(await balance(page)).toBe('400.00')
  })

  test('a page of another program of this host, or of another site, transfers nothing', async () => {
    const bank = await openBank()
    const [page] = (await openBrowsers(1, true)) as [Page]
    await signIn(page, bank.url, 'alice')
    const form = `<form method="post" action="${bank.url}transfer">
      <input name="to" value="bob"><input name="amount" value="500"><input name="key" value="forged-key">
      <input name="csrf" value="guessed"><button>Win a prize</button></form>`
    const port = await serve(form)
    const forgeries = () => bank.log.events.filter(({ name }) => name === 'bank:forgery_refused')

    // Another port is the same site: the browser sends the cookie. What speaks against it is the origin.
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'From another site' }).waitFor()
    expect(forgeries().map(({ data }) => data)).toEqual([{ because: 'origin' }])

    // Another name is another site: SameSite keeps the cookie back, and the bank knows nobody.
    await page.goto(`http://localhost:${port}/`)
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(forgeries()).toHaveLength(1)

    await page.goto(bank.url)
    expect(await balance(page)).toBe('1000.00')
  })
})
