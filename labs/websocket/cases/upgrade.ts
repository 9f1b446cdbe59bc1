/** An HTTP request becomes a WebSocket. Who answers a ping while the client computes? And who ends TCP? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell, End } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, nothing, says } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { type Captured, firstOfEach, ofKind } from '../../../src/lab/packets.ts'
import { acceptFor } from '../../../src/protocols/websocket/handshake.ts'
import { AFTERWARDS_MS, openPage, openWs, untilAnswered } from '../clients.ts'
import { STILL_HERE, WATCHED, type WebSocketSettings } from '../conditions.ts'
import { type Connection, connectionOn, HTML, RFC_6455 } from '../connection.ts'

/** RFC 6455 section 5.2: a short frame's header, and the mask that a client adds. */
const HEADER_BYTES = 2
const MASK_BYTES = 4
const LIBRARY = 'ws README: "Pong messages are automatically sent in response to ping messages"'

export const upgrade: CaseOf<WebSocketSettings> = {
  id: 'upgrade',
  promise: 'an HTTP request becomes a WebSocket; the server pings, and the client computes for a while',
  inTurn: true,

  async act(rig, pair, settings) {
    const { blockMs } = settings
    rig.alive(pair)
    const byProgram = async () => {
      const client = (await openWs(rig, pair, settings, { [WATCHED]: {} }))?.client[WATCHED]
      if (client === undefined) return
      await client.send(STILL_HERE)
      await untilAnswered(rig, pair, client)
      await rig.sockets(pair.a).webSocket.block('ws', blockMs)
      await rig.sleep(AFTERWARDS_MS)
      await client.end('close')
      await rig.untilEvent(pair.a, 'websocket:close_received', { groupId: client.groupId })
    }
    const byPage = async () => {
      const page = await openPage(rig, pair, settings, [WATCHED])
      if (page === null) return
      await page.order(WATCHED, 'send 0')
      await untilAnswered(rig, pair, page.server[WATCHED])
      await page.order(WATCHED, `block ${blockMs}`)
      await page.said('free', WATCHED)
      await rig.sleep(AFTERWARDS_MS)
      await page.order(WATCHED, 'close 0')
      await page.said('close', WATCHED)
      await page.close()
    }
    await Promise.all([byProgram(), byPage()])
    await rig.sleep(AFTERWARDS_MS)
  },

  rows: {
    ws(cell) {
      const watched = connectionOn(cell, WATCHED)
      const seen = `client: ${masks(watched.b)}, server: ${masks(watched.a)}`
      return [
        ...handshake(cell, watched),
        masked(cell, 'client: masked, server: unmasked', seen, 'both ends read the headers'),
        ...frames(cell, watched),
        ...programComputes(cell, watched),
        closeCode(cell, watched, '1000', 'the code that was sent comes back'),
      ]
    },

    page(cell) {
      const watched = connectionOn(cell, WATCHED)
      const seen = `client: ${masks(watched.b)}`
      return [
        ...handshake(cell, watched),
        masked(cell, 'client: masked', seen, 'only the server lets us read the headers'),
        ...frames(cell, watched),
        ...pageComputes(cell, watched),
        closeCode(cell, watched, '1005', '1005: the page gave no code'),
        // ws ends its side too as soon as both close frames have passed: there either FIN may be first.
        firstFin(cell, watched),
      ]
    },
  },
}

function handshake(cell: Cell, { a, b }: Connection): Claims {
  const asked = b.first('websocket:upgrade_asked')
  const answered = b.first('websocket:upgrade_answered')
  const read = a.first('websocket:upgrade_answered')
  const packets = a.packets()
  const firstFrame = packets?.findIndex(({ data }) => data.text?.startsWith('ws ')) ?? 0
  const upTo = packets?.slice(0, firstFrame + 1) ?? null
  return [
    says(cell, 'accept', acceptFor(asked?.data.key ?? ''), (read ?? answered)?.data.accept ?? '', {
      claim: 'the server proves that it has read the request as WebSocket',
      formula: `base64(SHA-1("${asked?.data.key}" + GUID))`,
      because: read === undefined ? 'as the server sent it; the browser took it' : 'as the client read it',
      source: `${RFC_6455} sections 1.3 and 4.2.2`,
      evidence: [asked, answered, read],
    }),
    says(cell, 'order', `SYN, SYN ACK, ACK, GET ${WATCHED}, 101, ws ping`, upTo && withoutPlainAcks(upTo), {
      claim:
        'TCP first, then one HTTP request and its answer, and from then on frames; the server may be the first',
      formula: 'handshake of TCP, GET, 101, frames',
      because: `${upTo?.length} packets, of which those without bytes only acknowledge`,
      source: `RFC 9293 section 3.5, RFC 9112, ${RFC_6455} section 4`,
      evidence: upTo ?? [],
    }),
    counts(cell, 'one-connection', 1, ofKind(packets, 'syn'), 'SYNs', {
      claim: 'the request, its answer, and all frames are on one TCP connection',
      formula: 'one SYN',
      because: `${packets?.length} packets passed the card of the client`,
      source: `${RFC_6455} section 1.7`,
    }),
  ]
}

/** In words: the third segment of the handshake, and of the later ones those with something in them. */
function withoutPlainAcks(packets: readonly Captured[]): string {
  return packets
    .filter(({ data }, index) => data.kind !== 'ack' || packets[index - 1]?.data.kind === 'syn-ack')
    .map(({ data }) => data.text ?? data.flags ?? data.kind)
    .join(', ')
}

function masked(cell: Cell, expected: string, seen: string, because: string) {
  return says(cell, 'masked', expected, seen, {
    claim: 'every frame of the client is masked, and no frame of the server',
    formula: 'MASK is 1 from a client, 0 from a server',
    because,
    source: `${RFC_6455} section 5.1`,
  })
}

/** The frames that an end received: `masked`. */
function masks(end: End): string {
  const frames = end.all('websocket:frame_received')
  return firstOfEach(frames.map(({ data }) => (data.isMasked ? 'masked' : 'unmasked'))).join(' and ')
}

function frames(cell: Cell, { a, b }: Connection): Claims {
  const packets = a.packets()
  const alone = (direction: string, text: string) =>
    packets?.find(({ data }) => data.direction === direction && data.text === text)
  const [written, ping] = [alone('sent', 'ws text'), alone('received', 'ws ping')]
  const number = String(b.first('heartbeat:ping_sent')?.data.number ?? '')
  const textBytes = HEADER_BYTES + MASK_BYTES + STILL_HERE.length
  const seen = {
    because: 'bytes above TCP in the packet, captured at the client',
    source: `${RFC_6455} sections 5.2 and 5.5.2`,
    ...(packets === null ? {} : { unseen: 'no packet has such a frame and no other' }),
  }
  return [
    counts(cell, 'client-frame', textBytes, written?.data.bytes ?? null, 'bytes', {
      ...seen,
      claim: `"${STILL_HERE}" of a client costs six bytes more on the wire`,
      formula: `header ${HEADER_BYTES} + mask ${MASK_BYTES} + text ${STILL_HERE.length}`,
      evidence: [written],
    }),
    counts(cell, 'server-frame', HEADER_BYTES + number.length, ping?.data.bytes ?? null, 'bytes', {
      ...seen,
      claim: 'a ping of the server has its number in it and nothing more',
      formula: `header ${HEADER_BYTES} + number ${number.length}`,
      evidence: [ping],
    }),
  ]
}

/** The pings that were sent to a client while it computed, and those of them that were answered meanwhile, and later. */
function pingsOf(cell: Cell, { b }: Connection) {
  const isOwn = ({ program }: { program: string }) => (program === 'page') === (cell.row === 'page')
  const blocked = cell.a.ofHost('program:blocked').find(isOwn)
  const to = blocked?.time ?? cell.watch.to
  const computing = { from: to - (blocked?.data.blockedMs ?? 0), to }
  // The last ones may be answered after it is free: they count for neither.
  const asked = b.all('heartbeat:ping_sent', { ...computing, to: to - SLACK_MS })
  const answeredIn = (within: Partial<Period>) => {
    const numbers = new Set(b.all('heartbeat:pong_received', within).map(({ data }) => data.number))
    return asked.filter(({ data }) => numbers.has(data.number))
  }
  const each = { min: Math.max(1, asked.length), max: asked.length }
  return { computing, asked, each, meanwhile: answeredIn(computing), later: answeredIn({ from: to }) }
}

function programComputes(cell: Cell, watched: Connection): Claims {
  const { asked, each, meanwhile, later } = pingsOf(cell, watched)
  return [
    counts(cell, 'blocked-pongs', 0, asked.length === 0 ? undefined : meanwhile.length, 'pongs', {
      claim: 'while the program computes, nobody answers pings: the library lives in the same thread',
      because: `${asked.length} pings were sent to it meanwhile`,
      source: LIBRARY,
      evidence: asked,
    }),
    counts(cell, 'blocked-late', each, later, 'pongs', {
      claim: 'when it is free again, the library answers each of them',
      formula: `each of ${asked.length} pings`,
      because: 'they waited in the kernel of the client',
      source: LIBRARY,
    }),
  ]
}

function pageComputes(cell: Cell, watched: Connection): Claims {
  const { computing, asked, each, meanwhile } = pingsOf(cell, watched)
  const doubts = watched.b.all('belief:updated', computing).filter(({ data }) => data.new === 'suspect')
  return [
    counts(cell, 'blocked-pongs', each, meanwhile, 'pongs', {
      claim: 'while the page computes, the browser answers pings: another process has the socket',
      formula: `each of ${asked.length} pings`,
      because: `${asked.length} pings were sent to it meanwhile`,
      source: 'content/services: the network service is a process of its own; RFC 6455 section 5.5.3',
    }),
    nothing(cell, 'blocked-trusted', asked.length === 0 ? null : doubts, computing, {
      claim: 'so the server goes on trusting a page that hangs',
      formula: 'a pong at each ping: no silence',
      because: 'a pong says that the browser is there, not that the page is',
      source: `${RFC_6455} section 5.5.2`,
      unseen: 'nobody pinged it meanwhile',
    }),
  ]
}

function closeCode(cell: Cell, { b, ended, told }: Connection, code: string, formula: string) {
  const frame = b.all('websocket:frame_received').find(({ data }) => data.opcode === 'close')
  const afterMs = ended && told && Math.round(told.time - ended.time)
  return says(cell, 'close-code', code, String(told?.data.code ?? ''), {
    claim: 'close() on a live line: the peer answers with a close frame, and both know that it was meant',
    formula,
    because: `${afterMs} ms after close()`,
    source: `${RFC_6455} sections 5.5.1 and 7.4.1; ${HTML}`,
    evidence: [frame, told],
  })
}

function firstFin(cell: Cell, { a }: Connection) {
  const packets = a.packets()
  const fin = packets?.find(({ data }) => data.flags?.includes('FIN'))
  const by = fin && { sent: 'client', received: 'server' }[fin.data.direction]
  return says(cell, 'first-fin', 'server', packets && (by ?? ''), {
    claim: 'the server ends TCP, although the page asked for the end: the browser waits for the server',
    formula: 'a client waits for the server to close, which then has the connection in TIME-WAIT',
    because: 'whose FIN was the first, at the card of the client',
    source: `${RFC_6455} section 7.1.1`,
    evidence: [fin],
  })
}
