/** A real Chromium banks by clicking; and another page tries to do it in its user's stead. */
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from '../../src/programs/bank/certificate.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import { openBank } from '../programs/bank/support.ts'
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
  await page.getByLabel('Password').fill(USERS.find((user) => user.name === name)?.password ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: `Account of ${name}` }).waitFor()
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

  test('to sign out everywhere ends the session in another browser', async () => {
    const bank = await openBank()
    const [here, there] = (await openBrowsers(2, true)) as [Page, Page]
    await signIn(here, bank.url, 'alice')
    await signIn(there, bank.url, 'alice')
    await here.getByRole('button', { name: 'Sign out everywhere' }).click()
    await here.getByRole('heading', { name: 'Sign in' }).waitFor()
    await there.reload()
    await there.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(bank.log.events.filter(({ name }) => name === 'http-session:ended')).toHaveLength(2)
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
