/** What HTTP in Node has of patience, judged. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { Cell } from './cell.ts'
import * as expect from './expectations.ts'

/** undici's own, as its documentation has it. */
const UNDICI_HEADERS_TIMEOUT_MS = 300_000
/** What Node adds at most to keepAliveTimeout, in any version so far. */
const ADDED_MAX_MS = 1000

/** The claims of `http` and `http-race`. */
export function httpClaims(cell: Cell): TimedClaim[] {
  switch (cell.mechanism) {
    case 'keep-alive-timeout':
      return keepAliveTimeout(cell)
    case 'headers-timeout':
      return lateRequest(cell, 'headersTimeout', 'headersTimeoutMs')
    case 'request-timeout':
      return lateRequest(cell, 'requestTimeout', 'requestTimeoutMs')
    case 'node-http':
      return noLimit(cell)
    case 'undici':
      return undici(cell)
    default:
      return pooled(cell)
  }
}

function limitsOf({ log, caseId, mechanism }: Cell) {
  return log.all('http:limits_read', { host: `${caseId}-b` }).find(({ data }) => data.mechanism === mechanism)
}

function keepAliveTimeout(cell: Cell): TimedClaim[] {
  const limits = limitsOf(cell)
  const answered = cell.first('b', 'http:response_sent')
  const { idleLimitMs = Number.NaN } = answered?.data ?? {}
  const told = limits?.data.keepAliveTimeoutMs ?? Number.NaN
  return [
    cell.took(
      'closes',
      answered,
      cell.first('a', 'tcp:end_received'),
      expect.nodeTimer('socket.timeout after the response', idleLimitMs, 'Node.js, server.keepAliveTimeout'),
      { claim: 'the server closes a connection that has no next request' },
    ),
    cell.reads('added', idleLimitMs - told, { min: 0, max: ADDED_MAX_MS }, answered, {
      claim: 'and waits a little longer than it was told, so that its FIN is not on the way so often',
      formula: `socket.timeout - keepAliveTimeout: 0 .. ${ADDED_MAX_MS} ms, by the version of Node`,
      because: `keepAliveTimeout ${told} ms, socket.timeout ${idleLimitMs} ms`,
      source: 'Node.js, server.keepAliveTimeout, keepAliveTimeoutBuffer',
    }),
  ]
}

function lateRequest(
  cell: Cell,
  name: 'headersTimeout' | 'requestTimeout',
  limit: 'headersTimeoutMs' | 'requestTimeoutMs',
): TimedClaim[] {
  const limits = limitsOf(cell)
  const { [limit]: limitMs = Number.NaN, checkEveryMs = Number.NaN } = limits?.data ?? {}
  const said = cell.first('a', 'tcp:written')
  const answer = cell.first('a', 'tcp:received', said?.time)
  const what = name === 'headersTimeout' ? 'headers never end' : 'body never ends'
  return [
    cell.took(
      'closes',
      said,
      cell.first('a', 'tcp:end_received'),
      expect.checkedLimit(name, limitMs, checkEveryMs),
      {
        claim: `the server ends a request whose ${what}`,
      },
    ),
    cell.count('answer', answer === undefined ? [] : [answer], { min: 1, max: 1 }, 'answers', {
      claim: 'and says so before it closes',
      formula: 'one: 408 Request Timeout',
      source: 'RFC 9110 15.5.9',
    }),
  ]
}

/** A server that has the request, and is silent. */
function noLimit(cell: Cell): TimedClaim[] {
  const asked = cell.first('a', 'http:request_sent')
  const from = asked?.time ?? cell.watch.from
  const over = [...cell.all('a', 'http:response_received'), ...cell.all('a', 'http:request_failed')]
  return [
    cell.nothing('quiet', from, cell.watch.to, over, {
      claim: 'node:http waits for an answer without a limit',
      formula: 'nothing, for the whole watch',
      source: 'Node.js, http.request(): timeout is not set',
    }),
    ...kernelKeepalive(cell),
  ]
}

/** What an agent has set without being asked; where the kernel can be asked. */
function kernelKeepalive(cell: Cell): TimedClaim[] {
  const options = cell.last('a', 'kernel:options_read')
  if (options === undefined) return []
  const { keepalive, keepaliveIdleMs } = options.data
  return [
    cell.says('keepalive', 'on', keepalive ? 'on' : 'off', [options], {
      claim: 'its agent has turned on TCP keepalive, for which nobody asked',
      formula: 'SO_KEEPALIVE as the kernel has it',
      because: `idle time ${keepaliveIdleMs} ms: it asks the kernel of a server, not its program`,
      source: 'Node.js, new http.Agent({ keepAlive: true }); undici, Client connect',
    }),
  ]
}

function undici(cell: Cell): TimedClaim[] {
  const limitMs = cell.settings.undiciHeadersTimeoutMs ?? UNDICI_HEADERS_TIMEOUT_MS
  return [
    cell.took(
      'gives-up',
      cell.first('a', 'http:request_sent'),
      cell.first('a', 'http:request_failed'),
      expect.undiciTimer(limitMs),
      { claim: 'undici, which is behind fetch(), gives up on an answer whose headers do not come' },
      'UND_ERR_HEADERS_TIMEOUT',
    ),
    ...kernelKeepalive(cell),
  ]
}

/** The request that goes out over a connection that the server has closed. */
function pooled(cell: Cell): TimedClaim[] {
  const [first, again, last] = cell.all('a', 'http:request_sent')
  const failed = cell.first('a', 'http:request_failed')
  const at = again?.time ?? cell.watch.to
  const fins = cell.log
    .all('cable:frame_stopped', { from: cell.watch.from, to: at })
    .filter(({ data }) => data.cable === cell.caseId && data.flags?.includes('FIN'))
  const onOld = (group: string | undefined) => (event: { group_id?: string | undefined }) =>
    event.group_id === group
  const old = onOld(again?.group_id)
  const arrived = cell
    .packets('b', 'received', at)
    .filter((packet) => old(packet) && packet.data.kind === 'data').length
  const read = cell.all('b', 'http:request_received', at).filter(old).length
  const answer = cell.all('a', 'http:response_received', last?.time ?? cell.watch.to)[0]
  const ownConnection = last?.group_id === again?.group_id ? 'the same' : 'a new'
  const source = 'RFC 9112 9.3.1, 9.5'
  const reset = cell.atOnce(
    'reset',
    again,
    failed,
    {
      claim: 'the request that is sent meanwhile fails',
      formula: '0 .. slack after it was sent: RST',
      source: 'RFC 9293 3.10.7.4 (data after close), RFC 9112 9.5',
    },
    'ECONNRESET',
  )
  return [
    { ...reset, claim: { ...reset.claim, short: 'RST' } },
    cell.says('fin-under-way', 'held back', fins.length > 0 ? 'held back' : 'none', fins.slice(0, 1), {
      claim: 'the FIN of the server has left it and is still under way',
      formula: 'what the cable says of it',
      source,
    }),
    cell.says(
      'states',
      'client ESTABLISHED, server FIN-WAIT-1',
      `client ${cell.state('a', at)}, server ${cell.state('b', at)}`,
      [cell.last('a', 'kernel:socket_updated', at), cell.last('b', 'kernel:socket_updated', at)],
      {
        claim: 'both kernels are right about the same connection',
        formula: 'their states at that moment',
        source,
      },
    ),
    cell.says(
      'reused',
      'the same connection',
      first?.group_id === again?.group_id ? 'the same connection' : 'another',
      [first, again],
      {
        claim: "the client's pool takes it again: it has not heard anything else",
        formula: 'its group is that of the first request',
        source: 'Node.js, new http.Agent({ keepAlive: true })',
      },
    ),
    cell.says('unread', '1 arrives, 0 read', `${arrived} arrives, ${read} read`, [], {
      claim: "the request arrives at the server's kernel, and no program reads it",
      formula: 'captured at the server; seen by its program',
      source,
    }),
    cell.says(
      'fresh',
      '200 over a new connection',
      answer === undefined ? 'none' : `${answer.data.status} over ${ownConnection} connection`,
      [answer],
      {
        claim: 'the same request over a fresh connection works',
        formula: 'the answer to the next request',
        source: 'RFC 9110 9.2.2: what is idempotent may be asked again',
      },
    ),
  ]
}
