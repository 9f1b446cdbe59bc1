/** What a run found, as four small tables of at most 80 columns. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { observationWords } from '../../src/lab/predict.ts'
import { paragraphs, titledTable } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import { cellId, type Plan } from '../../src/plan/plan.ts'

/** Each table has a row only for what this run looked into. */
export function findingsText(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const found = new Found(plan, checks)
  const tables = [firstSegments(found), keepaliveJobs(found), datagrams(found), proxies(found)]
  return paragraphs(tables.map(({ title, head, rows }) => titledTable(title, rows, style, [head])))
}

interface Table {
  title: string
  head: string[]
  rows: string[][]
}

/** The checks of a run, by their ids. */
class Found {
  readonly #plan: Plan
  readonly #checks: readonly Check[]

  constructor(plan: Plan, checks: readonly Check[]) {
    this.#plan = plan
    this.#checks = checks
  }

  /** The cases that this run looked into on one of these rows. */
  casesWith(...rows: string[]): string[] {
    return this.#plan.cases.filter((id) => rows.some((row) => this.has(id, row)))
  }

  has(caseId: string, row: string): boolean {
    return this.#plan.cells.includes(cellId(caseId, row))
  }

  /** The first of these that was observed. */
  check(cell: string, ...whats: string[]): Check | undefined {
    const ids = whats.map((what) => `${cell}/${what}`)
    return this.#checks.find(({ id, verdict }) => ids.includes(id) && verdict !== 'skipped')
  }

  /** In place of what was not observed; the reason is told below the tables. */
  missing(cell: string): string {
    return this.#checks.some(({ id }) => id.startsWith(`${cell}/`)) ? 'skipped' : ''
  }
}

function firstSegments(found: Found): Table {
  const rows = ['client-first', 'server-first']
  return {
    title: 'The router has forgotten the connection, and somebody speaks. What comes of it?',
    head: ['router', 'the client first', 'the server first'],
    rows: found
      .casesWith(...rows)
      .map((id) => [id, ...rows.map((row) => spokenWords(found, cellId(id, row)))]),
  }
}

const HOW: Record<string, string> = { KEEPS: 'arrives', RST: 'RST', TIMEOUT: 'timed out' }

/** `RST by the router, 1 ms` */
function spokenWords(found: Found, cell: string): string {
  const spoke = found.check(cell, 'spoke')
  if (spoke === undefined) return found.missing(cell)
  const from = found.check(cell, 'rst-from')
  const by = from === undefined ? '' : ` by ${observedWords(from)}`
  return `${HOW[spoke.short ?? ''] ?? 'nothing'}${by}, ${observationWords(spoke)}`
}

function keepaliveJobs(found: Found): Table {
  return {
    title: 'Keepalive more often than the router forgets (below), or less (above): two jobs',
    head: ['', 'the router', 'the client notices'],
    rows: ['keepalive-below', 'keepalive-above'].flatMap((row) =>
      found
        .casesWith(row)
        .map((id) => [`${row.replace('keepalive-', '')}, ${id}`, ...jobWords(found, cellId(id, row))]),
    ),
  }
}

function jobWords(found: Found, cell: string): string[] {
  const kept = found.check(cell, 'refreshed', 'forgotten')
  if (kept === undefined) return [found.missing(cell)]
  const noticed = found.check(cell, 'noticed', 'unnoticed')
  const remembers = observedWords(kept).includes('router ESTABLISHED')
  const again = found.check(cell, 'relearned') === undefined ? '' : ', and learns anew'
  return [
    `${remembers ? 'remembers' : 'has forgotten'}${again}`,
    noticed === undefined ? 'nothing is wrong' : observationWords(noticed),
  ]
}

function datagrams(found: Found): Table {
  const rows = ['udp-client-first', 'udp-server-first', 'udp-answered', 'tcp-idle']
  return {
    title: 'When the router forgets, and how the server then sees the client (*: silent)',
    head: ['', 'forgotten', 'later seen from'],
    rows: found
      .casesWith(...rows)
      .flatMap((id) =>
        rows
          .filter((row) => found.has(id, row))
          .map((row) => [`${row}${id === 'udp' ? '' : ' *'}`, ...memoryWords(found, cellId(id, row))]),
      ),
  }
}

function memoryWords(found: Found, cell: string): string[] {
  const memory = found.check(cell, 'remembered', 'stream')
  if (memory === undefined) return [found.missing(cell)]
  const seen = found.check(cell, 'seen-from')
  return [`${limitOf(memory)} s after a packet`, seen === undefined ? '' : observedWords(seen)]
}

/** What was expected at most is the whole time that the router gives it. */
function limitOf({ expected }: Check): string {
  return 'max' in expected ? String(expected.max / 1000) : '?'
}

function proxies(found: Found): Table {
  return {
    title: 'A proxy whose server is gone: what does the client notice?',
    head: ['', 'while it waits', 'and when it asks'],
    rows: found.casesWith('front').map((id) => [id, ...proxyWords(found, cellId(id, 'front'))]),
  }
}

function proxyWords(found: Found, cell: string): string[] {
  const waits = found.check(cell, 'unnoticed')
  const told = found.check(cell, 'told')
  const isAskedTwice = found.check(cell, 'first-request') !== undefined
  return [
    waits === undefined ? found.missing(cell) : observationWords(waits),
    told === undefined ? '' : `${isAskedTwice ? 'nothing; asked again: ' : ''}RST, ${observationWords(told)}`,
  ]
}
