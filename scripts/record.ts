/**
 * `npm run record -- [lab ...]`: runs these labs, or all, keeps each run beside its lab, and puts what it
 * printed into the pages that quote it (`src/lab/quote.ts`). No number in a page is typed by hand.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { labs } from '../labs/index.ts'
import type { Lab } from '../src/lab/lab.ts'
import { quoted, withQuotes } from '../src/lab/quote.ts'
import { latestRun, openRun } from '../src/lab/start.ts'
import { recordedCellsFile, recordedCellsOf, recordedCellsText } from '../src/view/report/recorded.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const known: Readonly<Record<string, Lab>> = labs

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(known)
for (const id of wanted) {
  const lab = Object.hasOwn(known, id) ? known[id] : undefined
  if (lab === undefined) throw new Error(`no lab "${id}"; there are ${Object.keys(known).join(', ')}`)
  await record(lab)
}

async function record(lab: Lab): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-record-'))
  try {
    const command = ['--import', 'tsx', 'src/cli.ts', 'lab', lab.id, '--plain', '--no-predict', '--out', out]
    const { status } = spawnSync(process.execPath, command, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (status !== 0) throw new Error(`lab:${lab.id} ended with status ${status}: nothing was recorded`)
    const run = latestRun(out)
    const { plan, log, report } = openRun(lab, run)
    const told = { log, plan, checks: report.checks }

    const folder = join(ROOT, 'labs', lab.id, 'recorded')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'report.json'), readFileSync(join(run, 'report.json')))
    writeFileSync(recordedCellsFile(lab.id), recordedCellsText(recordedCellsOf(plan, log, report)))
    for (const { file, svg } of lab.figures?.(log, plan) ?? []) writeFileSync(join(folder, file), svg)
    await photograph(join(run, 'timeline.svg'), join(folder, 'ladder.png'))
    for (const page of ['README.md', 'answers.md']) {
      refresh(join(ROOT, 'labs', lab.id, page), (block) => quoted(lab, told, block))
    }
    const prefix = `lab:${lab.id} `
    refresh(join(ROOT, 'README.md'), (block) =>
      block.startsWith(prefix) ? quoted(lab, told, block.slice(prefix.length)) : null,
    )
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

function refresh(path: string, quote: (block: string) => string | null): void {
  writeFileSync(path, withQuotes(readFileSync(path, 'utf8'), quote))
}

/** The picture as a browser draws it; none of a run that has nothing to draw. */
async function photograph(svg: string, png: string): Promise<void> {
  if (!existsSync(svg)) return
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic'],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(pathToFileURL(svg).href)
    await page.locator('svg').first().screenshot({ path: png })
  } finally {
    await browser.close()
  }
}
