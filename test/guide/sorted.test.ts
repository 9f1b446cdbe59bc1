/** The guide's table as a page, in a real browser. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { guideCommand } from '../../src/commands/guide.ts'
import { readGuide } from '../../src/guide/book.ts'
import { firstMs } from '../../src/guide/record.ts'
import { complaintsOfAxe } from '../support/axe.ts'
import { hasChromium, openPage } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'

describeNeeding('Chromium', hasChromium)('the page of the guide', () => {
  test('is sorted by the column that is pressed, and again the other way round', async () => {
    const file = join(temporaryFolder(), 'guide.html')
    expect(await guideCommand(['--html', file])).toBe(0)
    const { page, complaints } = await openPage(pathToFileURL(file).href)
    const rows = async () => (await page.locator('tbody tr').allInnerTexts()).map((row) => row.split('\t'))
    const cut = page.getByRole('button', { name: 'cut', exact: true })

    await cut.click()
    const [first] = await rows()
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending')
    const known = Object.values(readGuide().entries).flatMap(({ variants }) => Object.values(variants))
    const soonest = Math.min(
      ...known.map(({ faults }) => firstMs(faults.cut.client) ?? Number.POSITIVE_INFINITY),
    )
    expect(first?.[4]).toContain((soonest / 1000).toFixed(1))
    expect((await rows()).at(-1)?.[4]).toMatch(/^-;/)

    await cut.click()
    expect((await rows())[0]?.[4]).not.toMatch(/^-;/)
    expect((await rows()).at(-1)?.[4]).toMatch(/^-;/)
    expect(complaints).toEqual([])
  })

  test('has nothing that axe complains of, light or dark, and loads nothing', async () => {
    const file = join(temporaryFolder(), 'guide.html')
    await guideCommand(['--html', file])
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, complaints } = await openPage(pathToFileURL(file).href, { colorScheme, bypassCSP: true })
      expect(await complaintsOfAxe(page)).toEqual([])
      expect(complaints).toEqual([])
    }
  })
})
