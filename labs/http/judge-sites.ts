/** Claims about lost answers and lost servers: what was done, how often, and by whom. */
import { amountOf, OPENING_CENTS } from '../../src/programs/bank/transfer.ts'
import { type Ask, type Cell, distinct, inRow } from './cell.ts'
import type { Claims } from './judge.ts'
import { balanceIn } from './judge-sessions.ts'

const KEY = 'draft-ietf-httpapi-idempotency-key-header'
const STORE = 'OWASP ASVS 5.0 7.2.1: sessions are verified by the server'

const transfersOf = (cell: Cell) => cell.asks().filter(({ what }) => what === 'POST /transfer')
const outcomesOf = (asks: readonly Ask[]) => inRow(asks.map(({ outcome }) => outcome))
const eventsOf = (asks: readonly Ask[]) => asks.map(({ event }) => event)

// ---- cut-answer -----------------------------------------------------------------------------------------

export function cutAnswer(cell: Cell): Claims {
  const isSame = cell.mechanism === 'same-key'
  const [first, again] = transfersOf(cell)
  const done = cell.all('b', 'bank:transfer_done')
  const repeated = cell.all('b', 'bank:transfer_repeated')
  const givenUp = first?.event?.time ?? cell.watch.to
  const held = cell.log
    .all('cable:frame_stopped', { from: first?.sent.time ?? cell.watch.to, to: givenUp })
    .filter(
      ({ data }) => data.cable === cell.caseId && data.direction === 'bToA' && data.text?.startsWith('200'),
    )
  const late = cell
    .packets('a', { from: givenUp })
    ?.filter(({ data, group_id }) => data.kind === 'rst' && group_id === first?.group)
  const before = done.filter(({ time }) => time < givenUp)
  const cents = OPENING_CENTS - (isSame ? 1 : 2) * cell.settings.amountCents
  const last = cell.visits().at(-1)
  return [
    cell.says('answer', 'kept back', held.length > 0 ? 'kept back' : null, held, {
      claim: 'the bank answers, and the answer stays on the cable',
      formula: 'a frame that begins with 200, stopped before the customer gave up',
      source: 'what the cable says of it',
    }),
    cell.says('customer', 'NO_ANSWER', first?.outcome ?? null, [first?.event], {
      claim: 'the customer sees no answer, and cannot know whether it was done',
      formula: `nothing for ${cell.settings.answerWithinMs} ms, then the connection is closed`,
      source: 'RFC 9110 section 9.2.2',
    }),
    cell.counts('done', 1, before.length, 'transfers', before, {
      claim: 'it was',
      formula: 'transfers that the bank had done by then',
      source: 'RFC 9110 section 9.2.2',
    }),
    late === undefined
      ? null
      : cell.says('too-late', 'RST', late.length > 0 ? 'RST' : null, late, {
          claim: 'when the answer arrives at last, there is nobody any more who waits for it',
          formula: "the client's kernel answers it with RST",
          source: 'RFC 9293 section 3.10.7.1',
        }),
    cell.says('again', '200', again?.outcome ?? null, [again?.event], {
      claim: isSame
        ? 'asked again with the same key, the bank answers as if it were the first time'
        : 'asked again with a new key, the bank has never heard of it',
      formula: 'the second request',
      source: KEY,
    }),
    cell.counts('in-all', isSame ? 1 : 2, done.length, 'transfers', done, {
      claim: isSame ? 'and the money has moved once' : 'and the money has moved twice',
      formula: isSame ? 'one: the second answer repeats the first' : 'one for each key',
      because: `repeated: ${repeated.length}`,
      source: `${KEY}; RFC 9110 section 9.2.2: POST is not idempotent`,
      short: `${done.length} done`,
    }),
    cell.says('balance', amountOf(cents), balanceIn(last), [last?.event], {
      claim: 'as the account shows',
      formula: `${amountOf(OPENING_CENTS)} - ${isSame ? 1 : 2} x ${amountOf(cell.settings.amountCents)}`,
      source: KEY,
    }),
  ]
}

export function noKey(cell: Cell): Claims {
  const [asked] = transfersOf(cell)
  const done = cell.all('b', 'bank:transfer_done')
  return [
    cell.says('refused', '400', asked?.outcome ?? null, [asked?.event], {
      claim: 'a transfer without a key is refused: whoever sends it could not safely ask again',
      formula: 'a transfer without the header Idempotency-Key',
      source: `${KEY} section 2.7`,
      short: asked?.outcome ?? '-',
    }),
    cell.counts('done', 0, done.length, 'transfers', done, {
      claim: 'and nothing has moved',
      formula: 'transfers that the bank did',
      source: KEY,
    }),
  ]
}

// ---- balancer, shared -----------------------------------------------------------------------------------

/** What the balancer did with the requests of a row, before one server was killed and after. */
interface TwoServers {
  /** Where she signed in. */
  home: string | undefined
  killed: ReturnType<Cell['log']['all']>[number] | undefined
  before: Visit[]
  after: Visit[]
}

/** A visit, and the server that was asked last. */
interface Visit extends Ask {
  backend: string | undefined
}

function twoServers(cell: Cell): TwoServers {
  const killed = cell.log
    .all('command:ended', { host: cell.host('b'), ...cell.watch })
    .find(({ program }) => program.startsWith(`bank-${cell.mechanism}-`))
  const at = killed?.time ?? cell.watch.to
  const withBackend = (ask: Ask): Visit => ({ ...ask, backend: forwardsOf(cell, ask).at(-1)?.data.backend })
  const signIn = cell.asks().find(({ what }) => what === 'POST /sign-in')
  const visits = cell.visits().map(withBackend)
  return {
    home: signIn && withBackend(signIn).backend,
    killed,
    before: visits.filter(({ sent }) => sent.time < at),
    after: visits.filter(({ sent }) => sent.time >= at),
  }
}

/** To which servers one request was passed on: the customer waits for its answer before the next. */
function forwardsOf(cell: Cell, { sent, event, group }: Ask) {
  const within = { from: sent.time, to: event?.time ?? cell.watch.to }
  return cell.all('a', 'balancer:forwarded', within).filter(({ group_id }) => group_id === group)
}

/** She is signed in as long as nobody who does not know her takes the cookie away. */
function withOwnMemories({ home, before }: TwoServers): string[] {
  let isSignedIn = true
  return before.map(({ backend }) => {
    isSignedIn &&= backend === home
    return isSignedIn ? '200' : '401'
  })
}

function beforeClaim(cell: Cell, { before }: TwoServers, expected: string[], claim: string, formula: string) {
  const isSeen = before.length === cell.settings.requests
  return cell.says(
    'before',
    isSeen ? inRow(expected) : `${cell.settings.requests} visits`,
    outcomesOf(before),
    eventsOf(before),
    {
      claim,
      formula,
      because: `servers asked: ${inRow(before.map(({ backend }) => backend ?? 'none'))}`,
      source: STORE,
      short: before.at(-1)?.outcome ?? '-',
    },
  )
}

function serversClaim(cell: Cell, { before, home }: TwoServers, expected: number, claim: string) {
  const asked = distinct([home, ...before.map(({ backend }) => backend)])
  return cell.counts('servers', expected, asked.length, 'servers', cell.all('a', 'balancer:forwarded'), {
    claim,
    formula: 'servers that the balancer passed her requests on to',
    source: 'RFC 9110 section 3.7',
  })
}

/** Passively: a request has found out. */
function takenOutClaim(cell: Cell, { home, killed, before }: TwoServers) {
  // The balancer may know before the lab has been told that the process has ended.
  const from = before.at(-1)?.sent.time ?? cell.watch.to
  const out = cell.log
    .all('balancer:backend_updated', {
      host: cell.host('a'),
      from,
      to: cell.watch.to,
    })
    .find(({ data }) => data.backend === home && data.new === 'out')
  return cell.says('taken-out', ['ECONNREFUSED', 'ECONNRESET'], out?.data.because ?? null, [killed, out], {
    claim: 'the balancer finds out by a request, and takes the dead server out',
    formula: 'RST: there is no such connection, or nobody listens',
    source: 'RFC 9293 section 3.10.7.1',
  })
}

function afterClaim(cell: Cell, { after, home }: TwoServers, outcome: '200' | '401', claim: string) {
  const [first] = after
  const isElsewhere = first?.backend !== undefined && first.backend !== home
  return cell.says(
    'after',
    `${outcome}, from the other server`,
    first ? `${first.outcome}, from ${isElsewhere ? 'the other server' : 'the same server'}` : null,
    eventsOf(after),
    {
      claim,
      formula: 'the first visit after one server was killed',
      source: STORE,
    },
  )
}

export function stickyMemory(cell: Cell): Claims {
  const seen = twoServers(cell)
  return [
    serversClaim(
      cell,
      seen,
      1,
      'by its own cookie the balancer sends her to the same server again and again',
    ),
    beforeClaim(
      cell,
      seen,
      withOwnMemories(seen),
      'and that knows her',
      '200, as long as it is the server at which she signed in',
    ),
    takenOutClaim(cell, seen),
    afterClaim(cell, seen, '401', 'when it is killed, the other one has never heard of her'),
  ]
}

export function spreadMemory(cell: Cell): Claims {
  const seen = twoServers(cell)
  return [
    serversClaim(cell, seen, 2, 'without that, each request goes to another server'),
    beforeClaim(
      cell,
      seen,
      withOwnMemories(seen),
      'and the first that does not know her takes her cookie away: she is signed out',
      '200 as long as it is the server at which she signed in, 401 from the first other one on',
    ),
    afterClaim(cell, seen, '401', 'and the death of one server changes nothing of that'),
  ]
}

function sharedClaims(cell: Cell, seen: TwoServers): Claims {
  return [
    beforeClaim(
      cell,
      seen,
      seen.before.map(() => '200'),
      'whichever server is asked knows her',
      '200, whatever the server',
    ),
    takenOutClaim(cell, seen),
    afterClaim(cell, seen, '200', 'when one is killed, the other goes on with the same session'),
  ]
}

export function stickyShared(cell: Cell): Claims {
  const seen = twoServers(cell)
  const [cutOff, again] = transfersOf(cell)
  const tries = cutOff === undefined ? [] : forwardsOf(cell, cutOff)
  const done = cell.all('b', 'bank:transfer_done')
  return [
    serversClaim(
      cell,
      seen,
      1,
      'by its own cookie the balancer sends her to the same server again and again',
    ),
    ...sharedClaims(cell, seen),
    cell.says('cut-off', '502', cutOff?.outcome ?? null, [cutOff?.event], {
      claim: 'the transfer that was sent to it when it died is answered with 502: it may have been done',
      formula: 'the server frozen with the request, then killed',
      source: 'RFC 9110 sections 9.2.2 and 15.6.3',
      short: cutOff?.outcome ?? '-',
    }),
    cell.counts('not-again', 1, tries.length, 'servers', tries, {
      claim: 'the balancer does not try it at the other: nobody but the customer may decide that',
      formula: 'servers that were asked for it',
      source: 'RFC 9110 section 9.2.2: a proxy must not retry what is not idempotent',
    }),
    cell.says('again', '200', again?.outcome ?? null, [again?.event], {
      claim: 'she asks again, with the same key, and the other server does it',
      formula: 'the second request',
      source: KEY,
    }),
    cell.counts('once', 1, done.length, 'transfers', done, {
      claim: 'and the money has moved once',
      formula: 'transfers that both servers did',
      source: KEY,
    }),
  ]
}

export function spreadShared(cell: Cell): Claims {
  const seen = twoServers(cell)
  return [serversClaim(cell, seen, 2, 'each request goes to another server'), ...sharedClaims(cell, seen)]
}
