/**
 * Four things that are called "keep alive", each on a connection of its own after one request. Raw sockets: an HTTP
 * client adds headers and probes of its own.
 */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell, End } from '../../../src/lab/cell.ts'
import { SLACK_MS, STAMP_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, nothing, says } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { bytesOf, ofKind } from '../../../src/lab/packets.ts'
import type { SocketAddress } from '../../../src/rig/sockets.ts'
import type { HttpSettings } from '../conditions.ts'
import { BANK_ANSWERS, openBank } from '../customer.ts'

/** The most packets of one request and its answer: a page of the account has fewer than four segments. */
const MOST_PACKETS = 5

export const keepAlive: CaseOf<HttpSettings> = {
  id: 'keep-alive',
  promise: 'after one request nobody asks for anything, and four things called "keep alive" are compared',

  async act(rig, pair, { quietMs, idleMs, probes, heartbeatEveryMs }) {
    const { a, b } = pair
    const tcp = rig.sockets(a).tcp

    const signedIn = async (row: string) => {
      const { at, someone } = await openBank(rig, pair, row, { sessions: { idleMs } })
      const alice = someone('alice')
      await alice.signIn()
      return { at, cookie: await alice.cookie() }
    }
    /** Connects, asks, and has the answer. */
    const speak = async (row: string, at: SocketAddress, text: string, conduct = {}) => {
      const client = await tcp.connect(row, at, conduct)
      await client.connected()
      await client.write(text)
      await rig.untilEvent(a, 'tcp:received', { groupId: client.groupId, ...BANK_ANSWERS })
      return client
    }
    const answer = (groupId: string, occurrence: number) =>
      rig.untilEvent(b, 'http:response_sent', { groupId, occurrence, ...BANK_ANSWERS })
    /** One request, a long silence, and another one. */
    const silent = async (row: string, at: SocketAddress, text: string, conduct = {}) => {
      const client = await speak(row, at, text, conduct)
      await client.observe()
      rig.mark(pair, `${row} left alone`)
      await rig.sleep(quietMs)
      rig.mark(pair, `${row} asked again`)
      await client.write(text)
      await answer(client.groupId, 2)
    }

    const persistent = async () => {
      const { at, cookie } = await signedIn('persistent')
      await silent('persistent', at, request(cookie, '1.1'))
    }
    const header = async () => {
      const { at, cookie } = await signedIn('header')
      // Before HTTP/1.1 a connection was for one request, unless somebody asked for more.
      const old = await speak('header', at, request(cookie, '1.0'))
      await rig.untilEvent(a, 'tcp:end_received', { groupId: old.groupId, ...BANK_ANSWERS })
      await silent('header', at, request(cookie, '1.0', 'keep-alive'))
    }
    const probed = async () => {
      const { at, cookie } = await signedIn('probes')
      await silent('probes', at, request(cookie, '1.1'), { keepalive: probes })
    }
    const heartbeat = async () => {
      const { at, cookie } = await signedIn('heartbeat')
      const client = await speak('heartbeat', at, request(cookie, '1.1'))
      rig.mark(pair, 'heartbeat begins')
      for (let beat = 1; beat <= beatsIn(quietMs, heartbeatEveryMs); beat++) {
        await rig.sleep(heartbeatEveryMs)
        await client.write(request(cookie, '1.1'))
        await answer(client.groupId, 1 + beat)
      }
    }
    await Promise.all([persistent(), header(), probed(), heartbeat()])
  },

  rows: {
    persistent(cell) {
      const [kept, quiet] = [keptOf(cell), quietOf(cell)]
      if (kept === null || quiet === null) return []
      return [
        silence(cell, kept, quiet, 'HTTP/1.1 keeps the connection, and sends nothing for it'),
        ...askedAgain(cell, kept),
      ]
    },

    header(cell) {
      const [kept, quiet] = [keptOf(cell), quietOf(cell)]
      if (kept === null || quiet === null) return []
      const closed = cell.a.all('tcp:end_received').filter(({ group_id }) => group_id !== kept.group)
      return [
        silence(cell, kept, quiet, 'with `Connection: keep-alive` it stays open, and nothing is sent for it'),
        counts(cell, 'without', 1, closed, 'connections', {
          claim: 'without the header, HTTP/1.0 closes after one answer',
          formula: 'one: the one that did not ask for more',
          because: 'FIN at the client, after the answer',
          source: 'RFC 9112 section 9.3, appendix C.2.2',
        }),
        ...askedAgain(cell, kept),
      ]
    },

    probes(cell) {
      const [kept, quiet] = [keptOf(cell), quietOf(cell)]
      if (kept === null || quiet === null) return []
      const packets = kept.a.packets(quiet)
      const sent = ofKind(packets, 'keepalive-probe')
      const answers = ofKind(packets, 'keepalive-answer')
      const idleMs = kept.a.options()?.keepaliveIdleMs ?? Number.NaN
      const watchedMs = quiet.to - idleSince(kept.a, quiet)
      const expected = {
        min: Math.floor(watchedMs / (idleMs + SLACK_MS)),
        max: Math.floor((watchedMs + STAMP_MS) / idleMs),
      }
      return [
        counts(cell, 'probes', expected, sent, 'probes', {
          claim: "the client's kernel asks the server's whether it still knows the connection",
          formula: `${Math.round(watchedMs)} ms, one every ${idleMs} ms (SO_KEEPALIVE as read back)`,
          because: 'the idle time begins anew with each answer',
          source: 'RFC 9293 section 3.8.4; tcp(7), TCP_KEEPIDLE',
          short: `${packets?.length ?? 0} pkts`,
        }),
        counts(cell, 'answers', sent?.length ?? Number.NaN, answers, 'answers', {
          claim: 'and the kernel answers each, whatever its program does',
          formula: 'as many as probes',
          because: 'an ACK of bytes that it already had',
          source: 'RFC 9293 section 3.8.4',
        }),
        counts(cell, 'bytes', 0, packets && (packets.length === 0 ? undefined : bytesOf(packets)), 'bytes', {
          claim: 'they carry nothing that a program could read',
          formula: 'the payload of all of them',
          because: `${packets?.length ?? 0} packets passed the client's card meanwhile`,
          source: 'RFC 9293 section 3.8.4',
          evidence: packets ?? [],
        }),
        counts(cell, 'program', 0, kept.b.all('http:request_received', quiet), 'requests', {
          claim: 'so the bank hears nothing of it',
          formula: 'requests that it received meanwhile',
          because: `before and after, ${kept.b.all('http:request_received').length} over this connection`,
          source: 'RFC 9110 section 7.6.1: Keep-Alive of HTTP has nothing to do with it',
        }),
        ...askedAgain(cell, kept),
      ]
    },

    heartbeat(cell) {
      const [kept, from] = [keptOf(cell), cell.moment('heartbeat begins')]
      if (kept === null || from === undefined) return []
      const { quietMs, heartbeatEveryMs } = cell.settings
      const beats = beatsIn(quietMs, heartbeatEveryMs)
      const packets = kept.a.packets({ from })
      const data = packets?.filter(({ data: { bytes } }) => bytes > 0) ?? null
      return [
        counts(cell, 'requests', beats, kept.b.all('http:request_received', { from }), 'requests', {
          claim: 'the bank itself is asked, and answers',
          formula: `one every ${heartbeatEveryMs} ms`,
          because: 'a heartbeat is a request like any other',
          source: 'RFC 9110 section 9.3.1',
        }),
        counts(cell, 'packets', { min: 2 * beats, max: MOST_PACKETS * beats }, data, 'packets', {
          claim: 'each heartbeat is a request and its answer on the wire',
          formula: `${beats} x 2, or more where an answer does not fit into one`,
          because: "packets with data, at the client's card",
          source: 'RFC 9112 section 2',
          short: `${data?.length ?? 0} pkts`,
        }),
        ...askedAgain(cell, kept),
      ]
    },
  },
}

function request(cookie: string, version: '1.0' | '1.1', connection?: 'keep-alive'): string {
  return [
    `GET /account HTTP/${version}`,
    'Host: bank',
    'Accept: application/json',
    `Cookie: ${cookie}`,
    ...(connection === undefined ? [] : [`Connection: ${connection}`]),
    '\r\n',
  ].join('\r\n')
}

function beatsIn(quietMs: number, everyMs: number): number {
  return Math.floor(quietMs / everyMs)
}

/** Both ends of the connection that was kept: the last over which anything was asked. */
interface Kept {
  group: string
  a: End
  b: End
}

function keptOf(cell: Cell): Kept | null {
  const group = cell.a.asked('tcpWrite').at(-1)?.group_id
  return group === undefined ? null : { group, a: cell.a.of(group), b: cell.b.of(group) }
}

/** While nobody said a word. The last acknowledgement may be delayed (RFC 9293 section 3.8.6.3). */
function quietOf(cell: Cell): Period | null {
  const alone = cell.between(`${cell.row} left alone`, `${cell.row} asked again`)
  return alone && { from: alone.from + SLACK_MS, to: alone.to }
}

/** Nothing passes at either end; what was said before and after has to be there, at the same cards. */
function silence(cell: Cell, { a, b }: Kept, quiet: Period, claim: string) {
  const [atA, atB] = [a.packets(), b.packets()]
  const both = atA && atB && [...atA, ...atB]
  const during = both?.filter(({ time }) => time >= quiet.from && time <= quiet.to) ?? null
  const before = [atA, atB].map((packets) => packets?.filter(({ time }) => time < quiet.from).length ?? 0)
  const after = [atA, atB].map((packets) => packets?.filter(({ time }) => time > quiet.to).length ?? 0)
  const isSeen = [...before, ...after].every((count) => count > 0)
  return nothing(cell, 'packets', isSeen ? during : null, quiet, {
    claim,
    formula: 'no packet, from the last acknowledgement to the next request',
    because: `the same cards saw ${before.join(' + ')} packets of this connection before, ${after.join(' + ')} after`,
    source: 'RFC 9112 section 9.3; RFC 9293 section 3.8.4',
    short: `${during?.length ?? 0} pkts`,
    ...(both === null ? {} : { unseen: 'these cards did not see what was said before and after' }),
  })
}

/** What the bank says when it is asked again: of the connection, and of the session. */
function askedAgain(cell: Cell<HttpSettings>, { a, b }: Kept): Claims {
  const { idleMs } = cell.settings
  const asked = a.asked('tcpWrite').length
  const answers = b.all('http:response_sent')
  const longestMs = longestBetween(b.all('http:request_received').map(({ time }) => time))
  const isOver = longestMs >= idleMs
  const expired = b.all('http-session:expired')
  const known = [...b.all('http-session:used'), ...expired, ...b.all('http-session:refused')]
  const found =
    answers.length === asked
      ? 'answered, over the same connection'
      : `${answers.length} answers to ${asked} requests`
  const session = known.length === asked ? endedOrAlive(expired.length) : ''
  return [
    says(cell, 'same-connection', 'answered, over the same connection', found, {
      claim: 'the connection is there, and takes the next request',
      formula: 'an answer for each request, all in the group of the first',
      because: 'a group is one connection: two addresses and two ports',
      source: 'RFC 9112 section 9.3',
      evidence: answers,
    }),
    says(cell, 'session', isOver ? 'ended' : 'alive', session, {
      claim: isOver ? 'the session over it has ended meanwhile' : 'the session over it is alive',
      formula: `the longest time without a request, ${longestMs} ms, against the idle limit of ${idleMs} ms`,
      because: 'a session counts requests, not connections and not packets',
      source: 'OWASP ASVS 5.0 7.3.1',
      evidence: known,
    }),
  ]
}

function endedOrAlive(expired: number): string {
  return expired > 0 ? 'ended' : 'alive'
}

function longestBetween(times: readonly number[]): number {
  return Math.round(Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time))))
}

/** The idle time begins with the last packet of the answer, as the client's card saw it; so does each after a probe. */
function idleSince(client: End, quiet: Period): number {
  const last = client.packets({ to: quiet.from })?.findLast(({ data }) => data.kind !== 'keepalive-probe')
  return last?.time ?? quiet.from
}
