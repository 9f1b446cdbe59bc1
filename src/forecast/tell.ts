/** The forecast as text: aligned, at most 100 columns, and the same without colours. */
import type { Style } from '../lab/tale.ts'
import { printable, shortened } from '../view/words.ts'
import { longDuration } from './duration.ts'
import type { Outlook } from './forecast.ts'
import type { ConnectionReport, ProcessReport, Reading } from './read.ts'

const COLUMNS = 100
const LABEL_COLUMNS = 13
const INDENT = '    '
const COMMAND_MAX = 70

export function tellReading({ processes, leftOut }: Reading, style: Style): string {
  const lines = processes.flatMap((one) => [...processLines(one, style), ''])
  if (processes.length === 0) lines.push('No process that may be read holds a connection.', '')
  return [...lines, ...leftOut.flatMap((what) => wrapped(`Left out: ${what}`, '')), '']
    .join('\n')
    .replace(/\n+$/, '\n')
}

function processLines(report: ProcessReport, style: Style): string[] {
  const { pid, command, uid, connections, datagrams, listening, otherSockets } = report
  const counts = [
    counted(connections.length, 'connection'),
    ...(datagrams.length > 0 ? [counted(datagrams.length, 'UDP socket')] : []),
    ...(listening > 0 ? [`${listening} listening`] : []),
    ...(otherSockets > 0 ? [`${otherSockets} of other kinds`] : []),
  ].join(', ')
  return [
    style.bold(`pid ${pid}  ${shortened(printable(command), COMMAND_MAX)}  (uid ${uid})`),
    ...wrapped(counts, '  '),
    ...report.problems.flatMap((problem) => wrapped(`note: ${problem}`, '  ')),
    ...connections.flatMap((connection) => connectionLines(connection, style)),
    ...datagrams.flatMap(({ local, remote }) => [
      ...endsLines(local, remote ?? 'anybody', 'UDP', style),
      ...labelled(
        'silence',
        remote === null
          ? 'nobody notices: UDP has no state'
          : 'nobody notices: UDP has no state; a closed port may answer (ECONNREFUSED)',
      ),
    ]),
  ]
}

function connectionLines({ local, remote, facts, forecast }: ConnectionReport, style: Style): string[] {
  const { idle, sending, frozen, now, advice } = forecast
  const outlook = (label: string, one: Outlook | null) =>
    one === null ? [] : labelled(label, outlookWords(one))
  return [
    ...endsLines(local, remote, facts.state, style),
    ...labelled('set', optionWords(facts)),
    ...outlook('now', now),
    ...outlook('idle', idle),
    ...outlook('sending', sending),
    ...outlook('peer frozen', frozen),
    ...labelled('to change', advice),
  ]
}

function endsLines(local: string, remote: string, state: string, style: Style): string[] {
  const line = `  ${local} -> ${remote}  ${state}`
  if (line.length <= COLUMNS) return ['', style.bold(line)]
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

function labelled(label: string, text: string): string[] {
  const [first = '', ...more] = wrapped(text, `${INDENT}${' '.repeat(LABEL_COLUMNS)}`)
  return [`${INDENT}${label.padEnd(LABEL_COLUMNS)}${first.trimStart()}`, ...more]
}

/** Lines of whole words; a longer word keeps a line of its own. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > COLUMNS) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
