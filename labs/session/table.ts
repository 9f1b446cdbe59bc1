/** What became of every conversation, a line each. */
import { type Cell, cellOf } from '../../src/lab/cell.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { alignedTable } from '../../src/lab/table.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { SessionSettings } from './conditions.ts'
import { carriers, type Fates, oversAt, sessionsOf, toServer } from './messages.ts'
import { linesOf } from './plain.ts'

const HEAD = [
  'Messages that the client said, that came to the server, and that came twice;',
  'over how many connections (tcp) or ports (udp), and why it ended at either end:',
  '',
]
const COLUMNS = ['', 'said', 'came', 'twice', 'over', 'client', 'server']

export function table(log: LabLog, plan: Plan<SessionSettings>): string {
  const rows = plan.cells.map((id) => {
    const cell = cellOf(log, plan, id)
    if (cell === null || !cell.watch.complete) return [id, '', '', '', '', 'not observed']
    return [id, ...(cell.row === 'plain' ? plainly(cell) : talked(cell))]
  })
  return [...HEAD, ...alignedTable([COLUMNS, ...rows])].join('\n')
}

function talked(cell: Cell): string[] {
  // Two sessions may say the same texts, one after the other.
  const each = sessionsOf(cell).map((session) => toServer(cell, session))
  const sum = (of: (fates: Fates) => number) => String(each.reduce((all, fates) => all + of(fates), 0))
  const them = carriers(cell)
  return [
    sum(({ said }) => said.length),
    sum(({ said, lost }) => said.length - lost),
    sum(({ doubled }) => doubled),
    them === null ? '-' : String(them.ports.size),
    because(oversAt(cell, 'a', 'session-client')),
    because(oversAt(cell, 'b')),
  ]
}

function because(overs: readonly { data: { because: string } }[]): string {
  return [...new Set(overs.map(({ data }) => data.because))].join(', ') || '-'
}

function plainly(cell: Cell): string[] {
  const { written, received } = linesOf(cell)
  const connections = cell.a.all('tcp:connected').length
  return [String(written), String(received), '-', String(connections), '-', '-']
}
