/** The patience of Node's own HTTP, at both ends. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { checkedLimit, nodeTimer, undiciTimer } from '../expectations.ts'
import { lasts, staysQuiet } from '../waits.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: b\r\n'
/** undici's own, as its documentation has it. */
const UNDICI_HEADERS_TIMEOUT_MS = 300_000
/** What Node adds at most to keepAliveTimeout, in any version so far. */
const ADDED_MAX_MS = 1000

export const http: CaseOf<TimeoutsSettings> = {
  id: 'http',
  promise: 'HTTP: a slow client, a slow server, and a pause between two requests',

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { http: limits, withinMs } = settings
    /** A client that says this much and then waits for what the server does. */
    const saying = async (row: string, text: string) => {
      const at = await rig.sockets(b).http.listen(row, limits)
      const client = await rig.sockets(a).tcp.connect(row, at)
      await client.connected()
      await client.write(text)
      await rig.came(rig.untilEvent(a, 'tcp:end_received', { groupId: client.groupId, withinMs }))
    }
    /** A client that asks a server which takes the request and never answers. */
    const asking = async (row: string, by: 'node' | 'undici') => {
      const at = await rig.sockets(b).http.listen(row, { does: 'nothing' })
      const headersTimeoutMs = settings.undiciHeadersTimeoutMs ?? undefined
      await rig.sockets(a).http.get(row, at, { by, headersTimeoutMs })
    }
    await asking('node-http', 'node')
    await asking('undici', 'undici')
    await rig.untilEvent(b, 'http:request_received', { mechanism: 'undici' })
    await rig.observe(pair)
    await Promise.all([
      rig.sleep(settings.neverMs),
      saying('keep-alive-timeout', `${REQUEST}\r\n`),
      saying('headers-timeout', REQUEST),
      saying('request-timeout', 'POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nhalf'),
      rig.came(rig.untilEvent(a, 'http:request_failed', { mechanism: 'undici', withinMs })),
    ])
  },

  rows: {
    'keep-alive-timeout'(cell) {
      const told = limitsOf(cell)?.keepAliveTimeoutMs
      const answered = cell.b.first('http:response_sent')
      const idleMs = answered?.data.idleLimitMs
      const source = 'Node.js, server.keepAliveTimeout'
      const timer = nodeTimer(idleMs ?? Number.NaN, 'socket.timeout after the response', source)
      const addedMs = idleMs === undefined || told === undefined ? null : idleMs - told
      return [
        lasts(cell, 'closes', timer, answered, cell.a.first('tcp:end_received'), {
          claim: 'the server closes a connection that has no next request',
          because: 'an open connection costs it something, and nobody needs this one now',
        }),
        counts(cell, 'added', { min: 0, max: ADDED_MAX_MS }, addedMs, 'ms', {
          claim: 'it may wait a little longer than it was told, so that its FIN meets fewer requests',
          formula: `socket.timeout - keepAliveTimeout: 0 .. ${ADDED_MAX_MS} ms, by the version of Node`,
          because: `keepAliveTimeout ${told ?? '?'} ms, socket.timeout ${idleMs ?? '?'} ms`,
          source: 'Node.js, server.keepAliveTimeout, keepAliveTimeoutBuffer',
          evidence: [answered],
        }),
      ]
    },

    'headers-timeout': (cell) => lateRequest(cell, 'headersTimeout', 'headers never end'),
    'request-timeout': (cell) => lateRequest(cell, 'requestTimeout', 'body never ends'),

    'node-http'(cell) {
      const { a } = cell
      const asked = a.first('http:request_sent')
      const waiting = { from: asked?.time ?? cell.watch.from, to: cell.watch.to }
      const over = [...a.all('http:response_received'), ...a.all('http:request_failed')]
      const hasIt = cell.b.first('http:request_received') !== undefined
      return [
        staysQuiet(cell, 'quiet', asked === undefined ? null : over, waiting, {
          claim: 'node:http waits for an answer without a limit',
          formula: 'nothing, for the whole watch',
          because: hasIt ? "the server's program has the request, and is silent" : 'the server is silent',
          source: 'Node.js, http.request(): timeout is not set',
          evidence: [asked],
        }),
        ...kernelKeepalive(cell),
      ]
    },

    undici(cell) {
      const { a } = cell
      const timer = undiciTimer(cell.settings.undiciHeadersTimeoutMs ?? UNDICI_HEADERS_TIMEOUT_MS)
      return [
        lasts(cell, 'gives-up', timer, a.first('http:request_sent'), a.first('http:request_failed'), {
          claim: 'undici, which is behind fetch(), gives up on an answer whose headers do not come',
          because: 'it has a limit of its own, and looks at its clock twice a second',
          code: 'UND_ERR_HEADERS_TIMEOUT',
        }),
        ...kernelKeepalive(cell),
      ]
    },
  },
}

function limitsOf(cell: Cell) {
  return cell.b.ofHost('http:limits_read').find(({ data }) => data.mechanism === cell.row)?.data
}

function lateRequest(cell: Cell, name: 'headersTimeout' | 'requestTimeout', what: string): Claims {
  const { a } = cell
  const limits = limitsOf(cell)
  const expected = limits ? checkedLimit(name, limits[`${name}Ms`], limits.checkEveryMs) : null
  const said = a.first('tcp:written')
  const closed = a.first('tcp:end_received')
  const within = { from: said?.time ?? cell.watch.from, to: closed?.time ?? cell.watch.to }
  const answer = a.all('tcp:received', within).slice(0, 1)
  const text = received(a.packets(within))?.find(({ data }) => data.bytes > 0)?.data.text
  return [
    lasts(cell, 'closes', expected, said, closed, {
      claim: `the server ends a request whose ${what}`,
      because: 'it looks for late requests now and then, so it may be later than its limit',
    }),
    counts(cell, 'answer', 1, answer, 'answers', {
      claim: 'it says so before it closes',
      formula: 'one: 408 Request Timeout',
      because: text === undefined ? 'the packet itself was not captured' : `on the wire: ${text}`,
      source: 'RFC 9110 section 15.5.9',
    }),
  ]
}

/** What an agent has set without being asked; where the kernel can be asked. */
function kernelKeepalive(cell: Cell): Claims {
  const options = cell.a.options()
  if (options === undefined) return []
  const { keepalive, keepaliveIdleMs } = options
  return [
    says(cell, 'keepalive', 'on', keepalive ? 'on' : 'off', {
      claim: 'its agent has turned on TCP keepalive, though nobody asked for it',
      formula: 'SO_KEEPALIVE as the kernel has it',
      because: `idle time ${keepaliveIdleMs} ms: it asks the kernel of a server, not its program`,
      source: 'Node.js, new http.Agent({ keepAlive: true }); undici, Client connect',
      evidence: [cell.a.last('kernel:options_read')],
    }),
  ]
}
