/** The field guide as Markdown and as a table to be sorted, made from the entries and what was recorded of them. Pure. */
import { longDuration } from '../forecast/duration.ts'
import type { SortedCell, SortedTable } from '../view/sorted/page.ts'
import { shortTime } from '../view/viewer/signs.ts'
import {
  type Entry,
  formulaOf,
  GUIDE_FAULTS,
  type GuideFault,
  rangeOf,
  termsOf,
  type Variant,
  variants,
} from './entry.ts'
import {
  type EndRecord,
  type EntryRecord,
  type FaultRecord,
  firstMs,
  type Guide,
  type VariantRecord,
} from './record.ts'

const NOTHING = '-'
/** Of what clients say, a line of the table has room for so much. */
const WORDS_MAX = 90

const TITLE = 'A field guide: what programs do when their peer is gone'
const COLUMNS = ['program', 'set', 'TCP of the client', 'heartbeat', ...GUIDE_FAULTS, 'tries to come back']
/** How a cell is read. */
const CELLS = `A cell is about the client: after how many seconds a connection of its was over / its user was told / its program
ended; \`-\` is never, in the time of the watch. What the server noticed follows. \`kept\`: the connection outlived it;
\`back\`: so long after the fault was undone the client was served again, as it said itself.`

const HEAD = `# ${TITLE}

Made by \`npm run guide\` from [guide.json](guide.json); nothing here is typed by hand but what each program is, its
formula and the options that mislead. Each was run under six faults that struck its server's host, with nothing set and
with a heartbeat of its own set to some seconds: cut off, frozen (SIGSTOP), killed (its kernel lives, it is started
again later), rebooted at once, cut off for 1.5 s, and left alone.

${CELLS}

\`\`\`sh
npm run guide -- ioredis              # makes an entry again, and this page
npm run guide -- --again ioredis      # runs it, and says whether it agrees
npm run guide -- --html guide.html    # the table below as a page, to be sorted by any column
\`\`\`
`

/** @param entries those that are recorded, in order */
export function guidePage(entries: readonly Entry[], guide: Guide): string {
  const recorded = recordedOf(entries, guide)
  return [
    HEAD,
    '## Who notices, and when',
    '',
    row(COLUMNS),
    row(COLUMNS.map(() => '---')),
    ...recorded.flatMap(({ entry, record }) => variants.map((variant) => mainRow(entry, record, variant))),
    '',
    '## What each tells its user, and what misleads',
    '',
    ...recorded.flatMap(({ entry, record }) => section(entry, record)),
  ].join('\n')
}

/** The table alone. In the column of a fault a row's place is how soon its client noticed anything. */
export function guideTable(entries: readonly Entry[], guide: Guide): SortedTable {
  return {
    title: TITLE,
    about: [CELLS.replaceAll('`', '').replaceAll('\n', ' ')],
    columns: COLUMNS,
    rows: recordedOf(entries, guide).flatMap(({ entry, record }) =>
      variants.map((variant): SortedCell[] => {
        const of = record.variants[variant]
        return [
          { text: entry.title },
          { text: variant === 'default' ? 'nothing' : setWords(entry).replaceAll('`', '') },
          {
            text: tcpWords(of.tcp.client),
            by: of.tcp.client?.keepalive ? of.tcp.client.keepaliveIdleMs : null,
          },
          { text: heartbeatWords(of), by: of.heartbeat?.everyMs ?? null },
          ...GUIDE_FAULTS.map((fault) => ({
            text: cellText(of.faults[fault]),
            by: firstMs(of.faults[fault].client),
          })),
          { text: triesWords(of.faults.cut), by: of.faults.cut.tries[0] ?? null },
        ]
      }),
    ),
  }
}

function recordedOf(entries: readonly Entry[], guide: Guide): { entry: Entry; record: EntryRecord }[] {
  return entries.flatMap((entry) => {
    const record = guide.entries[entry.name]
    return record === undefined ? [] : [{ entry, record }]
  })
}

function mainRow(entry: Entry, record: EntryRecord, variant: Variant): string {
  const of = record.variants[variant]
  return row([
    variant === 'default' ? `[${entry.title}](#${entry.name})` : '',
    variant === 'default' ? 'nothing' : setWords(entry),
    tcpWords(of.tcp.client),
    heartbeatWords(of),
    ...GUIDE_FAULTS.map((fault) => cellText(of.faults[fault])),
    triesWords(of.faults.cut),
  ])
}

function section(entry: Entry, record: EntryRecord): string[] {
  const versions = Object.entries(record.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `### <a id="${entry.name}"></a>${entry.title}`,
    '',
    `${entry.what} ([its programs](${entry.name})). ${versions.join(', ')}; ${record.day}${record.agreed > 0 ? `, and ${record.agreed} more ${record.agreed === 1 ? 'run' : 'runs'} agreed` : ''}.`,
    '',
    `- Formula: ${entry.formula.words}`,
    ...(entry.own.formula === undefined
      ? []
      : [`- Formula with the heartbeat set: ${entry.own.formula.words}`]),
    ...formulaLines(entry),
    ...(record.variants.own.tcp.server === null
      ? []
      : [
          `- TCP of the server: ${tcpWords(record.variants.default.tcp.server)}; with the heartbeat set: ${tcpWords(record.variants.own.tcp.server)}`,
        ]),
    ...toldLines(record),
    ...entry.misleading.map((line) => `- Misleading: ${line}`),
    '',
  ]
}

/** The formula's value, where the defaults or what is set give it one. */
function formulaLines(entry: Entry): string[] {
  return variants.flatMap((variant) =>
    (['client', 'server'] as const).flatMap((end) => {
      const formula = formulaOf(entry, variant)
      const written = formula[end]
      const range = rangeOf(entry, variant, end)
      if (written === undefined || range === null) return []
      const terms = Object.entries(termsOf(entry, variant)).map(([name, value]) => `${name} ${value}`)
      const text = written.from === written.to ? written.to : `from ${written.from} to ${written.to}`
      const found = end === 'server' ? 'a cut' : formula.finds.map((fault) => `a ${fault}`).join(' and ')
      const value =
        range.fromMs === range.toMs
          ? longDuration(range.toMs)
          : `${longDuration(range.fromMs)} to ${longDuration(range.toMs)}`
      return [
        `  - ${variant === 'default' ? 'by default' : 'as set here'}, the ${end} notices ${found}: \`${text}\` = ${value} (${terms.join(', ')})`,
      ]
    }),
  )
}

/** Faults in which the user is told the same are told together. */
function toldLines(record: EntryRecord): string[] {
  return variants.flatMap((variant) => {
    const byText = new Map<string, GuideFault[]>()
    for (const fault of GUIDE_FAULTS) {
      const { told } = record.variants[variant].faults[fault]
      const text = told.length === 0 ? 'nothing' : told.map((line) => `\`${shown(line)}\``).join(', ')
      byText.set(text, [...(byText.get(text) ?? []), fault])
    }
    return [
      `- Its user is told, ${variant === 'default' ? 'with nothing set' : 'with the heartbeat set'}:`,
      ...[...byText].map(([text, faults]) => `  - ${faults.join(', ')}: ${text}`),
    ]
  })
}

function setWords({ own }: Entry): string {
  return Object.entries(own.set)
    .map(([name, value]) => `\`${name}: ${value}\``)
    .join(', ')
}

function tcpWords(tcp: VariantRecord['tcp']['client']): string {
  if (tcp === null) return 'not known'
  const { keepalive, keepaliveIdleMs, keepaliveIntervalMs, keepaliveProbes, userTimeoutMs } = tcp
  const asks = keepalive
    ? `keepalive ${longDuration(keepaliveIdleMs)}, then ${keepaliveProbes} x ${longDuration(keepaliveIntervalMs)}`
    : 'no keepalive'
  return userTimeoutMs === 0 ? asks : `${asks}, user timeout ${longDuration(userTimeoutMs)}`
}

function heartbeatWords({ heartbeat, faults }: VariantRecord): string {
  const { watchedMs, client } = faults.none
  if (heartbeat === null) return `none in ${longDuration(watchedMs)}`
  const { starts, everyMs, bytes, answered } = heartbeat
  const what = bytes === null ? '' : ` (${bytes} bytes)`
  const noticed = [faults.freeze.client, faults.freeze.server].some(
    (end) => end !== null && firstMs(end) !== null,
  )
  const isLookedAt =
    answered && firstMs(client) === null ? (noticed ? ', and somebody looks' : ', nobody looked') : ''
  return `the ${starts}, every ${longDuration(everyMs)}${what}, ${answered ? 'answered' : 'not answered'}${isLookedAt}`
}

function cellText({ client, server, kept, backAfterMs }: FaultRecord): string {
  const ended = backAfterMs === null ? 'not back' : `back ${shortTime(backAfterMs)}`
  return [endText(client), server === null ? null : `server ${endText(server)}`, kept ? 'kept' : ended]
    .filter((part) => part !== null)
    .join('; ')
}

function endText(end: EndRecord): string {
  if (firstMs(end) === null) return NOTHING
  return [end.loses, end.says, end.ends]
    .map((sign) => (sign === null ? NOTHING : shortTime(sign.afterMs)))
    .join(' / ')
}

function triesWords({ tries, watchedMs }: FaultRecord): string {
  if (tries.length === 0) return 'no'
  return `at ${tries.map((afterMs) => shortTime(afterMs)).join(', ')} s, in ${longDuration(watchedMs)}`
}

function shown(line: string): string {
  const text = line.replaceAll('`', "'").replaceAll('|', '/')
  return text.length > WORDS_MAX ? `${text.slice(0, WORDS_MAX)}...` : text
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
