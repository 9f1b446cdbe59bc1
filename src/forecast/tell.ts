/** The forecast as text: aligned, at most 80 columns, and the same without colours. */
import { printableData } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import type { Style } from '../lab/tale.ts'
import { beside, wrapped } from '../text/wrap.ts'
import { longDuration } from './duration.ts'
import type { Outlook } from './outlook.ts'
import type { ConnectionReport, ProcessReport, Reading } from './read.ts'
import { tableOf } from './table.ts'

const LABEL_COLUMNS = 13
const INDENT = '    '
const COMMAND_MAX = 70

/** More than this, and those that are alike become a line of a table. */
const EACH_MAX = 8
const ASSUMED =
  "For a peer that is silent while this host's own network works. Where its route, link or queue fails, or somebody else answers (ICMP, RST), the end may come sooner, or not at all."

/** What was seen of the connections' data: a heartbeat, or none. */
export type Heartbeats = ReadonlyMap<ConnectionReport, string>

export function tellReading(reading: Reading, style: Style, heartbeats: Heartbeats = new Map()): string {
  // A process chooses its own name and arguments; what was left out may name it too. The rest is ours, and much.
  const leftOut = printableData(reading.leftOut)
  const processes = reading.processes.map((one) => ({
    ...printableData({ ...one, connections: [], datagrams: [] }),
    connections: one.connections,
    datagrams: one.datagrams,
  }))
  const lines = processes.flatMap((one) => [...processLines(one, style, heartbeats), ''])
  if (processes.length === 0) lines.push('No process that may be read holds such a connection.', '')
  else lines.push(...wrapped(ASSUMED, style.columns), '')
  return [...lines, ...leftOut.flatMap((what) => wrapped(`Left out: ${what}`, style.columns)), '']
    .join('\n')
    .replace(/\n+$/, '\n')
}

function processLines(report: ProcessReport, style: Style, heartbeats: Heartbeats): string[] {
  const { pid, uid, connections, datagrams, listening, otherSockets } = report
  const counts = [
    counted(connections.length, 'connection'),
    ...(datagrams.length > 0 ? [counted(datagrams.length, 'UDP socket')] : []),
    ...(listening > 0 ? [`${listening} listening`] : []),
    ...(otherSockets > 0 ? [`${otherSockets} of other kinds`] : []),
  ].join(', ')
  return [
    style.bold(`pid ${pid}  ${shortened(report.command, COMMAND_MAX)}  (uid ${uid})`),
    ...beside('  ', counts, style.columns),
    ...report.problems.flatMap((problem) => beside('  ', `note: ${problem}`, style.columns)),
    ...(connections.length > EACH_MAX && heartbeats.size === 0
      ? ['', ...tableOf(connections), ...beside('  ', EACH_HINT, style.columns)]
      : connections.flatMap((one) => connectionLines(one, style, heartbeats.get(one)))),
    ...datagrams.flatMap(({ local, remote }) => [
      ...endsLines(local, remote ?? 'anybody', 'UDP', style),
      ...labelled(
        'silence',
        remote === null
          ? 'nobody notices: UDP has no state'
          : 'nobody notices: UDP has no state; a closed port may answer (ECONNREFUSED)',
        style,
      ),
    ]),
  ]
}

const EACH_HINT = 'each by itself, with what would change it: --port N, for fewer of them, or --json'

function connectionLines(
  { local, remote, facts, forecast }: ConnectionReport,
  style: Style,
  heartbeat: string | undefined,
): string[] {
  const { idle, sending, frozen, now, note, advice } = forecast
  const outlook = (label: string, one: Outlook | null) =>
    one === null ? [] : labelled(label, outlookWords(one), style)
  return [
    ...endsLines(local, remote, facts.state, style),
    ...labelled('set', optionWords(facts), style),
    ...outlook('now', now),
    ...outlook('idle', idle),
    ...outlook('sending', sending),
    ...outlook('peer frozen', frozen),
    ...(heartbeat === undefined ? [] : labelled('heartbeat', heartbeat, style)),
    ...(note === null ? [] : labelled('note', note, style)),
    ...labelled('to change', advice, style),
  ]
}

function endsLines(local: string, remote: string, state: string, style: Style): string[] {
  const line = `  ${local} -> ${remote}  ${state}`
  if (line.length <= style.columns) return ['', style.bold(line)]
  return ['', style.bold(`  ${local}`), style.bold(`  -> ${remote}  ${state}`)]
}

function outlookWords({ words, unless, notices }: Outlook): string {
  return unless === null || notices === 'unknown' ? words : `${words}, unless ${unless}`
}

function optionWords({ reading, timer }: ConnectionReport['facts']): string {
  if (reading === null) {
    const known = { keepalive: 'keepalive is on; ', none: 'keepalive is off; ' }[timer as string] ?? ''
    return `${known}options not readable`
  }
  const { keepalive, keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes, userTimeoutMs } = reading.options
  const probing = `${keepaliveIdleMs / 1000} s, then ${keepaliveProbes} x ${keepaliveIntervalMs / 1000} s`
  return [
    keepalive ? `keepalive ${probing}` : 'no keepalive',
    userTimeoutMs > 0 ? `TCP_USER_TIMEOUT ${longDuration(userTimeoutMs)}` : 'no TCP_USER_TIMEOUT',
  ].join('; ')
}

function labelled(label: string, text: string, { columns }: Style): string[] {
  return beside(`${INDENT}${label.padEnd(LABEL_COLUMNS)}`, text, columns)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
