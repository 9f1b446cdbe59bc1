/** Claims about sessions: what they hang on, when they end, and who can use them. */
import { STAMP_MS } from '../../src/lab/checks.ts'
import { amountOf, OPENING_CENTS } from '../../src/programs/bank/transfer.ts'
import { USE_WRITTEN_PART } from '../../src/protocols/http-session/constants.ts'
import { type Ask, type Cell, distinct, inRow } from './cell.ts'
import type { Claims } from './judge.ts'
import { sessionsAt, shownIn } from './judge-connections.ts'

const ASVS = 'OWASP ASVS 5.0'
const COOKIES = 'RFC 6265'

/** `session=1a2b3c4d`, or undefined: the cookie of the bank that went with a request. */
function sessionOf({ cookies }: Ask): string | undefined {
  return cookies.find((cookie) => cookie.startsWith('session='))?.slice('session='.length)
}

/** The balance that an answer shows. */
export function balanceIn(visit: Ask | undefined): string | null {
  if (visit?.event?.name !== 'http:response_received') return null
  return /"balance":"([\d.]+)"/.exec(visit.event.data.body ?? '')?.[1] ?? null
}

const eventsOf = (asks: readonly (Ask | undefined)[]) => asks.map((ask) => ask?.event)
const outcomes = (asks: readonly (Ask | undefined)[]) => inRow(asks.map((ask) => ask?.outcome ?? 'nothing'))
/** By which of their browsers: `alice`, `thief`. */
const by = (cell: Cell, browser: string) => cell.visits(`${browser} ${cell.mechanism}`)

// ---- cookie -------------------------------------------------------------------------------------------

export function sessionCookie(cell: Cell): Claims {
  const given = cell.all('a', 'http:cookie_received').find(({ data }) => data.cookie.startsWith('session='))
  // Of a user, and so of no row.
  const closed = cell.log.all('http:browser_closed', { host: cell.host('a'), ...cell.watch })[0]
  const after = by(cell, 'alice').find(({ sent }) => closed !== undefined && sent.time > closed.time)
  const [copy] = by(cell, 'copy')
  const until = after?.sent.time ?? cell.watch.to
  const told = ['http:request_received', 'http-session:ended'] as const
  const heard = told.flatMap((name) =>
    cell.all('b', name, { from: closed?.time ?? cell.watch.from, to: until }),
  )
  return [
    cell.says(
      'no-date',
      'no date',
      given === undefined ? null : given.data.isPersistent ? 'a date' : 'no date',
      [given],
      {
        claim: 'the cookie has neither Max-Age nor Expires: it is what is called a session cookie',
        formula: given?.data.attributes.join('; ') ?? '',
        source: `${COOKIES} section 5.3 step 3`,
      },
    ),
    cell.says(
      'forgotten',
      '401, no cookie',
      after ? `${after.outcome}, ${sessionOf(after) ?? 'no cookie'}` : null,
      [closed, after?.event],
      {
        claim: 'when the browser is closed, the cookie is gone',
        formula: 'the next visit from that browser',
        source: `${COOKIES} section 5.3: "the session" is here that of the browser`,
      },
    ),
    cell.nothing(
      'not-told',
      heard,
      { from: closed?.time ?? cell.watch.from, to: until },
      {
        claim: 'and the bank is not told',
        formula: 'no request, no end of a session, until the next visit',
        source: `${COOKIES} section 7.3`,
      },
    ),
    cell.says('lives-on', '200', copy?.outcome ?? null, [copy?.event], {
      claim: 'the session goes on: it is the bank that keeps it',
      formula: 'a visit with a copy of the cookie, afterwards',
      source: `${ASVS} 7.4: a session ends when the server ends it`,
      short: 'lives',
    }),
  ]
}

export function ports(cell: Cell): Claims {
  const [first, second] = sortedPorts(cell)
  const created = cell.all('b', 'http-session:created')[0]
  const refused = cell.all('b', 'http-session:refused')[0]
  const [atOther, atFirst] = cell.visits()
  return [
    cell.says(
      'sent',
      created?.data.session ?? 'the id that was given',
      atOther === undefined ? null : (sessionOf(atOther) ?? 'no cookie'),
      [atOther?.sent],
      {
        claim: "the first bank's cookie is sent to the other bank, which listens at another port",
        formula: `given at port ${first}, sent to port ${second}: the digest is the same`,
        source: `${COOKIES} section 8.5: cookies do not provide isolation by port`,
        short: 'sent',
      },
    ),
    cell.says(
      'shown',
      created?.data.session ?? 'the id that was given',
      refused?.data.session ?? null,
      [refused],
      {
        claim: 'so that bank has seen an id that is none of its business',
        formula: 'the id that it refuses',
        source: `${COOKIES} section 8.5`,
      },
    ),
    cell.says(
      'taken-away',
      '401, no cookie',
      atFirst === undefined ? null : `${atFirst.outcome}, ${sessionOf(atFirst) ?? 'no cookie'}`,
      eventsOf([atFirst]),
      {
        claim: 'and it has taken the cookie away: the customer is signed out of the first bank',
        formula: 'the next visit there',
        source: `${COOKIES} section 8.6: weak integrity`,
      },
    ),
  ]
}

/** Where the banks of a row listen, in the order in which they were asked. */
function sortedPorts(cell: Cell): string[] {
  return distinct(cell.all('b', 'tcp:accepted').map(({ data }) => data.local.split(':')[1]))
}

export function resources(cell: Cell): Claims {
  const visits = cell.visits()
  const [mine, hers, nobodys] = ['bob', 'carol', 'nobody'].map((name) => by(cell, name)[0])
  const front = cell.asks().find(({ what, cookies }) => what === 'GET /' && cookies.length === 0)
  const mixed = cell.asks().find(({ what }) => what === 'POST /transfer')
  const moved = cell.all('b', 'bank:transfer_done')
  return [
    cell.says(
      'own',
      'bob, carol',
      [mine, hers].map((visit) => (visit && shownIn(visit)) ?? '-').join(', '),
      eventsOf([mine, hers]),
      {
        claim: 'the same address shows each customer their own account',
        formula: 'whose account GET /account shows, by whose cookie went with it',
        source: 'RFC 6265 section 1',
      },
    ),
    cell.says('front-door', '200', front?.outcome ?? null, eventsOf([front]), {
      claim: 'the front door is open to everybody',
      formula: 'GET / without a cookie',
      source: 'RFC 9110 section 15.3.1',
    }),
    cell.says('without', '401', nobodys?.outcome ?? null, eventsOf([nobodys]), {
      claim: 'the account is not',
      formula: `one of ${visits.length} visits, without a cookie`,
      source: 'RFC 9110 section 15.5.2',
    }),
    cell.says('mixed', '403', mixed?.outcome ?? null, eventsOf([mixed]), {
      claim: "with one customer's form and another's cookie the bank does nothing",
      formula: "Bob's token, Carol's cookie",
      source: `${ASVS} 3.5.1`,
    }),
    cell.counts('moved', 0, moved.length, 'transfers', moved, {
      claim: 'and no money has moved',
      formula: 'transfers that the bank did',
      source: `${ASVS} 2.3.1`,
    }),
  ]
}

// ---- restart --------------------------------------------------------------------------------------------

export function restarted(cell: Cell): Claims {
  const { mechanism, settings } = cell
  const keeps = mechanism === 'durable'
  const [before, after] = cell.visits()
  const killed = cell.log
    .all('command:ended', { host: cell.host('b'), ...cell.watch })
    .find(({ program }) => program.startsWith(`bank-${mechanism}-`))
  const ends = [...cell.all('a', 'tcp:end_received'), ...cell.all('a', 'tcp:error_received')]
  const end = ends.find(({ group_id }) => group_id === before?.group)
  const session = before && sessionOf(before)
  const used = cell
    .all('b', 'http-session:used', { from: killed?.time ?? cell.watch.to })
    .filter(({ data }) => data.session === session)
  const refused = cell
    .all('b', 'http-session:refused', { from: killed?.time ?? cell.watch.to })
    .filter(({ data }) => data.session === session)
  const afterAll = amountOf(OPENING_CENTS - settings.amountCents)
  return [
    cell.says('connection', 'ended', end === undefined ? null : 'ended', [killed, end], {
      claim: 'the connection ends with the process: its kernel says so',
      formula: 'FIN or RST at the client, after SIGKILL at the server',
      because: `killed by ${killed?.data.signal}; at the client: ${end?.name}`,
      source: 'RFC 9293 section 3.6; tcp(7)',
    }),
    cell.says('session', keeps ? '200' : '401', after?.outcome ?? null, [after?.event, ...used, ...refused], {
      claim: keeps
        ? 'the session does not: the new process finds it in the store'
        : 'and so does the session, which was in its memory',
      formula: 'the next visit with the same cookie, at the same port',
      because: `at the bank: ${[...used, ...refused].map(({ name }) => name).join(', ') || 'nothing'}`,
      source: 'durable: LMDB, a commit is on disk before it is answered',
      short: after?.outcome ?? '-',
    }),
    cell.says(
      'same-cookie',
      session ?? 'the cookie from before',
      (after && sessionOf(after)) ?? null,
      [after?.sent],
      {
        claim: 'the browser sends the cookie as before: it knows of no restart',
        formula: 'the digest of what it sends',
        source: `${COOKIES} section 5.4`,
      },
    ),
    cell.says('balance', keeps ? afterAll : 'not shown', balanceIn(after) ?? 'not shown', [after?.event], {
      claim: keeps ? 'and the money is where it was' : 'and nobody is shown any balance',
      formula: keeps ? `${amountOf(OPENING_CENTS)} - ${amountOf(settings.amountCents)}` : '401',
      source: 'durable: transfer, ledger and key are written in one step',
    }),
  ]
}

// ---- expiry ---------------------------------------------------------------------------------------------

/** From the sign-in to the one visit of each session, and what the bank said to that. */
function silences(cell: Cell): { ms: number; ended: boolean }[] {
  return cell.all('b', 'http-session:created').flatMap((created) => {
    const visits = [...cell.all('b', 'http-session:used'), ...cell.all('b', 'http-session:expired')]
    const next = visits.find(({ data }) => data.session === created.data.session)
    if (next === undefined) return []
    return [{ ms: next.time - created.time, ended: next.name === 'http-session:expired' }]
  })
}

export function idle(cell: Cell): Claims {
  const { idleMs } = cell.settings
  const seen = silences(cell)
  const lived = seen.filter(({ ended }) => !ended).map(({ ms }) => ms)
  const ended = seen.filter((one) => one.ended).map(({ ms }) => ms)
  const expired = cell.all('b', 'http-session:expired')
  const watchMs = Math.ceil(cell.watch.to - cell.watch.from)
  return [
    cell.counts(
      'lived',
      { min: 0, max: idleMs + STAMP_MS },
      lived.length === 0 ? null : Math.round(Math.max(...lived)),
      'ms',
      cell.all('b', 'http-session:used'),
      {
        claim: 'the longest time without a request that a session outlived',
        formula: `below the idle limit of ${idleMs} ms`,
        because: `the times of all that lived: ${lived.map(Math.round).join(', ')} ms`,
        source: `${ASVS} 7.3.1`,
      },
    ),
    cell.counts(
      'ended',
      { min: Math.floor(idleMs * (1 - USE_WRITTEN_PART) - STAMP_MS), max: watchMs },
      ended.length === 0 ? null : Math.round(Math.min(...ended)),
      'ms',
      expired,
      {
        claim: 'and the shortest that one did not',
        formula: `not below ${idleMs} ms - 1/${1 / USE_WRITTEN_PART}: when it was used is written down no finer`,
        because: `the times of all that ended: ${ended.map(Math.round).join(', ')} ms`,
        source: `${ASVS} 7.3.1`,
        short: '401',
      },
    ),
    cell.says(
      'reason',
      'idle',
      distinct(expired.map(({ data }) => data.because)).join(', ') || null,
      expired,
      {
        claim: 'and that is why the bank refuses it',
        formula: 'as the bank says',
        source: `${ASVS} 7.3.1`,
      },
    ),
  ]
}

export function absolute(cell: Cell): Claims {
  const { idleMs, absoluteMs } = cell.settings
  const created = cell.all('b', 'http-session:created')[0]
  const expired = cell.all('b', 'http-session:expired')[0]
  const used = cell.all('b', 'http-session:used')
  const times = [created, ...used, expired].flatMap((event) => (event === undefined ? [] : [event.time]))
  const gaps = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? time)))
  const longestMs = Math.max(...gaps)
  const tookMs = created && expired ? Math.round(expired.time - created.time) : null
  return [
    cell.counts(
      'ended',
      { min: absoluteMs - STAMP_MS, max: absoluteMs + longestMs + STAMP_MS },
      tookMs,
      'ms',
      [created, expired],
      {
        claim: 'the session ends so long after signing in, in the middle of being used',
        formula: `${absoluteMs} ms, found at the next visit: up to ${longestMs} ms later`,
        because: `${used.length} visits were answered before`,
        source: `${ASVS} 7.3.2`,
        short: '401',
      },
    ),
    cell.counts('busy', { min: 0, max: Math.floor(idleMs * (1 - USE_WRITTEN_PART)) }, longestMs, 'ms', used, {
      claim: 'it was never left alone for long',
      formula: `the longest time between two visits, below the idle limit of ${idleMs} ms`,
      source: `${ASVS} 7.3.1`,
    }),
    cell.says('reason', 'absolute', expired?.data.because ?? null, [expired], {
      claim: 'and that is why the bank refuses it',
      formula: 'as the bank says',
      source: `${ASVS} 7.3.2`,
    }),
  ]
}

// ---- sign-out -------------------------------------------------------------------------------------------

export function signedOut(cell: Cell): Claims {
  const isHere = cell.mechanism === 'here'
  const ended = cell.all('b', 'http-session:ended')
  const [before, phone] = by(cell, 'phone')
  const [, desk] = by(cell, 'desk')
  const [copy] = by(cell, 'copy')
  return [
    cell.counts('ended', isHere ? 1 : 2, ended.length, 'sessions', ended, {
      claim: isHere ? 'the bank ends this one session' : 'the bank ends every session of this customer',
      formula: isHere ? 'one of two' : 'two of two',
      source: `${ASVS} ${isHere ? '7.4.1' : '7.5.2'}`,
    }),
    cell.says('this-browser', '401', desk?.outcome ?? null, eventsOf([desk]), {
      claim: 'this browser is signed out',
      formula: 'its next visit',
      source: `${ASVS} 7.4.1`,
    }),
    cell.says('copy', '401', copy?.outcome ?? null, eventsOf([copy]), {
      claim: 'and a copy of its cookie, kept from before, opens nothing any more',
      formula: 'a visit with that copy',
      source: `${ASVS} 7.4.1: a sign-out is the end of the session, and not of the cookie`,
    }),
    cell.says(
      'other-browser',
      isHere ? '200, then 200' : '200, then 401',
      before && phone ? `${before.outcome}, then ${phone.outcome}` : null,
      eventsOf([before, phone]),
      {
        claim: isHere ? 'the other browser goes on' : 'so is the other browser, which has its cookie still',
        formula: 'its visits before and after',
        because: `it sent ${phone === undefined ? 'nothing' : (sessionOf(phone) ?? 'no cookie')}`,
        source: `${ASVS} 7.5.2`,
        short: phone?.outcome ?? '-',
      },
    ),
  ]
}

// ---- theft ----------------------------------------------------------------------------------------------

export function copied(cell: Cell): Claims {
  const hers = by(cell, 'alice')
  const [first, last] = by(cell, 'thief')
  const [blind, seen] = cell.asks(`thief ${cell.mechanism}`).filter(({ what }) => what === 'POST /transfer')
  const groups = distinct(cell.asks(`alice ${cell.mechanism}`).map(({ group }) => group))
  const isOther = first !== undefined && !groups.includes(first.group)
  return [
    cell.says(
      'works',
      '200, alice',
      first ? `${first.outcome}, ${shownIn(first)}` : null,
      eventsOf([first]),
      {
        claim: 'whoever has a copy of the cookie is that customer',
        formula: 'a visit of the thief: whose account it shows',
        source: `${COOKIES} section 8.4: who has the session identifier has the session`,
        short: first?.outcome ?? '-',
      },
    ),
    cell.says('connection', 'another', isOther ? 'another' : 'hers', eventsOf([first]), {
      claim: 'over a connection of their own: nobody compares',
      formula: 'its group is none of hers',
      source: `${COOKIES} section 8.4`,
    }),
    cell.says('blind', '403', blind?.outcome ?? null, eventsOf([blind]), {
      claim: 'a form is refused, as long as they have seen no page: the cookie alone moves no money',
      formula: 'a transfer without a token',
      source: `${ASVS} 3.5.1`,
    }),
    cell.says('seen', '200', seen?.outcome ?? null, eventsOf([seen]), {
      claim: 'but pages are shown to them as well, and then it moves',
      formula: 'a transfer with the token of a page that they asked for',
      source: `${ASVS} 3.5.1: the token is against other sites, and not against thieves`,
    }),
    cell.says('unnoticed', '200', hers.at(-1)?.outcome ?? null, eventsOf([hers.at(-1)]), {
      claim: 'the customer goes on, and notices nothing',
      formula: 'her next visit',
      source: `${COOKIES} section 8.4`,
    }),
    cell.says('limited', '401', last?.outcome ?? null, eventsOf([last]), {
      claim: 'it ends for the thief when it ends for her: by signing out, or by a limit',
      formula: 'the visit of the thief after she signed out everywhere',
      source: `${ASVS} 7.3.1, 7.3.2, 7.4.1`,
    }),
  ]
}

export function fixedId(cell: Cell): Claims {
  const planted = cell.log
    .all('http:cookie_received', { host: cell.host('a'), ...cell.watch })
    .find(({ data, group_id }) => group_id === undefined && data.user === `alice ${cell.mechanism}`)
  const plantedId = planted?.data.cookie.slice('session='.length)
  const [attacker] = by(cell, 'attacker')
  const [victim] = by(cell, 'alice')
  const brought = cell
    .asks(`alice ${cell.mechanism}`)
    .filter((ask) => ask.what === 'POST /sign-in' && sessionOf(ask) === plantedId)
  const sessions = sessionsAt(cell)
  return [
    cell.counts(
      'brought',
      1,
      brought.length,
      'requests',
      brought.map(({ sent }) => sent),
      {
        claim: 'the customer signs in with a browser in which somebody has put an id of their own',
        formula: 'the sign-in that carried it',
        source: `${ASVS} 7.2.4: session fixation`,
      },
    ),
    cell.says(
      'renewed',
      'another id',
      plantedId !== undefined && sessions.length === 1 && !sessions.includes(plantedId)
        ? 'another id'
        : sessions.join(', ') || null,
      cell.all('b', 'http-session:created'),
      {
        claim: 'the bank does not take it: it gives out an id that was never seen before',
        formula: 'the digest of the session, against that of the id',
        because: `planted ${plantedId}, signed in as ${sessions.join(', ')}`,
        source: `${ASVS} 7.2.4`,
        short: 'renewed',
      },
    ),
    cell.says('attacker', '401', attacker?.outcome ?? null, eventsOf([attacker]), {
      claim: 'and who knows the old one has nothing',
      formula: 'a visit with the planted id',
      source: `${ASVS} 7.2.4`,
    }),
    cell.says('victim', '200', victim?.outcome ?? null, eventsOf([victim]), {
      claim: 'while the customer has a session',
      formula: 'her own visit',
      source: `${ASVS} 7.2.4`,
    }),
  ]
}

export function forgedId(cell: Cell): Claims {
  const visits = by(cell, 'forger')
  const refused = cell.all('b', 'http-session:refused')
  return [
    cell.says('refused', '401 x 2', outcomes(visits), eventsOf(visits), {
      claim: 'an id that was made up is refused',
      formula: 'a random one of the right form, and a name',
      source: `${ASVS} 7.2.3`,
      short: visits[0]?.outcome ?? '-',
    }),
    cell.says(
      'reasons',
      'unknown, malformed',
      refused.map(({ data }) => data.because).join(', ') || null,
      refused,
      {
        claim: 'the first is looked up in vain, the second not even that',
        formula: 'as the bank says',
        source: `${ASVS} 7.2.1, 2.2.1`,
      },
    ),
  ]
}

export function replayed(cell: Cell): Claims {
  const visits = by(cell, 'bob')
  const [replay] = by(cell, 'replayer')
  const [first] = visits
  const refused = cell.all('b', 'http-session:refused').at(-1)
  return [
    cell.says('refused', '401', replay?.outcome ?? null, eventsOf([replay]), {
      claim: 'a cookie from before the last sign-out opens nothing',
      formula: 'a visit with the old cookie',
      source: `${ASVS} 7.4.1`,
      short: replay?.outcome ?? '-',
    }),
    cell.says(
      'was-good',
      (first && sessionOf(first)) ?? 'the id from before',
      refused?.data.session ?? null,
      [first?.event, refused],
      {
        claim: 'though it is the very one that did before',
        formula: 'the digest that was refused, against that of the first visit',
        source: `${ASVS} 7.4.1`,
      },
    ),
    cell.says('meanwhile', '200 x 2', outcomes(visits), eventsOf(visits), {
      claim: 'and whose it was is signed in by another one',
      formula: 'the visits before, and after signing in again',
      source: `${ASVS} 7.2.4`,
    }),
  ]
}

export function oversized(cell: Cell): Claims {
  const [large, larger] = ['large', 'larger'].map((name) => by(cell, name)[0])
  const [carol] = by(cell, 'carol')
  return [
    cell.says('refused', '431 x 2', outcomes([large, larger]), eventsOf([large, larger]), {
      claim: 'a cookie that is too large is refused before anybody looks at it',
      formula: "5000 bytes: the bank's limit for cookies; 20000: its limit for all headers",
      source: `RFC 6585 section 5; ${COOKIES} section 6.1`,
      short: large?.outcome ?? '-',
    }),
    cell.says('others', '200', carol?.outcome ?? null, eventsOf([carol]), {
      claim: 'and nobody else notices',
      formula: 'the next visit of another customer',
      source: `${ASVS} 2.2.1`,
    }),
  ]
}
