/** A dead line: what readyState says, for how long, and what ends it. */
import type { BusyConnection } from '../../src/kernel/give-up.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, HTML, msBetween, RFC_6455, within } from './cell.ts'
import { IDLE } from './conditions.ts'
import { busyGiveUp } from './expectations.ts'
import { exactly } from './judge-upgrade.ts'
import { CLOSES, CLOSES_LATE, TERMINATES, WRITES } from './paths.ts'

const TCP_TIMER = 'net/ipv4/tcp_timer.c, tcp_write_timeout(); ip-sysctl.rst, tcp_retries2'
/** kTCPKeepAliveSeconds: of every socket of Chromium, idle time and interval alike. */
const CHROMIUM_KEEPALIVE = 'Chromium net/socket/tcp_socket_posix.cc: keepalive after 45 s, and each 45 s'

export function cutClaims(cell: Cell): (TimedClaim | null)[] {
  const strike = cell.log.strikes.find(({ pair, fault }) => pair === cell.id && fault === 'cut')
  if (strike === undefined) return []
  return [
    ...idle(cell, strike.at),
    ...writes(cell, strike.at),
    ...closes(cell, strike.at),
    serverOpen(cell, strike.at),
  ]
}

function idle(cell: Cell, cutAt: number): (TimedClaim | null)[] {
  const last = cell.states(IDLE, cutAt, cell.watch.to).at(-1)
  const told = cell.told(IDLE)
  if (last === undefined) return []
  const isPage = cell.row === 'page'
  const socket = cell.events('kernel:socket_updated', cell.a, IDLE, 0, last.time).at(-1)
  return [
    cell.timed('idle-open', [cutAt, last.time], {
      claim: 'readyState of an idle connection goes on saying open, and no event comes',
      formula: 'nobody sends, so nobody can miss anything',
      expected: { oneOf: ['open'] },
      observed: { value: last.readyState, watchedMs: Math.round(last.time - cutAt) },
      because: `${told === undefined ? 'no event' : `code ${told.code}`}, ${Math.round(last.time - cutAt)} ms after the cut`,
      source: `${HTML}: readyState says what this end has done or was told`,
      short: 'OPEN',
    }),
    socket?.data.new
      ? cell.timed('idle-timer', [cutAt, last.time], {
          claim: isPage
            ? 'Chromium has TCP keepalive on: 45 s of silence, then a probe each 45 s, would end it at last'
            : 'no timer runs on it: it would stay open for ever',
          formula: isPage ? '45 s + tcp_keepalive_probes x 45 s at most' : 'ws does not call setKeepAlive()',
          expected: { oneOf: [isPage ? 'keepalive' : 'none'] },
          observed: { value: socket.data.new.timer },
          because: `the timer in the socket table of ${cell.a}`,
          source: isPage ? CHROMIUM_KEEPALIVE : 'RFC 9293 section 3.8.4: keepalive MUST default to off',
          evidence: [socket],
        })
      : null,
  ]
}

function writes(cell: Cell, cutAt: number): (TimedClaim | null)[] {
  const sent = cell.did('sent', WRITES, cutAt)
  const busy = cell.busy(WRITES, cutAt)
  if (sent === undefined || busy === null) return []
  const told = cell.told(WRITES)
  // What is handed to the kernel on a page takes a moment; then nothing is left to wait for.
  const between = cell.states(WRITES, sent.time + SLACK_MS, told?.time ?? cell.watch.to)
  return [
    gaveUp(cell, 'write-told', WRITES, busy, cutAt, {
      claim: 'the client is told that what it wrote never arrived when its kernel gives up, and not before',
      short: told === undefined ? 'NOT' : `${((told.time - sent.time) / 1000).toFixed(1)} s`,
    }),
    cell.timed('write-code', [sent.time, told?.time ?? cell.watch.to], {
      claim: 'and then by code 1006: no close frame came. It does not say why',
      formula: '1006 is never sent by anybody',
      expected: { oneOf: ['1006'] },
      observed: { value: String(told?.code ?? 'nothing') },
      because: 'the code of its close event',
      source: `${RFC_6455} section 7.1.5`,
      evidence: [told?.event],
    }),
    cell.timed('write-open', [sent.time, told?.time ?? cell.watch.to], {
      claim: 'until then readyState says open, and nothing waits in the buffer',
      formula: 'the kernel has taken the bytes',
      expected: { oneOf: ['open, 0 bytes'] },
      observed: {
        value: unlike(
          between.map((one) => `${one.readyState}, ${one.bufferedBytes} bytes`),
          'open, 0 bytes',
        ),
      },
      because: `looked at ${between.length} times after the write`,
      source: `${HTML}: bufferedAmount is what was not yet handed to the network`,
    }),
  ]
}

/** All the same: that; else the first that is not. */
function unlike(all: readonly string[], wanted: string): string {
  return all.find((one) => one !== wanted) ?? all[0] ?? 'not looked at'
}

/** From the first bytes after the cut to what the client was told, by the kernel's patience. */
function gaveUp(
  cell: Cell,
  what: string,
  path: string,
  busy: BusyConnection,
  cutAt: number,
  words: { claim: string; short?: string },
): TimedClaim {
  const lost = cell.packets(cell.a, 'sent', path, cutAt).find(({ data }) => data.bytes > 0)
  const told = cell.told(path)
  const span = busyGiveUp(busy)
  return cell.timed(what, [lost?.time ?? cutAt, told?.time ?? cell.watch.to], {
    formula: `RTO ${busy.retransmissionTimeoutMs} ms, tcp_retries2 = ${busy.retries2}, + slack`,
    expected: within(span),
    observed: msBetween(lost?.time, told?.time),
    because: `from the packet that was lost; code ${told?.code ?? 'none'}`,
    source: TCP_TIMER,
    evidence: [lost, told?.event],
    ...words,
  })
}

function closes(cell: Cell, cutAt: number): (TimedClaim | null)[] {
  const isPage = cell.row === 'page'
  const called = cell.did('closing', CLOSES, cutAt)
  const busy = cell.busy(CLOSES, cutAt)
  const told = cell.told(CLOSES)
  if (called === undefined) return []
  const path = isPage ? CLOSES : CLOSES_LATE
  const waiting = cell.states(path, called.time + SLACK_MS, cell.told(path)?.time ?? cell.watch.to)
  const state = cell.timed('close-state', [called.time, told?.time ?? cell.watch.to], {
    claim: 'meanwhile readyState says closing: neither open nor over',
    formula: 'close() sends a close frame, and waits for one',
    expected: { oneOf: ['closing'] },
    observed: {
      value: unlike(
        waiting.map(({ readyState }) => readyState),
        'closing',
      ),
    },
    because: `looked at ${waiting.length} times after close()`,
    source: `${RFC_6455} section 7.1.3; ${HTML}`,
  })
  if (isPage) {
    return [
      busy &&
        gaveUp(cell, 'close-told', CLOSES, busy, cutAt, {
          claim: 'close() of a page waits on a dead line until the kernel gives up; there is no terminate()',
        }),
      state,
    ]
  }
  const late = cell.busy(CLOSES_LATE, cutAt)
  const limitMs = cell.events('websocket:ended_by', cell.a, CLOSES)[0]?.data.closeTimeoutMs ?? Number.NaN
  const terminated = cell.did('terminated', TERMINATES, cutAt)
  const over = cell.told(TERMINATES)
  return [
    cell.timed('close-told', [called.time, told?.time ?? cell.watch.to], {
      claim: 'close() waits for a close frame that cannot come, as long as it was told to',
      formula: `closeTimeout ${limitMs} ms + slack`,
      expected: { min: limitMs, max: limitMs + SLACK_MS, unit: 'ms' },
      observed: msBetween(called.time, told?.time),
      because: `code ${told?.code ?? 'none'}`,
      source: 'ws doc/ws.md, closeTimeout: 30 s where nothing else was said',
      evidence: [told?.event],
    }),
    late &&
      gaveUp(cell, 'close-30s', CLOSES_LATE, late, cutAt, {
        claim: 'with the 30 s of ws itself the kernel is sooner, since here it gives up early',
      }),
    state,
    terminated
      ? cell.timed('terminate-told', [terminated.time, over?.time ?? cell.watch.to], {
          claim: 'terminate() asks nobody: over at once, for this end',
          formula: '0 + slack',
          expected: { min: 0, max: SLACK_MS, unit: 'ms' },
          observed: msBetween(terminated.time, over?.time),
          because: `code ${over?.code ?? 'none'}`,
          source: 'ws doc/ws.md, terminate(): forcibly closes the connection',
          evidence: [over?.event],
        })
      : null,
  ]
}

/** What became of them at the other end: nothing. */
function serverOpen(cell: Cell, cutAt: number): TimedClaim {
  const read = cell.log.all('websocket:state_read', {
    host: cell.b,
    mechanism: cell.row,
    from: cutAt,
    to: cell.watch.to,
  })
  const open = read.filter(({ data }) => data.readyState === 'open')
  const opened = cell.log.all('websocket:opened', { host: cell.b, mechanism: cell.row, to: cutAt })
  return cell.timed('server-open', [cutAt, cell.watch.to], {
    claim:
      'the server, which did not speak, holds all of them to be open, those that are over at the client too',
    formula: 'each of them',
    expected: exactly(opened.length, 'connections'),
    observed: { value: open.length, unit: 'connections' },
    because: `at the end, ${Math.round(cell.watch.to - cutAt)} ms after the cut`,
    source: 'RFC 9293 section 3.8.4: nothing is sent on an idle connection',
    evidence: read,
  })
}
