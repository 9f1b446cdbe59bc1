/** Every event as a line of a table, for spreadsheets: RFC 4180. */
import { addressOf, type LabEvent } from '../../events/vocabulary.ts'
import { printable, printableJson } from '../../foreign/printable.ts'

const COLUMNS = [
  'time_ms',
  'mono_ns',
  'host',
  'incarnation',
  'program',
  'pid',
  'seq',
  'address',
  'name',
  'group_id',
  'data',
]

/**
 * A spreadsheet runs a cell that begins like this as a formula, also one that came from a peer's payload
 * (OWASP, "CSV injection"), and some read the wide forms of East Asian writing as the narrow ones.
 */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/

export function toCsv(events: readonly LabEvent[]): string {
  const lines = events.map((event) => [
    event.time,
    event.mono,
    event.host,
    event.incarnation,
    event.program,
    event.pid,
    event.seq,
    addressOf(event),
    event.name,
    event.group_id ?? '',
    printableJson(event.data),
  ])
  // RFC 4180 section 2: lines end in CRLF, the last one too.
  return [COLUMNS, ...lines].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | number): string {
  const raw = printable(String(value))
  const text = typeof value === 'string' && FORMULA.test(raw) ? `'${raw}` : raw
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
