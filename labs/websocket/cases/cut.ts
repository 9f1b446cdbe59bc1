/** A dead line: what readyState says, for how long, and what ends it. */
import { retransmissionGiveUp, UNKNOWN } from '../../../src/kernel/give-up.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, type Claims, counts, says, took, type Words } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import { AFTERWARDS_MS, openPage, openWs, readAll, readKernel } from '../clients.ts'
import { IDLE, quickOnly, STILL_HERE, type WebSocketSettings } from '../conditions.ts'
import { type Connection, connectionOn, HTML, IDLE_TCP, type Look, looked, RFC_6455 } from '../connection.ts'

/** The connections by what their client does. */
const WRITES = '/writes'
const CLOSES = '/closes'
/** As the one before, with ws's own limit of 30 s. */
const CLOSES_LATE = '/closes-late'
const TERMINATES = '/terminates'

export const cut: CaseOf<WebSocketSettings> = {
  id: 'cut',
  promise: 'the cable is cut; then one connection stays idle, one writes, the others are closed',
  needs: ['network'],
  notHere: quickOnly,

  async act(rig, pair, settings) {
    const { closeTimeoutMs, orderedMs, deadMs } = settings
    const [ws, page] = await Promise.all([
      openWs(rig, pair, settings, {
        [IDLE]: {},
        [WRITES]: {},
        [CLOSES]: { closeTimeoutMs },
        [CLOSES_LATE]: {},
        [TERMINATES]: {},
      }),
      openPage(rig, pair, settings, [IDLE, WRITES, CLOSES]),
    ])
    rig.alive(pair)
    await readKernel(rig, pair.a)
    await readAll(ws?.client)
    await page?.order(WRITES, `send ${orderedMs}`)
    await page?.order(CLOSES, `close ${orderedMs}`)

    await rig.strike('cut', pair)
    await ws?.client[WRITES].send(STILL_HERE)
    await ws?.client[CLOSES].end('close')
    await ws?.client[CLOSES_LATE].end('close')
    await ws?.client[TERMINATES].end('terminate')
    await rig.sleep(AFTERWARDS_MS)
    await ws?.client[WRITES].read()
    await ws?.client[CLOSES_LATE].read()
    await rig.sleep(deadMs)

    await readAll(ws?.client)
    await readAll(ws?.server)
    await readAll(page?.server)
    rig.endWatch('cut', pair)
    await page?.close()
  },

  rows: {
    ws: (cell) => [
      ...idle(cell, 'none', {
        claim: 'no timer runs on it: it would stay open for ever',
        formula: 'ws does not call setKeepAlive()',
        source: 'RFC 9293 section 3.8.4: keepalive MUST default to off',
      }),
      ...writes(cell),
      ownLimit(cell),
      gaveUp(cell, 'close-30s', CLOSES_LATE, {
        claim: 'with the 30 s of ws itself the kernel gives up sooner, since its patience is short here',
      }),
      closing(cell, CLOSES_LATE),
      terminated(cell),
      heldByServer(cell),
    ],

    page: (cell) => [
      ...idle(cell, 'keepalive', {
        claim:
          'Chromium has TCP keepalive on: 45 s of silence, then a probe each 45 s, would end it in the end',
        formula: '45 s + tcp_keepalive_probes x 45 s at most',
        // kTCPKeepAliveSeconds: of every socket, idle time and interval alike.
        source: 'Chromium net/socket/tcp_socket_posix.cc: keepalive after 45 s, and each 45 s',
      }),
      ...writes(cell),
      gaveUp(cell, 'close-told', CLOSES, {
        claim: 'close() of a page waits on a dead line until the kernel gives up; there is no terminate()',
      }),
      closing(cell, CLOSES),
      heldByServer(cell),
    ],
  },
}

const cutAt = ({ strike, watch }: Cell) => strike?.at ?? watch.to

function idle(cell: Cell, timer: string, words: Omit<Words, 'because'>): Claims {
  const { a, toldWords } = connectionOn(cell, IDLE)
  const from = cutAt(cell)
  const last = a.last('websocket:state_read', { from })
  const time = last?.time ?? from
  const socket = a.last('kernel:socket_updated', { to: time })
  return [
    says(cell, 'idle-open', 'open', last?.data.readyState ?? '', {
      claim: 'readyState of an idle connection goes on saying open, and no event comes',
      formula: 'nobody sends, so nobody can miss anything',
      because: `${toldWords}, ${Math.round(time - from)} ms after the cut`,
      source: `${HTML}: readyState says what this end has done or was told`,
      evidence: [last],
      short: last?.data.readyState.toUpperCase() ?? '-',
    }),
    says(cell, 'idle-timer', timer, socket?.data.new?.timer ?? '', {
      ...words,
      because: `the timer in the socket table of ${a.host}`,
      evidence: [socket],
    }),
  ]
}

function writes(cell: Cell): Claims {
  const connection = connectionOn(cell, WRITES)
  const { a, told } = connection
  const between = looksAfter(connection, a.first('websocket:message_sent', { from: cutAt(cell) }))
  const held = looked(between, ({ data }) => `${data.readyState}, ${data.bufferedBytes} bytes`)
  return [
    gaveUp(cell, 'write-told', WRITES, {
      claim: 'the client is told that what it wrote never arrived when its kernel gives up, and not before',
    }),
    says(cell, 'write-code', '1006', String(told?.data.code ?? ''), {
      claim: 'and then by code 1006: no close frame came. It does not say why',
      formula: '1006 is never sent by anybody',
      because: 'the code of its close event',
      source: `${RFC_6455} section 7.1.5`,
      evidence: [told],
    }),
    says(cell, 'write-open', 'open, 0 bytes', held, {
      claim: 'until then readyState says open, and nothing waits in the buffer',
      formula: 'the kernel has taken the bytes',
      because: `looked at ${between.length} times after the write`,
      source: `${HTML}: bufferedAmount is what was not yet handed to the network`,
      evidence: between,
    }),
  ]
}

/** From what its client did to what it was told. What is handed to the kernel on a page takes a moment. */
function looksAfter({ a, told }: Connection, did: { time: number } | undefined): Look[] {
  if (did === undefined) return []
  return a.all('websocket:state_read', { from: did.time + SLACK_MS, ...(told && { to: told.time }) })
}

/** From the first bytes after the cut to what the client was told, by the kernel's patience. */
function gaveUp(cell: Cell, what: string, path: string, words: { claim: string }) {
  const { a, told, toldWords, busy } = connectionOn(cell, path)
  const measured = busy(cutAt(cell))
  const packets = sent(a.packets({ from: cutAt(cell) }))
  const lost = packets === null ? null : packets.find(({ data }) => data.bytes > 0)
  return took(cell, what, measured === null ? UNKNOWN : retransmissionGiveUp(measured), lost, told, {
    ...words,
    formula: `RTO ${measured?.retransmissionTimeoutMs} ms, tcp_retries2 = ${measured?.retries2}, + slack`,
    because: `from the packet that was lost; ${toldWords}`,
    source: 'net/ipv4/tcp_timer.c, tcp_write_timeout(); ip-sysctl.rst, tcp_retries2',
  })
}

function ownLimit(cell: Cell) {
  const { ended, told, toldWords } = connectionOn(cell, CLOSES)
  const limitMs = ended?.data.closeTimeoutMs ?? Number.NaN
  return took(cell, 'close-told', { minMs: limitMs, maxMs: limitMs }, ended, told, {
    claim: 'close() waits for a close frame that cannot come, for as long as it was told to',
    formula: `closeTimeout ${limitMs} ms + slack`,
    because: toldWords,
    source: 'ws doc/ws.md, closeTimeout: 30 s where nothing else was said',
  })
}

function closing(cell: Cell, path: string) {
  const connection = connectionOn(cell, path)
  const waiting = looksAfter(connection, connection.ended)
  return says(cell, 'close-state', 'closing', looked(waiting), {
    claim: 'meanwhile readyState says closing: neither open nor over',
    formula: 'close() sends a close frame, and waits for one',
    because: `looked at ${waiting.length} times after close()`,
    source: `${RFC_6455} section 7.1.3; ${HTML}`,
    evidence: waiting,
  })
}

function terminated(cell: Cell) {
  const { ended, told, toldWords } = connectionOn(cell, TERMINATES)
  return took(cell, 'terminate-told', AT_ONCE, ended, told, {
    claim: 'terminate() asks nobody: over at once, for this end',
    because: toldWords,
    source: 'ws doc/ws.md, terminate(): forcibly closes the connection',
  })
}

/** What became of them at the other end: nothing. */
function heldByServer(cell: Cell) {
  const { b } = cell
  const opened = b.all('websocket:opened')
  const read = b.all('websocket:state_read', { from: cutAt(cell) })
  const open = read.filter(({ data }) => data.readyState === 'open')
  return counts(cell, 'server-open', opened.length, open, 'connections', {
    claim:
      'the server, which did not speak, takes all of them to be open, even those that are over at the client',
    formula: 'each of them',
    because: `at the end, ${Math.round(cell.watch.to - cutAt(cell))} ms after the cut`,
    source: IDLE_TCP,
  })
}
