/** Is a tunnel a connection, a session, or neither? What outlived what, in this run, decides it. */
import { type Cell, cellOf } from '../../src/lab/cell.ts'
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { wrapped } from '../../src/text/wrap.ts'
import type { VpnSettings } from './conditions.ts'

/** What became of one of them: `-` where there was none of it, and `?` where the run did not come so far. */
type Fate = 'the same' | 'new' | 'lives' | 'lost' | '-' | '?'

interface Survivor {
  id: string
  what: string
  keys: Fate
  inside: Fate
  beside: Fate
}

const WHAT: Readonly<Record<string, string>> = {
  elsewhere: 'another address',
  nat: 'the router forgot',
  cut: 'a minute in the dark',
  restarted: 'the server started again',
  rekey: 'four minutes of use',
  silent: 'nine minutes of silence',
}

/** Of a terminal, beside the names of the cases. */
const WIDTH = 68

/** Told in the end of a run; null where it looked into none of these cases. */
export function story(log: LabLog, plan: Plan<VpnSettings>): Story | null {
  const survivors = survivorsOf(log, plan)
  const [first] = survivors
  if (first === undefined) return null
  const entries = survivors.map(({ id, what, keys, inside, beside }) => {
    const fates = { keys, 'TCP inside': inside, 'TCP beside': beside }
    const seen = Object.entries(fates).filter(([, fate]) => fate !== '-')
    return { term: id, lines: [`${what}: ${seen.map(([of, fate]) => `${of} ${fate}`).join(', ')}`] }
  })
  return {
    cell: `${first.id}/vpn`,
    heading: 'Is the tunnel a connection, a session, or neither? What outlived what:',
    entries: [...entries, { term: 'so', lines: wrapped(decision(survivors), WIDTH) }],
  }
}

function survivorsOf(log: LabLog, plan: Plan<VpnSettings>): Survivor[] {
  return Object.entries(WHAT).flatMap(([id, what]) => {
    const cell = plan.cases.includes(id) ? cellOf<VpnSettings>(log, plan, `${id}/vpn`) : null
    if (cell === null) return []
    const [inside, beside] = ['inner-tcp', 'plain-tcp'].map((row) => fateOf(cell.beside(row)))
    return [{ id, what, keys: keysOf(cell), inside: inside ?? '-', beside: beside ?? '-' }]
  })
}

function keysOf(cell: Cell): Fate {
  const sessions = cell.a.all('vpn:session_made').length
  if (sessions === 0) return '?'
  return sessions === 1 ? 'the same' : 'new'
}

/** It lives when something was heard on it after the moment that it had to outlive, and it had not to be made anew. */
function fateOf(cell: Cell): Fate {
  const connections = cell.a.all('tcp:connected').length
  if (connections === 0) return '-'
  const spoke = cell.moment('speaks')
  if (spoke === undefined) return '?'
  const heard = cell.a.first('tcp:received', { from: spoke })
  return heard !== undefined && connections === 1 ? 'lives' : 'lost'
}

/** In words, from what is in the table; nothing is decided of what was not seen. */
function decision(survivors: readonly Survivor[]): string {
  const isConnection = survivors.some(({ keys, beside }) => beside === 'lost' && keys !== 'the same')
  const outlived = survivors.filter(({ keys, inside }) => keys === 'new' && inside === 'lives')
  const lost = survivors.filter(({ inside }) => inside === 'lost')
  const unmoved = survivors.filter(({ keys }) => keys === 'the same').length
  if (outlived.length === 0 || lost.length > 0 || isConnection) {
    return 'This run does not decide it: see the cases above that are missing, or were lost.'
  }
  return [
    `Not a connection: in ${unmoved} of ${survivors.length} cases another way or address left its keys as they were, and a connection is named by those.`,
    `Not one session either: ${outlived.length} times its keys were replaced, and the connection inside lived on.`,
    'What lasted through all of it is in two files: two public keys. It is an agreement, and sessions are made of it whenever somebody has something to say.',
  ].join(' ')
}
