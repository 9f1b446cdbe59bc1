/** Many connections in a table: those that are alike, to one service, are one line. */
import { shortened } from '../foreign/shortened.ts'
import { portOf } from '../kernel/socket-table.ts'
import { shortRange } from './duration.ts'
import type { Outlook } from './outlook.ts'
import type { ConnectionReport } from './read.ts'

const COLUMNS = [
  ['count', 5],
  ['state', 11],
  ['service', 22],
  ['idle', 12],
  ['sending', 13],
  ['now', 10],
] as const
const HEAD = COLUMNS.map(([name, width]) => name.padEnd(width)).join(' ')

export function tableOf(connections: readonly ConnectionReport[]): string[] {
  const counts = new Map<string, number>()
  for (const one of connections) {
    const line = cellsOf(one)
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  const lines = [...counts].sort(([, one], [, other]) => other - one)
  return [
    `  ${HEAD.trimEnd()}`,
    ...lines.map(([line, count]) => `  ${String(count).padStart(5)} ${line}`.trimEnd()),
  ]
}

function cellsOf(report: ConnectionReport): string {
  const { local, remote, isServed, facts, forecast } = report
  const { idle, sending, now } = forecast
  const service = isServed ? `own :${portOf(local)}` : remote
  const cells = [facts.state, service, short(idle), short(sending), short(now)]
  return cells.map((cell, index) => shortened(cell, widthOf(index)).padEnd(widthOf(index))).join(' ')
}

function widthOf(index: number): number {
  return COLUMNS[index + 1]?.[1] ?? 0
}

/** A question mark: something that was not readable would change it. */
function short(outlook: Outlook | null): string {
  if (outlook === null) return '-'
  const doubt = outlook.unless === null ? '' : '?'
  if (outlook.within === null) return `${outlook.notices === 'never' ? 'never' : ''}${doubt}`
  return `${shortRange(outlook.within)}${doubt}`
}
