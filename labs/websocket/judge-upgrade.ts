/** An HTTP request becomes a WebSocket; then who answers a ping. */
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { acceptFor } from '../../src/protocols/websocket/handshake.ts'
import { type Cell, HTML, RFC_6455 } from './cell.ts'
import { WATCHED } from './conditions.ts'

/** RFC 6455 section 5.2: a short frame's header, and the mask that a client adds. */
const HEADER_BYTES = 2
const MASK_BYTES = 4
/** What both clients write. */
const WRITTEN = 'still here'

export function upgradeClaims(cell: Cell): (TimedClaim | null)[] {
  return [...handshake(cell), ...frames(cell), ...pings(cell), ...goodbye(cell)]
}

function handshake(cell: Cell): (TimedClaim | null)[] {
  const { a, b, watch } = cell
  const whole = [watch.from, watch.to] as const
  const [asked] = cell.events('websocket:upgrade_asked', b, WATCHED)
  const [answered] = cell.events('websocket:upgrade_answered', b, WATCHED)
  const [read] = cell.events('websocket:upgrade_answered', a, WATCHED)
  const packets = cell.events('packet:captured', a, WATCHED)
  const first = packets.findIndex(({ data }) => data.text?.startsWith('ws ') === true)
  const upTo = packets.slice(0, first + 1)
  const syns = packets.filter(({ data }) => data.kind === 'syn')
  return [
    asked && answered
      ? cell.timed('accept', whole, {
          claim: 'the server proves that it has read the request as WebSocket',
          formula: `base64(SHA-1("${asked.data.key}" + GUID))`,
          expected: { oneOf: [acceptFor(asked.data.key)] },
          observed: { value: (read ?? answered).data.accept },
          because:
            read === undefined ? 'as the server sent it; the browser took it' : 'as the client read it',
          source: `${RFC_6455} sections 1.3 and 4.2.2`,
          evidence: [asked, answered, read],
        })
      : null,
    cell.hasPackets
      ? cell.timed('order', whole, {
          claim:
            'TCP first, then one HTTP request and its answer, and from then on frames, the server first or not',
          formula: 'handshake of TCP, GET, 101, frames',
          expected: { oneOf: [`SYN, SYN ACK, ACK, GET ${WATCHED}, 101, ws ping`] },
          observed: { value: withoutPlainAcks(upTo.map(({ data }) => data)).join(', ') },
          because: `${upTo.length} packets, of which those without bytes only acknowledge`,
          source: `RFC 9293 section 3.5, RFC 9112, ${RFC_6455} section 4`,
          evidence: upTo,
        })
      : null,
    cell.hasPackets
      ? cell.timed('one-connection', whole, {
          claim: 'the request, its answer, and all frames are on one TCP connection',
          formula: 'one SYN',
          expected: { min: 1, max: 1, unit: 'SYNs' },
          observed: { value: syns.length, unit: 'SYNs' },
          because: `${packets.length} packets passed the card of the client`,
          source: `${RFC_6455} section 1.7`,
          evidence: syns,
        })
      : null,
  ]
}

interface Seen {
  kind: string
  flags?: string | undefined
  text?: string | undefined
}

/** The third segment of the handshake, and of the later ones those with something in them. */
function withoutPlainAcks(packets: readonly Seen[]): string[] {
  return packets.flatMap(({ kind, flags, text }, index) =>
    kind === 'ack' && packets[index - 1]?.kind !== 'syn-ack' ? [] : [text ?? flags ?? kind],
  )
}

function frames(cell: Cell): (TimedClaim | null)[] {
  const { a, b, watch, row } = cell
  const whole = [watch.from, watch.to] as const
  const masked = (host: string) => {
    const all = cell.events('websocket:frame_received', host, WATCHED).map(({ data }) => data.isMasked)
    return all.length === 0
      ? 'not seen'
      : all.every((is) => is)
        ? 'all'
        : all.some((is) => is)
          ? 'some'
          : 'none'
  }
  const bytes = (direction: 'sent' | 'received', text: string) =>
    cell.packets(a, direction, WATCHED).find(({ data }) => data.text === text)
  const written = bytes('sent', 'ws text')
  const ping = bytes('received', 'ws ping')
  const [number] = cell.events('heartbeat:ping_sent', b, WATCHED)
  const payload = String(number?.data.number ?? '').length
  return [
    cell.timed('masked', whole, {
      claim: 'every frame of the client is masked, and none of the server',
      formula: 'MASK is 1 from a client, 0 from a server',
      expected: { oneOf: [row === 'ws' ? 'client: all, server: none' : 'client: all'] },
      observed: {
        value: row === 'ws' ? `client: ${masked(b)}, server: ${masked(a)}` : `client: ${masked(b)}`,
      },
      because: row === 'ws' ? 'both ends read the headers' : 'only the server lets us read the headers',
      source: `${RFC_6455} section 5.1`,
    }),
    written
      ? cell.timed('client-frame', whole, {
          claim: `"${WRITTEN}" of a client costs six bytes more on the wire`,
          formula: `header ${HEADER_BYTES} + mask ${MASK_BYTES} + text ${WRITTEN.length}`,
          expected: exactly(HEADER_BYTES + MASK_BYTES + WRITTEN.length, 'bytes'),
          observed: { value: written.data.bytes, unit: 'bytes' },
          because: 'bytes above TCP in the packet, captured at the client',
          source: `${RFC_6455} section 5.2`,
          evidence: [written],
        })
      : null,
    ping && number
      ? cell.timed('server-frame', whole, {
          claim: 'a ping of the server has its number in it and nothing more',
          formula: `header ${HEADER_BYTES} + number ${payload}`,
          expected: exactly(HEADER_BYTES + payload, 'bytes'),
          observed: { value: ping.data.bytes, unit: 'bytes' },
          because: 'bytes above TCP in the packet, captured at the client',
          source: `${RFC_6455} sections 5.2 and 5.5.2`,
          evidence: [ping],
        })
      : null,
  ]
}

/** When the client computed, and could do nothing else. */
function blockedSpan(cell: Cell): { from: number; to: number } | null {
  if (cell.row === 'page') {
    const [from, to] = ['blocked', 'free'].map((what) => cell.said.find((line) => line.what === what)?.time)
    return from === undefined || to === undefined ? null : { from, to }
  }
  const event = cell.log.first('program:blocked', { host: cell.a })
  return event === undefined ? null : { from: event.time - event.data.blockedMs, to: event.time }
}

function pings(cell: Cell): (TimedClaim | null)[] {
  const { b, row } = cell
  const span = blockedSpan(cell)
  if (span === null) return []
  const range = [span.from, span.to] as const
  // The last ones may be answered after it is free: they count for neither.
  const asked = cell.events('heartbeat:ping_sent', b, WATCHED, span.from, span.to - SLACK_MS)
  const pongs = cell.events('heartbeat:pong_received', b, WATCHED, span.from, span.to)
  const answered = asked.filter(({ data }) => pongs.some((pong) => pong.data.number === data.number))
  const later = cell.events('heartbeat:pong_received', b, WATCHED, span.to)
  const late = asked.filter(({ data }) => later.some((pong) => pong.data.number === data.number))
  const doubt = cell
    .events('belief:updated', b, WATCHED, span.from, span.to)
    .find(({ data }) => data.new === 'suspect')
  const isPage = row === 'page'
  return [
    cell.timed('blocked-pongs', range, {
      claim: isPage
        ? 'while the page computes, the browser answers pings: another process has the socket'
        : 'while the program computes, nobody answers pings: the library lives in the same thread',
      formula: isPage ? `each of ${asked.length} pings` : 'none',
      expected: isPage
        ? { min: Math.max(1, asked.length), max: asked.length, unit: 'pongs' }
        : exactly(0, 'pongs'),
      observed: { value: answered.length, unit: 'pongs' },
      because: `${asked.length} pings were sent to it meanwhile`,
      source: isPage
        ? 'content/services: the network service is a process of its own; RFC 6455 section 5.5.3'
        : 'ws README: "Pong messages are automatically sent in response to ping messages"',
      evidence: asked,
    }),
    isPage
      ? cell.timed('blocked-trusted', range, {
          claim: 'so the server goes on trusting a page that hangs',
          formula: 'a pong at each ping: no silence',
          expected: { value: null },
          observed: { value: doubt?.data.new ?? null, watchedMs: Math.round(span.to - span.from) },
          because: 'a pong says that the browser is there, not that the page is',
          source: `${RFC_6455} section 5.5.2`,
          evidence: [doubt],
        })
      : cell.timed('blocked-late', range, {
          claim: 'when it is free again, the library answers each of them',
          formula: `each of ${asked.length} pings`,
          expected: { min: Math.max(1, asked.length), max: asked.length, unit: 'pongs' },
          observed: { value: late.length, unit: 'pongs' },
          because: 'they waited in the kernel of the client',
          source: 'ws README: "Pong messages are automatically sent in response to ping messages"',
          evidence: late,
        }),
  ]
}

function goodbye(cell: Cell): (TimedClaim | null)[] {
  const { a, watch } = cell
  const told = cell.told(WATCHED)
  const called = cell.did('closing', WATCHED, watch.from)
  const frame = cell
    .events('websocket:frame_received', cell.b, WATCHED)
    .find(({ data }) => data.opcode === 'close')
  const fins = cell
    .events('packet:captured', a, WATCHED)
    .filter(({ data }) => data.flags?.includes('FIN') === true)
  const [fin] = fins
  if (told === undefined || called === undefined) return []
  const code = cell.row === 'ws' ? 1000 : 1005
  return [
    cell.timed('close-code', [called.time, told.time], {
      claim: 'close() on a live line: the peer answers with a close frame, and both know that it was meant',
      formula: cell.row === 'ws' ? 'the code that was sent comes back' : '1005: the page gave no code',
      expected: { oneOf: [String(code)] },
      observed: { value: String(told.code) },
      because: `${Math.round(told.time - called.time)} ms after close()`,
      source: `${RFC_6455} sections 5.5.1 and 7.4.1; ${HTML}`,
      evidence: [frame, told.event],
    }),
    // ws ends its side too as soon as both close frames have passed: there either FIN may be first.
    fin && cell.row === 'page'
      ? cell.timed('first-fin', [called.time, fin.time], {
          claim: 'the server ends TCP, though the page asked for the end: the browser waits for it',
          formula: 'a client waits for the server to close, which then has the connection in TIME-WAIT',
          expected: { oneOf: ['server'] },
          observed: { value: fin.data.direction === 'received' ? 'server' : 'client' },
          because: `the first FIN, ${Math.round(fin.time - called.time)} ms after close()`,
          source: `${RFC_6455} section 7.1.1`,
          evidence: [fin],
        })
      : null,
  ]
}

export function exactly(value: number, unit: string) {
  return { min: value, max: value, unit }
}
