/** A laptop sleeps, wakes up, and moves to another network. */
import { addressElsewhere, move } from '../../../src/faults/move.ts'
import { UNKNOWN } from '../../../src/kernel/give-up.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, type Claims, counts, says, took } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { isNew, sent } from '../../../src/lab/packets.ts'
import { BROWSER, saidByPage } from '../../../src/rig/browser.ts'
import { AFTERWARDS_MS, openPage, openWs, readKernel } from '../clients.ts'
import { IDLE, quickOnly, STILL_HERE, WATCHED, type WebSocketSettings } from '../conditions.ts'
import { connectionOn, HTML, IDLE_TCP, looked, RFC_6455 } from '../connection.ts'
import { unsendableGiveUp } from '../expectations.ts'
import { givenUp, giveUp } from './off.ts'

const WHILE_ASLEEP = ['one', 'two', 'three']
const ASLEEP_EVERY_MS = 700
/** The connection that is opened at the new address, by the path of the old one. */
const AGAIN = `${IDLE}-again`

/** Between the old address and the new: far longer than a browser takes to see each. */
const NO_ADDRESS_MS = 500

const SIGNAL_7 = 'signal(7): SIGSTOP stops the process; its sockets are the kernel’s'

export const laptop: CaseOf<WebSocketSettings> = {
  id: 'laptop',
  promise: 'the laptop sleeps (SIGSTOP) and wakes up; later it has another address',
  needs: ['network', 'signals'],
  notHere: quickOnly,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { asleepMs, orderedMs, deadMs } = settings
    const [ws, page] = await Promise.all([
      openWs(rig, pair, settings, { [IDLE]: {}, [WATCHED]: {} }),
      openPage(rig, pair, settings, [IDLE, WATCHED]),
    ])
    const servers = [ws, page].flatMap((ends) => ends?.server ?? [])
    rig.alive(pair)

    // It sleeps: its programs do not run. A kernel that sleeps too answers nobody: that is case `off`.
    rig.mark(pair, 'falling asleep')
    page?.browser.signal('SIGSTOP')
    const { sinceMs, undo } = await rig.strike('freeze', pair, a)
    rig.mark(pair, 'asleep')
    const allGivenUp = servers.map((server) => giveUp(rig, b, server[WATCHED]))
    for (const text of WHILE_ASLEEP) {
      for (const server of servers) await server[IDLE].send(text)
      await rig.sleep(ASLEEP_EVERY_MS)
    }
    await Promise.all(allGivenUp)
    await rig.sleep(sinceMs + asleepMs - performance.now())
    rig.mark(pair, 'waking')
    page?.browser.signal('SIGCONT')
    await undo()
    await ws?.client[IDLE].read()
    await page?.said('close', WATCHED)
    await rig.sleep(AFTERWARDS_MS)
    rig.endWatch('freeze', pair, a)

    // It wakes up elsewhere.
    await readKernel(rig, a)
    await page?.order(IDLE, `send ${orderedMs}`)
    await page?.order(IDLE, `open ${orderedMs}`)
    rig.mark(pair, 'leaving')
    await rig.strike(move(NO_ADDRESS_MS), pair, a)
    const movedAtMs = performance.now()
    await ws?.client[IDLE].read()
    await rig.sleep(movedAtMs + orderedMs - performance.now())
    await ws?.client[IDLE].read()
    await ws?.client[IDLE].send(STILL_HERE)
    if (ws !== null) await rig.sockets(a).webSocket.connect('ws', ws.at, { path: AGAIN })
    await page?.said('open', AGAIN)
    await rig.sleep(deadMs / 2)
    for (const server of servers) await server[IDLE].read()
    await page?.close()
  },

  rows: {
    ws: (cell) => [...sleeping(cell), ...awake(cell), ...elsewhere(cell)],
    page: (cell) => [...sleeping(cell), ...awake(cell), ...clock(cell), ...elsewhere(cell), ...network(cell)],
  },
}

function sleeping(cell: Cell<WebSocketSettings>): Claims {
  const asleep = cell.between('asleep', 'waking')
  if (asleep === null) return []
  const [idle, watched] = [connectionOn(cell, IDLE), connectionOn(cell, WATCHED)]
  const pings = watched.b.all('heartbeat:ping_sent', { ...asleep, from: cell.moment('falling asleep') ?? 0 })
  const pongs = watched.b.all('heartbeat:pong_received', asleep)
  const written = idle.b.all('websocket:message_sent', asleep)
  const again = sent(idle.b.packets(asleep))?.filter((packet) => !isNew(packet))
  const passed = again ? `${written.length} sent, ${again.length} again` : null
  return [
    counts(cell, 'asleep-pongs', 0, pings.length === 0 ? null : pongs, 'pongs', {
      claim: 'nobody answers pings: in the browser too, the process that has the socket sleeps',
      formula: 'no process of it runs',
      because: `${pings.length} pings, in ${Math.round(asleep.to - asleep.from)} ms of sleep`,
      source: SIGNAL_7,
      unseen: 'the server sent no ping meanwhile',
    }),
    says(cell, 'asleep-acked', `${WHILE_ASLEEP.length} sent, 0 again`, passed, {
      claim: 'what the server sends meanwhile is acknowledged, by a kernel: to TCP all is well',
      formula: 'each message once, none again',
      because: 'packets at the server; SIGSTOP stops programs, not kernels',
      source: SIGNAL_7,
      evidence: written,
    }),
    givenUp(cell, cell.moment('falling asleep'), 'sleeps'),
  ]
}

function awake(cell: Cell): Claims {
  const awake = cell.between('waking', 'leaving')
  if (awake === null) return []
  const [idle, watched] = [connectionOn(cell, IDLE), connectionOn(cell, WATCHED)]
  const { told, toldWords } = watched
  const last = idle.a.last('websocket:state_read', awake)
  const soon = { from: awake.from, to: awake.from + SLACK_MS }
  const heard = idle.a.all('websocket:message_received', soon)
  return [
    took(cell, 'woke-told', AT_ONCE, awake.from, told, {
      claim: 'the server gave up and said so while it slept: it hears of that as soon as it wakes up',
      because: toldWords,
      source: `${RFC_6455} section 7.1.5; the FIN waited in its kernel`,
      short: 'LATER',
    }),
    says(cell, 'woke-heard', WHILE_ASLEEP.join(', '), heard.map(({ data }) => data.text).join(', '), {
      claim: 'the connection that nobody judged goes on: what was sent to it comes at once, in order',
      because: `within ${SLACK_MS} ms`,
      source: 'RFC 9293 section 3.8: what was acknowledged is delivered',
      evidence: heard,
    }),
    says(cell, 'woke-open', 'open', last?.data.readyState ?? '', {
      claim: 'and its readyState never said anything but open',
      formula: 'no FIN, no RST, no silence that anybody judged',
      because: `${Math.round((last?.time ?? awake.to) - awake.from)} ms after it woke up`,
      source: HTML,
      evidence: [last],
    }),
  ]
}

/**
 * The page's own clock, beside that of the log, from its last line before the sleep to the news that it had when it woke
 * up. Any other line may have been begun before the sleep, and come out of the browser after it.
 */
function clock(cell: Cell): Claims {
  const before = pageSaid(cell, { to: cell.moment('falling asleep') ?? cell.watch.from }).at(-1)
  const after = pageSaid(cell).find(({ said }) => said.what === 'close' && said.path === WATCHED)
  if (before === undefined || after === undefined) return []
  const tookMs = after.event.time - before.event.time
  const aheadMs = Number(after.said.nowMs) - Number(before.said.nowMs) - tookMs
  return [
    counts(cell, 'clock', { min: -SLACK_MS, max: SLACK_MS }, Math.round(aheadMs), 'ms', {
      claim: 'performance.now() went on while it slept; only timers and events were late',
      formula:
        'CLOCK_MONOTONIC, as the log has it. Of a machine that is really suspended it would stand still',
      because: `ahead of the log's clock, over ${Math.round(tookMs)} ms`,
      source: 'W3C High Resolution Time; clock_gettime(2)',
      evidence: [before.event, after.event],
    }),
  ]
}

/** What a page said of itself and its browser, not only of its connections. */
function pageSaid(cell: Cell, within: Partial<Period> = {}) {
  const lines = cell.a.ofHost('command:said', within)
  return lines
    .filter(({ program }) => program === BROWSER)
    .map((event) => ({ event, said: saidByPage(event.data.line) ?? {} }))
}

function elsewhere(cell: Cell): Claims {
  const leftAt = cell.moment('leaving')
  const { a, b, told, toldWords, busy } = connectionOn(cell, IDLE)
  const wrote = a.first('websocket:message_sent', { from: leftAt ?? cell.watch.to })
  if (leftAt === undefined || wrote === undefined) return []
  const measured = busy(wrote.time)
  const span = measured === null ? UNKNOWN : unsendableGiveUp(measured)
  const looks = a.all('websocket:state_read', { from: leftAt, to: wrote.time })
  const read = b.last('websocket:state_read', { from: wrote.time })
  const accepted = connectionOn(cell, AGAIN).b.first('tcp:accepted')
  const address = cell.log.first('host:started', { host: a.host })?.data.address ?? ''
  return [
    says(cell, 'moved-open', 'open', looked(looks), {
      claim: 'the connection goes on saying open at an address that nobody has',
      formula: 'nobody sends, so nobody can miss anything',
      because: `looked at ${looks.length} times in ${Math.round(wrote.time - leftAt)} ms`,
      source: IDLE_TCP,
      evidence: looks,
    }),
    took(cell, 'moved-told', span, wrote, told, {
      claim: 'it is over only at this end, and only when something was written and the kernel has given up',
      formula: `RTO ${measured?.retransmissionTimeoutMs} ms, doubled, tcp_retries2 = ${measured?.retries2} tries, + slack`,
      because: toldWords,
      source: 'net/ipv4/tcp_timer.c, tcp_probe_timer(): what could not be sent at all is tried by this timer',
    }),
    counts(cell, 'moved-packets', 0, sent(a.packets({ from: wrote.time })), 'packets', {
      claim: 'nothing of it ever leaves the host: its source address has no route',
      because: `captured at ${a.host} after the write`,
      source: 'net/ipv4/route.c, ip_route_output_key_hash_rcu(): a source address must be local',
    }),
    says(cell, 'moved-server', 'open', read?.data.readyState ?? '', {
      claim: 'the server takes the old connection to be open, and there is nobody there any more',
      formula: 'an idle connection is told nothing',
      because: `${Math.round((read?.time ?? cell.watch.to) - leftAt)} ms after the move`,
      source: IDLE_TCP,
      evidence: [read],
    }),
    says(cell, 'moved-again', addressElsewhere(address), accepted?.data.remote.split(':')[0] ?? '', {
      claim: 'a new connection works at once, from the new address: to the server it is somebody else',
      formula: 'the address that the host got',
      because: 'as the server accepted it',
      source: 'RFC 9293 section 3.3.10: a connection is named by both addresses and both ports',
      evidence: [accepted],
    }),
  ]
}

/** What the browser tells a page about the network, which is not about its connections. */
function network(cell: Cell): Claims {
  const from = cell.moment('leaving')
  if (from === undefined) return []
  const lines = pageSaid(cell, { from }).filter(({ said }) => /^(on|off)line$/.test(String(said.what)))
  return [
    says(cell, 'moved-online', 'offline, online', lines.map(({ said }) => said.what).join(', '), {
      claim:
        'the page is told by events that the host had no address for a while; no WebSocket says anything',
      formula: 'the host has no address; then it has one',
      because: 'a reason to check one’s connections, and not a proof',
      source: 'HTML Living Standard, navigator.onLine: "inherently unreliable"',
      evidence: lines.map(({ event }) => event),
    }),
  ]
}
