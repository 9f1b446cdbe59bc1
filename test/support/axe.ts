/** What axe-core finds wrong with a page as it stands: nothing, or the rule, how serious it is, and where. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'

const SCRIPT = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The page has to be opened with `bypassCSP`: our own pages let nobody else's script run. */
export async function complaintsOfAxe(page: Page): Promise<string[]> {
  await page.evaluate(SCRIPT)
  return await page.evaluate(async () => {
    const { axe: found } = globalThis as typeof globalThis & { axe: typeof axe }
    // Experimental, so off by default; it is WCAG 2.5.3, and people who work by voice need it.
    const rules = { 'label-content-name-mismatch': { enabled: true } }
    const { violations } = await found.run(document, { rules })
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ target }) => `${impact} ${id}: ${target.join(' ')}`),
    )
  })
}
