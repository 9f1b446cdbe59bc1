/** What became of every conversation, a line each. */
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { plainLine, type SessionSettings } from './conditions.ts'
import { SeenSession } from './seen.ts'

const COLUMNS = ['', 'said', 'arrived', 'doubled', 'carried by', 'the client hears', 'the server says']

/** As wide as what is in it: 90 columns. */
export function matrix(log: LabLog, plan: Plan<SessionSettings>): string {
  const rows = plan.cells.flatMap((cell) => {
    const [caseId = '', row = ''] = cell.split('/')
    const seen = log.watchOf(caseId)?.complete === true ? SeenSession.of(log, caseId, row) : null
    if (seen === null) return [[cell, 'not observed']]
    return [[cell, ...(row === 'plain' ? plainly(seen) : talked(seen))]]
  })
  const table = [COLUMNS, ...rows]
  const widths = COLUMNS.map((_, at) =>
    Math.max(...table.map((row) => (row.length > 2 || at === 0 ? (row[at] ?? '').length : 0))),
  )
  const isNumber = (at: number) => at >= 1 && at <= 3
  const lines = table.map((row) =>
    row
      .map((text, at) =>
        isNumber(at) && row.length > 2 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return ['What was said at the client, what arrived at the server, and over what:', '', ...lines].join('\n')
}

function talked(seen: SeenSession): string[] {
  const { said, lost, delivered, doubled } = seen.toServer()
  // Two sessions may say the same texts, one after the other.
  const sessions = seen.sessions.map((session) => seen.toServer(session))
  const twice = seen.sessions.length > 1 ? sessions.reduce((sum, each) => sum + each.doubled, 0) : doubled
  const arrived = seen.sessions.length > 1 ? delivered.length : said.length - lost
  const all =
    seen.sessions.length > 1 ? sessions.reduce((sum, each) => sum + each.said.length, 0) : said.length
  return [
    String(all),
    String(arrived),
    String(twice),
    carried(seen),
    becauses(seen.overs('a', 'session-client')),
    becauses(seen.overs('b')),
  ]
}

function carried(seen: SeenSession): string {
  const them = seen.connections()
  if (them === null) return '-'
  const isTcp = them.packets[0]?.data.protocol === 'tcp'
  const { size } = them.ports
  return `${size} ${isTcp ? 'connection' : 'port'}${size === 1 ? '' : 's'}`
}

function becauses(overs: readonly { data: { because: string } }[]): string {
  return [...new Set(overs.map(({ data }) => data.because))].join(', ') || '-'
}

function plainly({ cell }: SeenSession): string[] {
  const bytes = (events: readonly { data: { bytes: number } }[]) =>
    events.reduce((sum, { data }) => sum + data.bytes, 0) / plainLine(1).length
  const connections = cell.all('a', 'tcp:connected').length
  return [
    String(bytes(cell.all('a', 'tcp:written'))),
    String(bytes(cell.all('b', 'tcp:received'))),
    '-',
    `${connections} connection${connections === 1 ? '' : 's'}`,
    '-',
    '-',
  ]
}
