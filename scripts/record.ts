/**
 * `npm run record`: runs lab:keepalive, keeps the run beside the lab, and puts what it printed into the
 * pages that quote it. No number in a page is typed by hand.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { keepalive } from '../labs/keepalive/lab.ts'
import { openRun } from '../src/lab/start.ts'
import { recordedCellsFile, recordedCellsOf, recordedCellsText } from '../src/view/report/recorded.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Between two such comments a page quotes a run. */
const block = (name: string) => new RegExp(`(<!-- recorded: ${name} -->\n)[^]*?(<!-- end -->)`)

const out = mkdtempSync(join(tmpdir(), 'stillhere-record-'))
try {
  const lab = ['--import', 'tsx', 'src/cli.ts', 'lab', 'keepalive', '--plain', '--no-predict', '--out', out]
  const { status, stdout } = spawnSync(process.execPath, lab, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the lab ended with status ${status}: nothing was recorded`)
  const told = stdout.slice(0, stdout.indexOf('Try next'))
  const cell = tellCell('cut/tcp-keepalive')
  const late = tellCell('freeze/tcp-heartbeat')
  writeFileSync(
    join(ROOT, 'labs/keepalive/recorded/report.json'),
    readFileSync(join(out, 'latest/report.json')),
  )
  const { plan, log, report } = openRun(keepalive, join(out, 'latest'))
  const cells = recordedCellsText(recordedCellsOf(plan, log, report))
  writeFileSync(recordedCellsFile('keepalive'), cells)
  await photograph(join(out, 'latest/timeline.svg'), join(ROOT, 'labs/keepalive/recorded/ladder.png'))
  quote('README.md', 'run', told)
  quote('labs/keepalive/answers.md', 'matrix', told.slice(told.indexOf('Who notices')))
  quote('labs/keepalive/answers.md', 'cut/tcp-keepalive', cell)
  quote('labs/keepalive/answers.md', 'freeze/tcp-heartbeat', late)
} finally {
  rmSync(out, { recursive: true, force: true })
}

/** The picture as a browser draws it. */
async function photograph(svg: string, png: string): Promise<void> {
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

/** One cell without its log lines and evidence: what both ends believed, and the checks. */
function tellCell(cell: string): string {
  const args = ['--import', 'tsx', 'src/cli.ts', 'lab', 'keepalive', '--cell', cell, '--out', out]
  const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  const [before = '', rest = ''] = stdout.split(/^What happened.*\n/m)
  const checks = rest.slice(rest.indexOf('Checks\n'))
  return (before + checks).replace(/^ {4}(evidence|source|because|claim) .*\n?/gm, '')
}

function quote(page: string, name: string, text: string): void {
  const path = join(ROOT, page)
  const old = readFileSync(path, 'utf8')
  if (!block(name).test(old)) throw new Error(`${page} has no block "recorded: ${name}"`)
  writeFileSync(
    path,
    old.replace(
      block(name),
      (_, start: string, end: string) => `${start}\`\`\`text\n${text.trim()}\n\`\`\`\n${end}`,
    ),
  )
}
