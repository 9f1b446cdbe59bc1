/** What the customers of a row asked for, and what came of it: the questions that all cases put to the log. */
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { says, type Words } from '../../src/lab/claims.ts'
import { firstOfEach } from '../../src/lab/packets.ts'

/** A request of a customer, and what came of it. */
export interface Ask {
  /** Whose browser: `alice kept` is Alice's, in the row `kept`. */
  user: string
  /** `GET /account` */
  what: string
  /** The digest of the bank's cookie that went with it; undefined: none did. */
  session: string | undefined
  /** The connection that it travelled on. */
  group: string | undefined
  sent: EventOf<'http:request_sent'>
  /** `200`, or why there was no answer: `NO_ANSWER`; `nothing` where the log has neither. */
  outcome: string
  event: EventOf<'http:response_received'> | EventOf<'http:request_failed'> | undefined
}

/** In order. @param browser only from there: `alice`, `thief`; undefined: from everywhere */
export function asksOf(cell: Cell, browser?: string): Ask[] {
  const { a } = cell
  const outcomes = [...a.all('http:response_received'), ...a.all('http:request_failed')]
  return a.all('http:request_sent').flatMap((sent) => {
    const { user = '?', number, method, path, cookies = [] } = sent.data
    if (browser !== undefined && user !== `${browser} ${cell.row}`) return []
    const event = outcomes.find((one) => one.data.number === number && one.group_id === sent.group_id)
    const session = cookies.map(digestOf).find((digest) => digest !== undefined)
    const ask = { user, what: `${method} ${path}`, session, group: sent.group_id, sent, event }
    return [{ ...ask, outcome: outcomeOf(event) }]
  })
}

function outcomeOf(event: Ask['event']): string {
  if (event === undefined) return 'nothing'
  return event.name === 'http:response_received' ? String(event.data.status) : event.data.code
}

/** Those that asked to see the account. */
export function visitsOf(cell: Cell, browser?: string): Ask[] {
  return asksOf(cell, browser).filter(({ what }) => what === 'GET /account')
}

export function transfersOf(cell: Cell, browser?: string): Ask[] {
  return asksOf(cell, browser).filter(({ what }) => what === 'POST /transfer')
}

/** The digest in `session=1a2b3c4d`, or in `__Host-session=...`; undefined: it is another cookie. */
export function digestOf(cookie: string): string | undefined {
  return /^(?:__Host-)?session=(.+)$/.exec(cookie)?.[1]
}

/** The session that a request showed, in words. */
export function sessionIn(ask: Ask | undefined): string {
  if (ask === undefined) return 'nothing'
  return ask.session ?? 'no cookie'
}

/** `alice`: whose account an answer shows. */
export function shownIn(ask: Ask | undefined): string | undefined {
  return /"user":"(\w+)"/.exec(bodyOf(ask))?.[1]
}

/** The balance that an answer shows; empty where there was no answer. */
export function balanceIn(ask: Ask | undefined): string {
  if (ask?.event?.name !== 'http:response_received') return ''
  return /"balance":"([\d.]+)"/.exec(bodyOf(ask))?.[1] ?? 'not shown'
}

function bodyOf(ask: Ask | undefined): string {
  return ask?.event?.name === 'http:response_received' ? (ask.event.data.body ?? '') : ''
}

/** The sessions that the bank knew, by what it said of the requests that came. */
export function sessionsAt(cell: Cell): string[] {
  const { b } = cell
  const seen = [...b.all('http-session:created'), ...b.all('http-session:used')]
  return firstOfEach(seen.map(({ data }) => data.session))
}

/** The customers were answered so, in order: `200`, `401 x 2`. */
export function answered(
  cell: Cell,
  what: string,
  expected: string,
  asked: Ask | undefined | readonly (Ask | undefined)[],
  words: Words,
) {
  const all = [asked].flat()
  const outcomes = all.map((ask) => ask?.outcome ?? 'nothing')
  const events: (LabEvent | undefined)[] = all.map((ask) => ask?.event)
  return says(cell, what, expected, inRow(outcomes), { evidence: events, ...words })
}

/** `200 x 5, 401`: what came, in order, the same ones together. */
export function inRow(outcomes: readonly string[]): string {
  const rows: { outcome: string; count: number }[] = []
  for (const outcome of outcomes) {
    const last = rows.at(-1)
    if (last?.outcome === outcome) last.count += 1
    else rows.push({ outcome, count: 1 })
  }
  return rows.map(({ outcome, count }) => (count === 1 ? outcome : `${outcome} x ${count}`)).join(', ')
}
