/** What the lab tells beside its checks: what was counted apart, in two small tables. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { paragraphs, titledTable } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import { casesText } from '../../src/lab/tell.ts'
import type { Plan } from '../../src/plan/plan.ts'

/** What each row shows, in the order in which a reader meets them. */
export const LESSONS = {
  'per-request': 'a connection for each request, and one session all along.',
  kept: 'one connection for all of them: the session is the same.',
  parallel: 'several connections at once, and still one session.',
  'one-client': 'one connection, three sessions: whoever sends the cookie is the customer.',
  proxied: 'three connections in front, one behind: they have nothing to do with each other.',
  persistent: 'HTTP/1.1 keeps a connection by saying nothing at all.',
  header: 'a wish of HTTP/1.0: a header, not a packet.',
  probes: 'kernels ask kernels; the session ends all the same.',
  heartbeat: 'programs ask programs, and so it keeps the session too.',
  'session-cookie': 'it ends with the browser; the session does not notice.',
  ports: 'a cookie belongs to a host name, whatever the port.',
  resources: 'the cookie says who, the token says that they meant it.',
  memory: 'what was in the process is gone with it.',
  durable: 'connections die with the server, sessions need not.',
  idle: 'each request starts the clock again.',
  absolute: 'no amount of use makes it longer.',
  here: 'one session ends, in the store; the other browser goes on.',
  everywhere: 'all of them end, wherever their cookies are.',
  copied: 'a copy is as good as the cookie, until the session ends.',
  'fixed-id': 'an id from outside is never signed in.',
  'forged-id': 'nobody guesses one of 128 bits.',
  replayed: 'a cookie outlives its session, and opens nothing.',
  oversized: 'refused, and nobody else notices.',
  'same-key': 'asked twice, done once.',
  'new-key': 'to the server that is another transfer: done twice.',
  'no-key': 'this bank does not take the risk.',
  'host-cookie': 'over TLS, for this host, and never without.',
  ticket: 'a session inside TLS, which knows no customer.',
  'sticky-memory': 'all goes well until that server dies.',
  'spread-memory': 'the other server has never heard of you.',
  'sticky-redis': 'the session is in neither server; 502, and asked again with the key.',
  'spread-redis': 'any server will do.',
}

/** Where it is counted: connections at the bank, sessions of TLS and of the bank; null: there is no TLS. */
const COUNTED: readonly [cell: string, isTls: boolean][] = [
  ['many-conns/per-request', false],
  ['many-conns/kept', false],
  ['many-conns/parallel', false],
  ['one-conn/one-client', false],
  ['one-conn/proxied', false],
  ['tls/ticket', true],
]
/** What is on the wire for each, and what became of the session meanwhile. */
const KEEP_ALIVE: readonly [cell: string, what: string, wire: string][] = [
  ['keep-alive/persistent', 'persistent connection (HTTP/1.1)', 'packets'],
  ['keep-alive/header', 'header Connection: keep-alive', 'packets'],
  ['keep-alive/probes', 'TCP keepalive', 'probes'],
  ['keep-alive/heartbeat', 'heartbeat of requests', 'packets'],
]

export function table(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const told = casesText({ log, plan, checks }, plan.cases, style)
  return paragraphs([countedTable(checks, style), keepAliveTable(checks, style), told])
}

/** Nothing where this run looked at none of them. */
function countedTable(checks: readonly Check[], style: Style): string {
  const rows = COUNTED.flatMap(([cell, isTls]) => {
    const [connections, sessions] = ['connections', 'sessions'].map((what) => seen(checks, `${cell}/${what}`))
    if (connections == null || sessions == null) return []
    const resumed = checks.find(({ id }) => id === `${cell}/resumed`)?.observed.value
    const tls = isTls ? String(Number(firstWord(connections)) - Number(resumed)) : '-'
    return [[cell, firstWord(connections), tls, firstWord(sessions)]]
  })
  const title = 'Three kinds of things that people call a session, counted at the bank'
  return titledTable(title, rows, style, [['', 'TCP', 'TLS', 'cookie']])
}

function keepAliveTable(checks: readonly Check[], style: Style): string {
  const rows = KEEP_ALIVE.flatMap(([cell, what, wire]) => {
    const session = seen(checks, `${cell}/session`)
    return session === null ? [] : [[what, seen(checks, `${cell}/${wire}`) ?? 'not captured here', session]]
  })
  const title = 'Four things called "keep alive": what passes meanwhile, and the session after it'
  return titledTable(title, rows, style)
}

function seen(checks: readonly Check[], id: string): string | null {
  const check = checks.find((one) => one.id === id)
  if (check === undefined || check.verdict === 'skipped') return null
  return check.verdict === 'pass' ? observedWords(check) : `(${check.verdict})`
}

function firstWord(words: string): string {
  return words.split(' ')[0] ?? ''
}
