/** The commands that a run executed, put so that a learner can repeat those of one pair of hosts by hand. */
import type { EventOf, LabEvent } from '../../events/vocabulary.ts'

export interface CommandGroup {
  title: string
  /** One a line, quoted for a shell. */
  lines: string[]
}

/** Whatever a shell takes as it stands. */
const PLAIN = /^[\w@%+=:,./-]+$/

/** @param order names of pairs, as the reader has met them in the matrix */
export function commandGroups(events: readonly LabEvent[], order: readonly string[]): CommandGroup[] {
  const pairs = new Map<string, { build: string[]; after: string[] }>()
  const begun = new Set<string>()
  const common: string[] = []
  const hosts = new Map<string, string>()
  for (const event of events) {
    if (event.name === 'host:started') hosts.set(event.host, event.data.pair)
  }
  for (const pair of [...order, ...hosts.values()]) pairs.set(pair, { build: [], after: [] })
  for (const event of events) {
    if (event.name === 'fault:striking' || event.name === 'case:started') begun.add(event.data.pair)
    if (event.name !== 'command:run') continue
    const pair = pairOfCommand(event, hosts, pairs)
    const own = pair === undefined ? undefined : pairs.get(pair)
    if (pair === undefined || own === undefined) common.push(lineOf(event))
    else if (begun.has(pair)) own.after.push(lineOf(event))
    else own.build.push(lineOf(event))
  }
  return [
    ...groupOf('before all hosts', common),
    ...[...pairs].flatMap(([pair, { build, after }]) => [
      ...groupOf(`${pair}: the two hosts and their switch`, build),
      ...groupOf(`${pair}: what was done to it`, after),
    ]),
  ]
}

function groupOf(title: string, lines: string[]): CommandGroup[] {
  return lines.length === 0 ? [] : [{ title, lines }]
}

/** A command names a host, or the switch of a pair; both names begin in ways of their own. */
function pairOfCommand(
  { host, data }: EventOf<'command:run'>,
  hosts: ReadonlyMap<string, string>,
  pairs: ReadonlyMap<string, unknown>,
): string | undefined {
  for (const word of data.argv) {
    const pair = hosts.get(word) ?? (word.startsWith('sw-') ? word.slice(3) : undefined)
    if (pair !== undefined && pairs.has(pair)) return pair
  }
  return hosts.get(host)
}

function lineOf({ data: { argv, status, stderr } }: EventOf<'command:run'>): string {
  const line = argv.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
  if (status === 0) return line
  const why = stderr === undefined ? '' : `: ${stderr.trim().split('\n')[0]}`
  return `${line}  # ended with ${status === null ? 'a signal' : `status ${status}`}${why}`
}
