/**
 * `npm run record -- [lab ...]`: runs these labs, or all, keeps each run beside its lab, and puts what it
 * prints with --verbose into the pages that quote it (`src/lab/quote.ts`). No number in a page is typed by hand.
 *
 * `npm run record -- <lab> --real DIR`: the same with a run at the real pace that was made before, in DIR, since
 * that may take a quarter of an hour. It is judged as the lab judges today.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { labs } from '../labs/index.ts'
import type { Lab } from '../src/lab/lab.ts'
import { ofRealPace, quoted, withQuotes } from '../src/lab/quote.ts'
import { reportOf } from '../src/lab/report.ts'
import { latestRun, openRun } from '../src/launcher/start.ts'
import {
  packedRun,
  recordedCellsFile,
  recordedCellsOf,
  recordedCellsText,
  recordedRunFile,
} from '../src/view/report/recorded.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const known: Readonly<Record<string, Lab>> = labs

const { values, positionals } = parseArgs({ allowPositionals: true, options: { real: { type: 'string' } } })
const wanted = (positionals.length > 0 ? positionals : Object.keys(known)).map((id) => {
  const lab = Object.hasOwn(known, id) ? known[id] : undefined
  if (lab === undefined) throw new Error(`no lab "${id}"; there are ${Object.keys(known).join(', ')}`)
  return lab
})
if (values.real === undefined) for (const lab of wanted) await record(lab)
else {
  const [lab, ...others] = wanted
  if (lab === undefined || others.length > 0) throw new Error('--real DIR is a run of one lab: name it')
  recordReal(lab, values.real)
}

/** A report and no more: what it was judged by is too much to keep. */
function recordReal(lab: Lab, run: string): void {
  const { plan, log, report: before } = openRun(lab, run)
  const report = reportOf(plan, log, lab.judge(log, plan), new Date(before.startedAt))
  if (plan.pace !== 'real' || report.verdict !== 'pass') {
    throw new Error(
      `${run} is a run at the ${plan.pace} pace, verdict ${report.verdict}: nothing was recorded`,
    )
  }
  const told = { log, plan, checks: report.checks }
  writeFileSync(join(folderOf(lab), 'real.json'), `${JSON.stringify(report, null, 2)}\n`)
  refreshPages(lab, (block) => {
    const name = ofRealPace(block)
    return name === null ? null : quoted(lab, told, name)
  })
}

function folderOf({ id }: Lab): string {
  const folder = join(ROOT, 'labs', id, 'recorded')
  mkdirSync(folder, { recursive: true })
  return folder
}

function refreshPages({ id }: Lab, quote: (block: string) => string | null): void {
  for (const page of ['README.md', 'answers.md']) refresh(join(ROOT, 'labs', id, page), quote)
}

async function record(lab: Lab): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-record-'))
  try {
    const command = ['src/start.mjs', 'lab', lab.id, '--plain', '--no-predict', '--out', out]
    const { status } = spawnSync(process.execPath, command, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (status !== 0) throw new Error(`lab:${lab.id} ended with status ${status}: nothing was recorded`)
    const run = latestRun(out)
    const { plan, log, report } = openRun(lab, run)
    const told = { log, plan, checks: report.checks }

    const folder = folderOf(lab)
    writeFileSync(join(folder, 'report.json'), readFileSync(join(run, 'report.json')))
    writeFileSync(recordedCellsFile(lab.id), recordedCellsText(recordedCellsOf(plan, log, report)))
    writeFileSync(recordedRunFile(lab.id), packedRun(plan, log))
    for (const { file, svg } of lab.figures?.(log, plan) ?? []) writeFileSync(join(folder, file), svg)
    await photograph(join(run, 'timeline.svg'), join(folder, 'ladder.png'))
    refreshPages(lab, (block) => (ofRealPace(block) === null ? quoted(lab, told, block) : null))
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
