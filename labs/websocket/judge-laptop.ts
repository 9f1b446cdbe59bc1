/** A laptop that sleeps, wakes up, comes to another network, or loses its power. */
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { Strike } from '../../src/lab/log.ts'
import { type Cell, HTML, msBetween, RFC_6455, within } from './cell.ts'
import { IDLE, WATCHED } from './conditions.ts'
import { unsendableGiveUp } from './expectations.ts'
import { exactly } from './judge-upgrade.ts'
import { addressElsewhere } from './moved.ts'

const DETECTOR = 'src/protocols/heartbeat/detector.ts'
const SIGNAL_7 = 'signal(7): SIGSTOP stops the process; its sockets are the kernel’s'
const IDLE_TCP = 'RFC 9293 section 3.8.4: nothing is sent on an idle connection'

export function laptopClaims(cell: Cell): (TimedClaim | null)[] {
  const strikes = cell.log.strikes.filter(({ pair }) => pair === cell.id)
  const asleep = strikes.find(({ fault }) => fault === 'freeze')
  const moved = strikes.find(({ fault }) => String(fault) === 'moved')
  return [
    ...(asleep ? sleeping(cell, asleep, moved?.began ?? cell.watch.to) : []),
    ...(moved ? elsewhere(cell, moved) : []),
  ]
}

/** When the client stopped and ran again. */
function nap(cell: Cell, strike: Strike): { from: number; to: number } | null {
  const signals = cell.log.all('command:signalled', { host: cell.a })
  const signalled = (signal: string) => signals.find(({ data }) => data.signal === signal)?.time
  const awake = cell.log.first('truth:updated', { host: cell.b, from: strike.at + 1 })
  const [from, to] =
    cell.row === 'page' ? [signalled('SIGSTOP'), signalled('SIGCONT')] : [strike.at, awake?.time]
  return from === undefined || to === undefined ? null : { from, to }
}

/** @param until when the next thing happens to it */
function sleeping(cell: Cell, strike: Strike, until: number): (TimedClaim | null)[] {
  const span = nap(cell, strike)
  if (span === null) return []
  const { b } = cell
  const range = [span.from, span.to] as const
  // What was under way when it fell asleep may still come.
  const quietFrom = span.from + SLACK_MS
  const pongs = cell.events('heartbeat:pong_received', b, WATCHED, quietFrom, span.to)
  const down = givenUp(cell, 'given-up', span.from, 'sleeps')
  const written = cell.events('websocket:message_sent', b, IDLE, span.from, span.to)
  const sentAgain = cell
    .packets(b, 'sent', IDLE, span.from, span.to)
    .filter(({ data }) => data.kind === 'retransmission')
  const told = cell.told(WATCHED)
  const heard = messages(cell, span.to)
  const last = cell.states(IDLE, span.to, until).at(-1)
  const watchedMs = Math.round(span.to - quietFrom)
  return [
    cell.timed('asleep-pongs', range, {
      claim: 'nobody answers pings: in the browser too, the process that has the socket sleeps',
      formula: 'no process of it runs',
      expected: exactly(0, 'pongs'),
      observed: { value: pongs.length, unit: 'pongs' },
      because: `in ${watchedMs} ms of sleep`,
      source: SIGNAL_7,
      evidence: pongs,
    }),
    cell.timed('asleep-acked', range, {
      claim: 'what the server sends meanwhile is acknowledged, by a kernel: to TCP all is well',
      formula: 'each message once, none again',
      expected: { oneOf: [`${written.length} sent, 0 again`] },
      observed: { value: `${written.length} sent, ${sentAgain.length} again` },
      because: 'packets at the server; SIGSTOP stops programs and no kernel',
      source: SIGNAL_7,
      evidence: written,
    }),
    down,
    told
      ? cell.timed('woke-told', [span.to, told.time], {
          claim:
            'the server that gave up had said so while it slept: it hears of it when it wakes up, at once',
          formula: '0 + slack',
          expected: { min: 0, max: SLACK_MS, unit: 'ms' },
          observed: msBetween(span.to, told.time),
          because: `code ${told.code}`,
          source: `${RFC_6455} section 7.1.5; the FIN waited in its kernel`,
          evidence: [told.event],
          short: 'LATER',
        })
      : null,
    cell.timed('woke-heard', [span.to, heard.at(-1)?.time ?? span.to], {
      claim: 'the connection that nobody judged goes on: what was sent to it comes at once, in order',
      formula: written.map(({ data }) => data.text).join(', '),
      expected: { oneOf: [written.map(({ data }) => data.text).join(', ')] },
      observed: {
        value: heard
          .filter(({ time }) => time - span.to <= SLACK_MS)
          .map(({ text }) => text)
          .join(', '),
      },
      because: `within ${SLACK_MS} ms`,
      source: 'RFC 9293 section 3.8: what was acknowledged is delivered',
      evidence: written,
    }),
    last
      ? cell.timed('woke-open', [span.to, last.time], {
          claim: 'and its readyState never said anything but open',
          formula: 'no FIN, no RST, no silence that anybody judged',
          expected: { oneOf: ['open'] },
          observed: { value: last.readyState },
          because: `${Math.round(last.time - span.to)} ms after it woke up`,
          source: HTML,
        })
      : null,
    cell.row === 'page' ? clock(cell, span) : null,
  ]
}

function messages(cell: Cell, from: number): { time: number; text: string }[] {
  if (cell.row === 'page') {
    return cell.said
      .filter(({ what, path, time }) => what === 'message' && path === IDLE && time >= from)
      .map(({ time, detail }) => ({ time, text: String(detail.text) }))
  }
  return cell
    .events('websocket:message_received', cell.a, IDLE, from)
    .map(({ time, data }) => ({ time, ...data }))
}

/**
 * The page's own clock, beside that of the log, from its last line before the sleep to the news that it had when it woke
 * up. Any other line may have been begun before the sleep, and come out of the browser after it.
 */
function clock(cell: Cell, span: { from: number; to: number }): TimedClaim | null {
  const before = cell.said.filter(({ time }) => time < span.from).at(-1)
  const after = cell.said.find(({ what, path }) => what === 'close' && path === WATCHED)
  if (before === undefined || after === undefined) return null
  const aheadMs = Number(after.detail.nowMs) - Number(before.detail.nowMs) - (after.time - before.time)
  return cell.timed('clock', [before.time, after.time], {
    claim: 'performance.now() went on while it slept; only timers and events were late',
    formula: 'CLOCK_MONOTONIC, as the log has it. Of a machine that is really suspended it would stand still',
    expected: { min: -SLACK_MS, max: SLACK_MS, unit: 'ms' },
    observed: { value: Math.round(aheadMs), unit: 'ms' },
    because: `ahead of the log's clock, over ${Math.round(after.time - before.time)} ms`,
    source: 'W3C High Resolution Time; clock_gettime(2)',
    evidence: [before.event, after.event],
  })
}

/** The server's own heartbeat: the only one here that can find out. */
function givenUp(cell: Cell, what: string, from: number, does: string): TimedClaim | null {
  const { downAfterMs } = cell.plan.settings.heartbeat
  const down = cell.events('belief:updated', cell.b, WATCHED, from).find(({ data }) => data.new === 'down')
  if (down === undefined) return null
  return cell.timed(what, [from, down.time], {
    claim: `the server gives a client up that ${does} after its own limit of silence, and can not know why it is silent`,
    formula: `${downAfterMs} ms + slack`,
    expected: { min: downAfterMs, max: downAfterMs + SLACK_MS, unit: 'ms' },
    observed: { value: down.data.silentMs ?? null, unit: 'ms' },
    because: `${down.data.trigger}, certainty ${down.data.certainty}`,
    source: DETECTOR,
    evidence: [down],
  })
}

function elsewhere(cell: Cell, strike: Strike): (TimedClaim | null)[] {
  const { a, b } = cell
  const sent = cell.did('sent', IDLE, strike.at)
  const told = cell.told(IDLE)
  const busy = cell.busy(IDLE, sent?.time ?? strike.at)
  if (sent === undefined || busy === null) return []
  const between = cell.states(IDLE, strike.at, sent.time)
  const packets = cell.packets(a, 'sent', IDLE, sent.time)
  const again = cell.groupOf(`${IDLE}-again`)
  const accepted = cell.log.all('tcp:accepted', { host: b }).find(({ group_id }) => group_id === again)
  const read = cell.events('websocket:state_read', b, IDLE, sent.time).at(-1)
  const waitedMs = Math.round(sent.time - strike.at)
  const address = cell.log.first('host:started', { host: a })?.data.address ?? ''
  return [
    cell.timed('moved-open', [strike.at, sent.time], {
      claim: 'the connection goes on saying open at an address that nobody has',
      formula: 'nobody sends, so nobody can miss anything',
      expected: { oneOf: ['open'] },
      observed: {
        value:
          between.every(({ readyState }) => readyState === 'open') && between.length > 0
            ? 'open'
            : 'otherwise',
      },
      because: `looked at ${between.length} times in ${waitedMs} ms`,
      source: IDLE_TCP,
      evidence: [],
    }),
    cell.timed('moved-told', [sent.time, told?.time ?? cell.watch.to], {
      claim: 'it is over only at this end, and only when something was written and the kernel has given up',
      formula: `RTO ${busy.retransmissionTimeoutMs} ms, doubled, tcp_retries2 = ${busy.retries2} tries, + slack`,
      expected: within(unsendableGiveUp(busy)),
      observed: msBetween(sent.time, told?.time),
      because: `code ${told?.code ?? 'none'}`,
      source: 'net/ipv4/tcp_timer.c, tcp_probe_timer(): what could not be sent at all is tried by this timer',
      evidence: [told?.event],
    }),
    cell.timed('moved-packets', [sent.time, cell.watch.to], {
      claim: 'nothing of it ever leaves the host: its source address has no route',
      formula: 'none',
      expected: exactly(0, 'packets'),
      observed: { value: packets.length, unit: 'packets' },
      because: `captured at ${a} after the write`,
      source: 'net/ipv4/route.c, ip_route_output_key_hash_rcu(): a source address must be local',
      evidence: packets,
    }),
    read
      ? cell.timed('moved-server', [strike.at, read.time], {
          claim: 'the server holds the old connection to be open, and knows nobody there any more',
          formula: 'an idle connection is told nothing',
          expected: { oneOf: ['open'] },
          observed: { value: read.data.readyState },
          because: `${Math.round(read.time - strike.at)} ms after the move`,
          source: IDLE_TCP,
          evidence: [read],
        })
      : null,
    accepted
      ? cell.timed('moved-again', [sent.time, accepted.time], {
          claim: 'a new connection works at once, from the new address: to the server somebody else',
          formula: 'the address that the host got',
          expected: { oneOf: [addressElsewhere(address)] },
          observed: { value: accepted.data.remote.split(':')[0] ?? '' },
          because: 'as the server accepted it',
          source: 'RFC 9293 section 3.3.10: a connection is named by both addresses and both ports',
          evidence: [accepted],
        })
      : null,
    cell.row === 'page' ? network(cell, strike) : null,
  ]
}

/** What the browser tells a page about the network, which is not about its connections. */
function network(cell: Cell, strike: Strike): TimedClaim {
  const lines = cell.said.filter(
    ({ what, time }) => ['offline', 'online'].includes(what) && time >= strike.at,
  )
  return cell.timed('moved-online', [strike.at, cell.watch.to], {
    claim: 'the page is told by events that the host had no address for a while; no WebSocket says anything',
    formula: 'the host has no address; then it has one',
    expected: { oneOf: ['offline, online'] },
    observed: { value: lines.map(({ what }) => what).join(', ') },
    because: 'a reason to look after one’s connections, and no proof',
    source: 'HTML Living Standard, navigator.onLine: "inherently unreliable"',
    evidence: lines.map(({ event }) => event),
  })
}

/** The client's host without power. */
export function offClaims(cell: Cell): (TimedClaim | null)[] {
  const strike = cell.log.strikes.find(({ pair }) => pair === cell.id)
  if (strike === undefined) return []
  const read = cell.events('websocket:state_read', cell.b, IDLE, strike.at).at(-1)
  const socket = cell
    .events('kernel:socket_updated', cell.b, IDLE)
    .filter(({ time }) => time <= (read?.time ?? 0))
    .at(-1)
  return [
    givenUp(cell, 'given-up', strike.began, 'has no power'),
    read
      ? cell.timed('idle-open', [strike.at, read.time], {
          claim: 'the connection that the server only listens on says open, with nobody there',
          formula: 'no FIN, no RST, and nobody asks',
          expected: { oneOf: ['open, timer none'] },
          observed: { value: `${read.data.readyState}, timer ${socket?.data.new?.timer ?? 'gone'}` },
          because: `${Math.round(read.time - strike.at)} ms after the power was gone; for ever, without a timer`,
          source: IDLE_TCP,
          evidence: [read, socket],
          short: 'OPEN',
        })
      : null,
  ]
}
