/** What a run found, as four small tables of at most 80 columns. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { observationWords } from '../../src/lab/predict.ts'
import type { Style } from '../../src/lab/tale.ts'
import { type NatCase, natCases } from './conditions.ts'

const COLUMNS = [18, 30] as const
const HOW: Record<string, string> = { received: 'arrives', econnreset: 'RST', etimedout: 'timed out' }

/** Each table has a row only for what this run looked into. */
export function findingsText(_log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const tables = [
    firstSegments(plan, checks),
    keepaliveJobs(plan, checks),
    datagrams(plan, checks),
    proxies(plan, checks),
  ]
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, head, rows }) => [style.bold(title), ...[head, ...rows].map(columns)].join('\n'))
    .join('\n\n')
}

interface Table {
  title: string
  head: string[]
  rows: string[][]
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(COLUMNS[index] ?? 0))
    .join('  ')
    .trimEnd()
}

function firstSegments(plan: Plan, checks: readonly Check[]): Table {
  return {
    title: 'The router has forgotten the connection, and somebody speaks. What comes of it?',
    head: ['router', 'the client first', 'the server first'],
    rows: casesWith(plan, 'client-first', 'server-first').map(({ id }) => [
      id,
      ...['client-first', 'server-first'].map((row) => spokenWords(checks, `${id}/${row}`)),
    ]),
  }
}

/** `RST by the router, 1 ms` */
function spokenWords(checks: readonly Check[], cell: string): string {
  const check = find(checks, `${cell}/spoke`)
  if (check === undefined) return notSeen(checks, cell)
  const how = check.because.split(',')[0] ?? ''
  const from = find(checks, `${cell}/rst-from`)?.observed.value
  return `${HOW[how] ?? how}${from === undefined ? '' : ` by ${from}`}, ${observationWords(check)}`
}

function keepaliveJobs(plan: Plan, checks: readonly Check[]): Table {
  const rows = ['keepalive-below', 'keepalive-above'].flatMap((row) =>
    casesWith(plan, row).map(({ id }) => {
      const cell = `${id}/${row}`
      const kept = find(checks, `${cell}/refreshed`) ?? find(checks, `${cell}/forgotten`)
      const noticed = find(checks, `${cell}/noticed`) ?? find(checks, `${cell}/unnoticed`)
      const again = find(checks, `${cell}/relearned`) === undefined ? '' : ', and learns anew'
      return [
        `${row.replace('keepalive-', '')}, ${id}`,
        kept === undefined
          ? notSeen(checks, cell)
          : `${remembers(kept) ? 'remembers' : 'has forgotten'}${again}`,
        kept === undefined ? '' : noticed === undefined ? 'nothing is wrong' : observationWords(noticed),
      ]
    }),
  )
  return {
    title: 'Keepalive more often than the router forgets (below), or less (above): two jobs',
    head: ['', 'the router', 'the client notices'],
    rows,
  }
}

function remembers({ observed: { value } }: Check): boolean {
  return typeof value === 'number' || String(value).includes('router ESTABLISHED')
}

function datagrams(plan: Plan, checks: readonly Check[]): Table {
  const rows = casesWith(plan, 'udp-client-first', 'udp-server-first', 'udp-answered', 'tcp-idle').flatMap(
    ({ id, rows: ofCase }) =>
      ofCase
        .filter((row) => plan.cells.includes(`${id}/${row}`))
        .map((row) => {
          const cell = `${id}/${row}`
          const memory = find(checks, `${cell}/remembered`) ?? find(checks, `${cell}/stream`)
          const seen = find(checks, `${cell}/seen-from`)
          return [
            row === 'udp-server-first' ? `${row}${id === 'udp' ? '' : ' *'}` : row,
            memory === undefined ? notSeen(checks, cell) : `${limitOf(memory)} s after a packet`,
            seen === undefined ? '' : observedWords(seen),
          ]
        }),
  )
  return {
    title: 'When the router forgets, and how the server then sees the client (*: silent)',
    head: ['', 'forgotten', 'later seen from'],
    rows,
  }
}

/** What was expected at most is the whole time that the router gives it. */
function limitOf({ expected }: Check): string {
  return 'max' in expected ? String(expected.max / 1000) : '?'
}

function proxies(plan: Plan, checks: readonly Check[]): Table {
  return {
    title: 'A proxy whose server is gone: what does the client notice?',
    head: ['', 'while it waits', 'and when it asks'],
    rows: casesWith(plan, 'front').map(({ id }) => {
      const waits = find(checks, `${id}/front/unnoticed`)
      const told = find(checks, `${id}/front/told`)
      return [
        id,
        waits === undefined ? notSeen(checks, `${id}/front`) : observationWords(waits),
        told === undefined
          ? ''
          : `${find(checks, `${id}/front/first-request`) ? 'nothing; asked again: ' : ''}RST, ${observationWords(told)}`,
      ]
    }),
  }
}

function casesWith(plan: Plan, ...rows: string[]): NatCase[] {
  return natCases.filter(({ id }) => rows.some((row) => plan.cells.includes(`${id}/${row}`)))
}

function find(checks: readonly Check[], id: string): Check | undefined {
  return checks.find((check) => check.id === id && check.verdict !== 'skipped')
}

/** The reason is told below the tables. */
function notSeen(checks: readonly Check[], cell: string): string {
  return checks.some(({ id }) => id.startsWith(`${cell}/`)) ? 'skipped' : ''
}
