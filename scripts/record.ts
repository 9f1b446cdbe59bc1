/**
 * `npm run record`: runs lab:keepalive, keeps the run beside the lab, and puts what it printed into the
 * pages that quote it. No number in a page is typed by hand.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Between two such comments a page quotes a run. */
const block = (name: string) => new RegExp(`(<!-- recorded: ${name} -->\n)[^]*?(<!-- end -->)`)

const out = mkdtempSync(join(tmpdir(), 'stillhere-record-'))
try {
  const lab = ['--import', 'tsx', 'src/cli.ts', 'lab', 'keepalive', '--plain', '--out', out]
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
  quote('README.md', 'run', told)
  quote('labs/keepalive/answers.md', 'matrix', told.slice(told.indexOf('Who notices')))
  quote('labs/keepalive/answers.md', 'cut/tcp-keepalive', cell)
  quote('labs/keepalive/answers.md', 'freeze/tcp-heartbeat', late)
} finally {
  rmSync(out, { recursive: true, force: true })
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
