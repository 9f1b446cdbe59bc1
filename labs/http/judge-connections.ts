/** Claims about connections: how many there are, what passes on them, and which sessions they carry. */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import { type Ask, type Cell, distinct, inRow, type Words } from './cell.ts'
import type { Claims } from './judge.ts'

const SESSIONS: Pick<Words, 'source'> = { source: 'OWASP ASVS 5.0 chapter 7; RFC 6265 section 1' }

const USERS = 3
const VISITS_EACH = 2
/** The front door, and its form. */
const SIGN_IN_REQUESTS = 2

/** The sessions that the bank knew, by what it said of the requests that came. */
export function sessionsAt(cell: Cell): string[] {
  const seen = [...cell.all('b', 'http-session:created'), ...cell.all('b', 'http-session:used')]
  return distinct(seen.map(({ data }) => data.session))
}

/** `alice`: whose account an answer shows. */
export function shownIn({ event }: Ask): string | undefined {
  if (event?.name !== 'http:response_received') return undefined
  return /"user":"(\w+)"/.exec(event.data.body ?? '')?.[1]
}

/** Both ends count: the card of the server's host, and the bank itself. */
function connectionClaims(cell: Cell, expected: number, words: Pick<Words, 'claim' | 'formula'>): Claims {
  const handshakes = cell.handshakes()
  const accepted = cell.all('b', 'tcp:accepted')
  return [
    handshakes &&
      cell.counts('handshakes', expected, handshakes.length, 'SYNs', handshakes, {
        ...words,
        because: `SYNs that arrived at the bank's host, each connection once`,
        source: 'RFC 9293 section 3.5',
        short: `${handshakes.length} TCP`,
      }),
    cell.counts('connections', expected, accepted.length, 'connections', accepted, {
      claim: 'and the bank accepts as many',
      formula: words.formula,
      source: 'RFC 9112 section 9',
    }),
  ]
}

function sessionClaim(cell: Cell, expected: number, words: Pick<Words, 'claim' | 'formula'>) {
  const sessions = sessionsAt(cell)
  return cell.counts('sessions', expected, sessions.length, 'sessions', cell.all('b', 'http-session:used'), {
    ...words,
    ...SESSIONS,
    because: `session ids that the bank was shown, as digests: ${sessions.join(', ')}`,
  })
}

/** Every answer shows the account of whoever asked. */
function ownAccountClaim(cell: Cell) {
  const visits = cell.visits()
  const right = visits.filter((visit) => visit.user.startsWith(`${shownIn(visit)} `))
  return cell.counts(
    'own-account',
    visits.length,
    right.length,
    'answers',
    right.map(({ event }) => event),
    {
      claim: 'everybody is shown their own account, and nobody else',
      formula: `${VISITS_EACH} visits of ${USERS} customers`,
      source: 'RFC 9110 section 3.3: HTTP is stateless, no request may lean on the one before it',
    },
  )
}

// ---- many-conns, one-conn ---------------------------------------------------------------------------

export function manyConnections(cell: Cell): Claims {
  const { requests, sockets } = cell.settings
  const visits = cell.visits()
  const all = SIGN_IN_REQUESTS + requests
  const expected = {
    'per-request': { count: all, visits: requests, formula: `one for each of ${all} requests` },
    kept: { count: 1, visits: requests, formula: `one for all of ${all} requests` },
    parallel: { count: sockets, visits: 2 * sockets, formula: `${sockets} at the same time, then kept` },
  }[cell.mechanism] ?? { count: Number.NaN, visits: Number.NaN, formula: '' }
  return [
    ...connectionClaims(cell, expected.count, {
      claim: 'so many TCP connections carry what this customer does',
      formula: expected.formula,
    }),
    sessionClaim(cell, 1, { claim: 'and they are one session', formula: 'one: she signed in once' }),
    cell.says(
      'answers',
      `200 x ${expected.visits}`,
      inRow(visits.map(({ outcome }) => outcome)),
      visits.map(({ event }) => event),
      {
        claim: 'every request is answered as hers',
        formula: 'one 200 for each',
        ...SESSIONS,
      },
    ),
  ]
}

export function oneClient(cell: Cell): Claims {
  return [
    ...connectionClaims(cell, 1, {
      claim: 'three customers travel over one TCP connection',
      formula: 'one for all',
    }),
    sessionClaim(cell, USERS, { claim: 'and they are three sessions', formula: `${USERS} signed in` }),
    ownAccountClaim(cell),
  ]
}

export function proxied(cell: Cell): Claims {
  const front = cell.all('a', 'tcp:accepted')
  const forwarded = cell.all('a', 'balancer:forwarded')
  const reused = forwarded.filter(({ data }) => data.reused)
  return [
    ...connectionClaims(cell, 1, {
      claim: 'behind the balancer there is one TCP connection',
      formula: 'as many as it may open: 1',
    }),
    cell.counts('front', USERS, front.length, 'connections', front, {
      claim: 'before it there is one for each customer',
      formula: `${USERS} browsers, each with one`,
      source: 'RFC 9110 section 3.7: connections on both sides of a gateway are independent',
    }),
    cell.counts('reused', (SIGN_IN_REQUESTS + VISITS_EACH) * USERS - 1, reused.length, 'requests', reused, {
      claim: 'all requests but the first find that connection open',
      formula: 'requests - 1',
      source: 'RFC 9112 section 9.3',
    }),
    sessionClaim(cell, USERS, { claim: 'it carries three sessions', formula: `${USERS} signed in` }),
    ownAccountClaim(cell),
  ]
}

// ---- keep-alive ---------------------------------------------------------------------------------------

/** The connection that was left alone, and for how long: from its first answer until it is asked something again. */
interface Quiet {
  group: string
  from: number
  to: number
  answeredAt: number
}

function quietOf(cell: Cell): Quiet | null {
  const writes = cell.all('a', 'host:asked').filter(({ data }) => data.request === 'tcpWrite')
  const group = writes.at(-1)?.group_id
  const [first, ...later] = writes.filter((write) => write.group_id === group)
  const answered = cell.all('b', 'http:response_sent').find((event) => event.group_id === group)
  const end = later.at(-1)
  if (group === undefined || first === undefined || answered === undefined || end === undefined) return null
  // The last acknowledgement may be delayed (RFC 9293 section 3.8.6.3).
  return { group, from: answered.time + SLACK_MS, to: end.time, answeredAt: answered.time }
}

const QUIET = 'no packet, from the last acknowledgement to the next request'

/** What became of the session while the connection was quiet, and that the connection was still the same. */
function afterQuiet(cell: Cell, quiet: Quiet): Claims {
  const { settings } = cell
  const ofGroup = <T extends { group_id?: string | undefined }>(events: readonly T[]) =>
    events.filter(({ group_id }) => group_id === quiet.group)
  const answers = ofGroup(cell.all('b', 'http:response_sent'))
  const expired = ofGroup(cell.all('b', 'http-session:expired'))
  const used = ofGroup(cell.all('b', 'http-session:used'))
  const times = [...used, ...expired].map(({ time }) => time).sort((one, other) => one - other)
  const longestMs = Math.round(
    Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time))),
  )
  const isOver = longestMs >= settings.idleMs
  const handshakes = cell.handshakes({ from: quiet.from })
  return [
    cell.says(
      'same-connection',
      'answered, over the same connection',
      answers.length >= 2 && (handshakes ?? []).length === 0
        ? 'answered, over the same connection'
        : 'not answered, or over another one',
      answers,
      {
        claim: 'the connection is there, and takes the next request',
        formula: 'a second answer in the group of the first, and no handshake',
        source: 'RFC 9112 section 9.3',
      },
    ),
    cell.says(
      'session',
      isOver ? 'ended' : 'alive',
      expired.length > 0 ? 'ended' : 'alive',
      [...expired, used.at(-1)],
      {
        claim: isOver ? 'the session over it has ended meanwhile' : 'the session over it is alive',
        formula: `the longest time without a request, ${longestMs} ms, against the idle limit of ${settings.idleMs} ms`,
        because: 'a session counts requests, not connections and not packets',
        source: 'OWASP ASVS 5.0 7.3.1',
      },
    ),
  ]
}

/** The packets of the quiet connection, while it was quiet, at the client's end. */
function packetsOf(cell: Cell, quiet: Quiet) {
  return cell.packets('a', quiet)?.filter(({ group_id }) => group_id === quiet.group) ?? null
}

/** Nothing passes, at either end. */
function silence(cell: Cell, quiet: Quiet, claim: string): Claims {
  const [atA, atB] = [packetsOf(cell, quiet), cell.packets('b', quiet)]
  const both = atA && atB && [...atA, ...atB.filter(({ group_id }) => group_id === quiet.group)]
  return [
    both &&
      cell.nothing('packets', both, quiet, {
        claim,
        formula: QUIET,
        source: 'RFC 9112 section 9.3; RFC 9293 section 3.8.4',
        short: `${both.length} pkts`,
      }),
  ]
}

export function persistent(cell: Cell): Claims {
  const quiet = quietOf(cell)
  if (quiet === null) return []
  return [
    ...silence(cell, quiet, 'HTTP/1.1 keeps the connection, and sends nothing for it'),
    ...afterQuiet(cell, quiet),
  ]
}

export function header(cell: Cell): Claims {
  const quiet = quietOf(cell)
  if (quiet === null) return []
  const closed = cell.all('a', 'tcp:end_received').filter(({ group_id }) => group_id !== quiet.group)
  return [
    ...silence(cell, quiet, 'with `Connection: keep-alive` it stays open, and nothing is sent for it'),
    cell.counts('without', 1, closed.length, 'connections', closed, {
      claim: 'without the header, HTTP/1.0 closes after one answer',
      formula: 'one: that which did not ask for more',
      source: 'RFC 9112 section 9.3, appendix C.2.2',
    }),
    ...afterQuiet(cell, quiet),
  ]
}

export function probes(cell: Cell): Claims {
  const quiet = quietOf(cell)
  if (quiet === null) return []
  const { keepaliveIdleMs: idleMs = Number.NaN } = cell.all('a', 'kernel:options_read').at(-1)?.data ?? {}
  const packets = packetsOf(cell, quiet)
  const sent = packets?.filter(({ data }) => data.kind === 'keepalive-probe') ?? []
  const answers = packets?.filter(({ data }) => data.kind === 'keepalive-answer') ?? []
  // The idle time begins with the last packet of the answer, as the client's card saw it; so does each after a probe.
  const last = cell
    .packets('a', { to: quiet.from })
    ?.findLast(({ data, group_id }) => group_id === quiet.group && data.kind !== 'keepalive-probe')
  const quietMs = quiet.to - (last?.time ?? quiet.answeredAt)
  const expected = {
    min: Math.floor(quietMs / (idleMs + SLACK_MS)),
    max: Math.floor((quietMs + STAMP_MS) / idleMs),
  }
  const requests = cell
    .all('b', 'http:request_received', quiet)
    .filter(({ group_id }) => group_id === quiet.group)
  return [
    packets &&
      cell.counts('probes', expected, sent.length, 'probes', sent, {
        claim: "the client's kernel asks the server's whether it still knows the connection",
        formula: `${Math.round(quietMs)} ms, one every ${idleMs} ms (SO_KEEPALIVE as read back)`,
        source: 'RFC 9293 section 3.8.4; tcp(7), TCP_KEEPIDLE',
        short: `${packets.length} pkts`,
      }),
    packets &&
      cell.counts('answers', sent.length, answers.length, 'answers', answers, {
        claim: 'and the kernel answers each, whatever its program does',
        formula: 'as many as probes',
        source: 'RFC 9293 section 3.8.4',
      }),
    packets &&
      cell.counts(
        'bytes',
        0,
        packets.reduce((sum, { data }) => sum + data.bytes, 0),
        'bytes',
        packets,
        {
          claim: 'they carry nothing that a program could read',
          formula: 'the payload of all of them',
          source: 'RFC 9293 section 3.8.4',
        },
      ),
    cell.counts('program', 0, requests.length, 'requests', requests, {
      claim: 'so the bank hears of nothing',
      formula: 'requests that it received meanwhile',
      source: 'RFC 9110 section 7.6.1: Keep-Alive of HTTP has nothing to do with it',
    }),
    ...afterQuiet(cell, quiet),
  ]
}

export function heartbeat(cell: Cell): Claims {
  const quiet = quietOf(cell)
  if (quiet === null) return []
  const { heartbeatEveryMs } = cell.settings
  const requests = cell
    .all('b', 'http:request_received')
    .filter(({ group_id }) => group_id === quiet.group)
    .slice(1)
  const within = { from: quiet.answeredAt, to: cell.watch.to }
  const data = packetsOf(cell, { ...quiet, ...within })?.filter(({ data }) => data.bytes > 0)
  const beats = Math.floor(cell.settings.quietMs / heartbeatEveryMs)
  return [
    cell.counts('requests', beats, requests.length, 'requests', requests, {
      claim: 'the bank itself is asked, and answers',
      formula: `one every ${heartbeatEveryMs} ms`,
      source: 'RFC 9110 section 9.3.1',
    }),
    data === undefined
      ? null
      : cell.counts('packets', { min: 2 * beats, max: MOST_PACKETS * beats }, data.length, 'packets', data, {
          claim: 'each heartbeat is a request and its answer on the wire',
          formula: `${beats} x 2, or more where an answer does not fit into one`,
          source: 'RFC 9112 section 2',
          short: `${data.length} pkts`,
        }),
    ...afterQuiet(cell, quiet),
  ]
}

/** Of one request and its answer: a page of the account has less than four segments. */
const MOST_PACKETS = 5

// ---- tls ------------------------------------------------------------------------------------------------

export function hostCookie(cell: Cell): Claims {
  const secured = cell.all('b', 'tls:accepted')
  const groups = secured.map(({ group_id }) => group_id)
  const given = cell
    .all('a', 'http:cookie_received')
    .find(({ data }) => data.cookie.startsWith('__Host-session='))
  const overTls = cell.visits().filter(({ group }) => groups.includes(group))
  const plain = cell.visits().filter(({ group }) => !groups.includes(group))
  const texts = cell.packets('b')?.filter(({ data }) => data.bytes > 0 && data.text !== undefined)
  const readable = texts?.filter(({ group_id }) => groups.includes(group_id))
  const plainText = texts?.filter(({ group_id }) => !groups.includes(group_id)).length
  return [
    cell.says(
      'attributes',
      'HttpOnly, Path=/, SameSite=Strict, Secure',
      [...(given?.data.attributes ?? [])].sort().join(', ') || null,
      [given],
      {
        claim: 'over HTTPS the cookie is called __Host-session, and may go nowhere else',
        formula: 'as Set-Cookie has it: for TLS, for scripts not, for other sites not, without Domain',
        source: 'RFC 6265bis sections 4.1.2 and 4.1.3.2; OWASP ASVS 5.0 3.3.1',
        short: '__Host-',
      },
    ),
    cell.says(
      'over-tls',
      '200, with the cookie',
      outcomeWithCookie(overTls.at(-1)),
      overTls.map(({ event }) => event),
      {
        claim: 'over TLS it goes with the request',
        formula: 'the last visit over HTTPS',
        source: 'RFC 6265 section 5.4',
      },
    ),
    cell.says(
      'over-http',
      '401, without cookie',
      outcomeWithCookie(plain.at(-1)),
      plain.map(({ event }) => event),
      {
        claim: 'to the same host without TLS the browser does not send it',
        formula: 'the visit over HTTP',
        source: 'RFC 6265 section 5.4; section 4.1.2.5',
      },
    ),
    readable === undefined
      ? null
      : cell.counts('readable', 0, readable.length, 'packets', readable, {
          claim: 'nobody on the way reads a request, an answer or a cookie',
          formula: 'packets of these connections that begin with text',
          because: `of the connection without TLS ${plainText} can be read`,
          source: 'RFC 8446 section 5',
        }),
  ]
}

/** `200, with the cookie` */
function outcomeWithCookie(visit: Ask | undefined): string | null {
  if (visit === undefined) return null
  return `${visit.outcome}, ${visit.cookies.length > 0 ? 'with the cookie' : 'without cookie'}`
}

export function ticket(cell: Cell): Claims {
  const secured = cell.all('b', 'tls:accepted')
  const atClient = cell.all('a', 'tls:connected')
  const resumed = secured.filter(({ data }) => data.isResumed)
  const groups = (list: typeof secured) => list.map(({ group_id }) => group_id)
  const visits = cell.visits()
  const withTicket = (visit: Ask) => groups(resumed).includes(visit.group)
  const bare = visits.find((visit) => withTicket(visit) && visit.cookies.length === 0)
  const unresumed = visits.find((visit) => !withTicket(visit))
  const flights = groups(secured).map((group) => firstFlight(cell, group))
  const [full, short] = [false, true].map((isResumed) =>
    flights.filter((_, index) => secured[index]?.data.isResumed === isResumed),
  )
  const isCaptured = cell.packets('a') !== null
  return [
    ...connectionClaims(cell, TICKET_CONNECTIONS, {
      claim: 'the customer comes over four TCP connections, one after the other',
      formula: 'one to sign in, then three',
    }),
    cell.counts('resumed', RESUMED, resumed.length, 'connections', resumed, {
      claim: 'two of them go on with the TLS session of an earlier one',
      formula: 'those for which the client shows a ticket',
      because: `isSessionReused() at the client: ${atClient.map(({ data }) => data.isResumed).join(', ')}`,
      source: 'RFC 8446 section 2.2',
      short: `${TICKET_CONNECTIONS - resumed.length} TLS`,
    }),
    isCaptured
      ? cell.says(
          'certificate',
          'shorter',
          Math.max(...(short ?? [])) < Math.min(...(full ?? [])) ? 'shorter' : 'as long',
          secured,
          {
            claim: "on these the server's first words are shorter: it does not show its certificate again",
            formula: 'bytes of the server before the first request',
            because: `with a ticket ${short?.join(', ')} bytes, without ${full?.join(', ')}`,
            source: 'RFC 8446 section 2.2, figure 3',
          },
        )
      : null,
    sessionClaim(cell, 1, {
      claim: 'the session of the bank is one all along',
      formula: 'one: she signed in once',
    }),
    cell.says('no-cookie', '401', bare?.outcome ?? null, [bare?.event], {
      claim: 'resumed, but without the cookie, nobody is signed in',
      formula: 'the visit with a ticket and no cookie',
      source: 'RFC 8446 section 2.2: resumption is about keys, not about users',
    }),
    cell.says('no-ticket', '200', unresumed?.outcome ?? null, [unresumed?.event], {
      claim: 'with the cookie, but a new TLS session, she is',
      formula: 'the visit without ticket',
      source: 'RFC 6265 section 5.4',
    }),
  ]
}

const TICKET_CONNECTIONS = 4
const RESUMED = 2

/** What the server says before the client has its second turn. */
function firstFlight(cell: Cell, group: string | undefined): number {
  const packets = (cell.packets('a') ?? []).filter(
    ({ data, group_id }) => group_id === group && data.bytes > 0,
  )
  const answer = packets.findIndex(({ data }) => data.direction === 'received')
  const next = packets.findIndex(({ data }, index) => index > answer && data.direction === 'sent')
  return packets.slice(answer, next).reduce((sum, { data }) => sum + data.bytes, 0)
}
