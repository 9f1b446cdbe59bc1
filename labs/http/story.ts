/** What the lab tells beside its checks: what was counted apart, in two small tables. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import type { Style } from '../../src/lab/tale.ts'
import { casesText } from '../../src/lab/tell.ts'

/** Where it is counted: connections at the bank, sessions of TLS and of the bank; null: there is no TLS. */
const COUNTED: readonly [cell: string, isTls: boolean][] = [
  ['many-conns/per-request', false],
  ['many-conns/kept', false],
  ['many-conns/parallel', false],
  ['one-conn/one-client', false],
  ['one-conn/proxied', false],
  ['tls/ticket', true],
]
/** What is on the wire for each, and what became of the session meanwhile. */
const KEEP_ALIVE: readonly [cell: string, what: string, wire: string][] = [
  ['keep-alive/persistent', 'persistent connection (HTTP/1.1)', 'packets'],
  ['keep-alive/header', 'header Connection: keep-alive', 'packets'],
  ['keep-alive/probes', 'TCP keepalive', 'probes'],
  ['keep-alive/heartbeat', 'heartbeat of requests', 'packets'],
]

export function matrix(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  return [
    countedTable(checks, style),
    keepAliveTable(checks, style),
    casesText({ log, plan, checks }, plan.cases, style),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Nothing where this run looked at none of them. */
function countedTable(checks: readonly Check[], style: Style): string {
  const rows = COUNTED.flatMap(([cell, isTls]) => {
    const [connections, sessions] = ['connections', 'sessions'].map((what) => seen(checks, `${cell}/${what}`))
    if (connections === null || sessions === null) return []
    const resumed = checks.find(({ id }) => id === `${cell}/resumed`)?.observed.value
    const tls = isTls ? String(Number(connections?.split(' ')[0]) - Number(resumed)) : '-'
    return [
      `  ${cell.padEnd(26)}${firstWord(connections).padStart(5)}${tls.padStart(10)}${firstWord(sessions).padStart(10)}`,
    ]
  })
  if (rows.length === 0) return ''
  return [
    style.bold('Three kinds of things that people call a session, counted at the bank'),
    `  ${''.padEnd(26)}${'TCP'.padStart(5)}${'TLS'.padStart(10)}${'cookie'.padStart(10)}`,
    ...rows,
  ].join('\n')
}

function keepAliveTable(checks: readonly Check[], style: Style): string {
  const rows = KEEP_ALIVE.flatMap(([cell, what, wire]) => {
    const session = seen(checks, `${cell}/session`)
    if (session === null) return []
    const packets = seen(checks, `${cell}/${wire}`) ?? 'not captured here'
    return [`  ${what.padEnd(34)}${packets.padEnd(24)}${session}`]
  })
  if (rows.length === 0) return ''
  return [
    style.bold('Four things called "keep alive": what passes meanwhile, and the session after it'),
    ...rows,
  ].join('\n')
}

function seen(checks: readonly Check[], id: string): string | null {
  const check = checks.find((one) => one.id === id)
  if (check === undefined || check.verdict === 'skipped') return null
  return check.verdict === 'pass' ? observedWords(check) : `(${check.verdict})`
}

function firstWord(words: string | null | undefined): string {
  return words?.split(' ')[0] ?? ''
}
