/** From the log to verdicts: for each cell how long it should have lasted beside how long it did. */

import type { Check } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { cellOfCheck } from '../../src/lab/plan.ts'
import { Cell, type Side } from './cell.ts'
import * as expect from './expectations.ts'
import { httpClaims } from './judge-http.ts'

const KERNEL_TOLD = 'ETIMEDOUT'
const NO_LIMIT = {
  formula: 'nothing, for the whole watch: no timer runs that could end it so soon',
  source: 'RFC 9293 3.8.3 (user timeout), 3.8.4',
}

/** Judges a whole run. */
export function judgeRun(log: LabLog, plan: Plan): Check[] {
  const claims = plan.cells.flatMap((cell) => {
    const [caseId = '', mechanism = ''] = cell.split('/')
    const watch = log.watchOf(caseId)
    if (watch === undefined) return []
    return claimsOf(new Cell(log, plan, caseId, mechanism, watch))
  })
  const checks = judgeCases(log, plan, claims)
  const place = (check: Check) => plan.cells.indexOf(cellOfCheck(check.id))
  return checks.sort((one, other) => place(one) - place(other))
}

function claimsOf(cell: Cell): TimedClaim[] {
  switch (cell.caseId) {
    case 'syn-sent':
      return synSent(cell)
    case 'syn-received':
      return synReceived(cell)
    case 'ack-lost':
      return lastAckLost(cell)
    case 'idle':
      return idle(cell)
    case 'busy':
      return busy(cell)
    case 'zero-alive':
      return zeroWindowAlive(cell)
    case 'zero-dead':
      return zeroWindowDead(cell)
    case 'fin-wait-1':
      return finWait1(cell)
    case 'fin-wait-2':
      return finWait2(cell)
    case 'time-wait':
      return timeWait(cell)
    default:
      return httpClaims(cell)
  }
}

function synSent(cell: Cell): TimedClaim[] {
  const syns = cell.packets('a', 'sent').filter(({ data }) => data.flags === 'SYN')
  const [first] = syns
  const error = cell.first('a', 'tcp:error_received')
  const expected = expect.synSent({
    synRetries: cell.sysctl('a', 'tcp_syn_retries'),
    linearTimeouts: cell.sysctl('a', 'tcp_syn_linear_timeouts') || 0,
    userTimeoutMs: cell.options()?.userTimeoutMs ?? Number.NaN,
    jiffyMs: cell.jiffyMs,
  })
  const claim = 'net.connect() has no limit of its own: the kernel ends it'
  const ends = cell.took('gives-up', first, error, expected, { claim }, KERNEL_TOLD)
  const tries = cell.sent('syns', syns, expected, 'SYNs', 'so many SYNs, each later than the one before')
  return cell.mechanism === 'set-timeout' ? [...idleTimer(cell), ends] : [ends, tries]
}

/** `1.5 s*` in the matrix: it has fired, and nothing has ended. */
function fires(timed: TimedClaim): TimedClaim {
  return { ...timed, claim: { ...timed.claim, short: `${timed.claim.short}*` } }
}

/** setTimeout() of Node's while connect() is waiting. */
function idleTimer(cell: Cell): TimedClaim[] {
  const set = cell.first('a', 'tcp:option_set')
  const fired = cell.first('a', 'tcp:idle_timeout')
  const timer = expect.nodeTimer('setTimeout', cell.settings.setTimeoutMs, 'Node.js, socket.setTimeout()')
  const after = fired === undefined ? 'no event' : cell.state('a', fired.time)
  return [
    fires(cell.took('fires', set, fired, timer, { claim: 'setTimeout() fires while connect() still waits' })),
    cell.says('goes-on', 'SYN-SENT', after, [fired], {
      claim: 'and ends nothing: the attempt goes on',
      formula: "the kernel's state when it has fired",
      source: 'Node.js, socket.setTimeout(): "the connection will not be severed"',
    }),
  ]
}

/** The server's side of a handshake that is never completed. */
function halfHandshake(cell: Cell, what: string): TimedClaim[] {
  const answers = cell.packets('b', 'sent').filter(({ data }) => data.flags === 'SYN ACK')
  const expected = expect.synReceived(cell.sysctl('b', 'tcp_synack_retries'), cell.jiffyMs)
  return [
    cell.took(what, answers[0], cell.forgotten('b', 'SYN-RECEIVED'), expected, {
      claim: "the server's kernel forgets the attempt",
      ...(cell.mechanism === 'plain'
        ? {}
        : { because: 'keepalive and user timeout of the listener say nothing' }),
    }),
    cell.sent('syn-acks', answers, expected, 'SYN-ACKs', 'so many SYN-ACKs, each later than the one before'),
  ]
}

function synReceived(cell: Cell): TimedClaim[] {
  const { from, to } = cell.watch
  const told = [...cell.all('b', 'tcp:accepted'), ...cell.all('b', 'tcp:error_received')]
  return [
    ...halfHandshake(cell, 'gives-up'),
    cell.nothing('untold', from, to, told, {
      claim: "the server's program hears nothing of it, neither of the attempt nor of its end",
      formula: 'no accept(), no error',
      source: 'accept(2): only of completed connections',
    }),
  ]
}

function lastAckLost(cell: Cell): TimedClaim[] {
  const forgotten = cell.forgotten('b', 'SYN-RECEIVED')
  const spoke = cell.packet('a', 'sent', 'data')
  const believed =
    forgotten === undefined
      ? 'not known'
      : `${cell.state('a', forgotten.time)}, ${cell.log.beliefAt('ack-lost-a', cell.mechanism, forgotten.time)}`
  return [
    ...halfHandshake(cell, 'server'),
    cell.says('client', 'ESTABLISHED, up', believed, [forgotten], {
      claim: 'when the server has forgotten it, the client is connected and believes so',
      formula: 'its state and its belief at that moment; nothing ends them',
      source: 'RFC 9293 3.10.7.3: SYN-SENT becomes ESTABLISHED by the SYN-ACK',
    }),
    cell.atOnce(
      'first-write',
      spoke,
      cell.first('a', 'tcp:error_received'),
      {
        claim: 'its first words are answered with RST',
        formula: '0 .. slack after they were sent',
        source: 'RFC 9293 3.10.7.1',
      },
      'ECONNRESET',
    ),
  ]
}

function idle(cell: Cell): TimedClaim[] {
  switch (cell.mechanism) {
    case 'plain':
    case 'user-timeout':
      return [...neverEnds(cell), ...wholeAgain(cell)]
    case 'keepalive':
    case 'keepalive-ut':
      return probed(cell)
    case 'set-keepalive':
      return [...probed(cell), setKeepAlive(cell)]
    case 'set-keepalive-0':
      return [setKeepAlive(cell), ...neverEnds(cell)]
    default:
      return noFailureDetector(cell)
  }
}

/** From the moment it was set up until the path is whole again: in the meantime it dies. */
function neverEnds(cell: Cell): TimedClaim[] {
  const from = cell.last('a', 'kernel:options_read')?.time ?? cell.watch.from
  const to = wholeAt(cell)
  const changes = (['a', 'b'] as const).flatMap((side) => [
    ...cell.all(side, 'belief:updated', from, to).filter(({ data }) => data.new !== 'up'),
    ...cell
      .all(side, 'kernel:socket_updated', from, to)
      .filter(({ data }) => data.old !== null && data.new?.state !== 'ESTABLISHED'),
  ])
  const packets = (['a', 'b'] as const).flatMap((side) => cell.all(side, 'packet:captured', from, to))
  const timeout = cell.options()?.userTimeoutMs ?? 0
  const why =
    timeout === 0 ? {} : { because: `TCP_USER_TIMEOUT ${timeout} ms is set, and nothing is unanswered` }
  return [
    cell.nothing('quiet', from, to, changes, {
      claim:
        'idle time ends nothing, be the path alive or dead: no state and no belief changes, at either end',
      ...NO_LIMIT,
      ...why,
    }),
    cell.count('packets', packets, { min: 0, max: 0 }, 'packets', {
      claim: 'it costs nothing: not one packet passes, at either end',
      formula: '0 for the whole watch',
      source: 'RFC 9293 3.8.4: keepalive defaults to off',
    }),
  ]
}

/** When the path of this case was whole again; its end where it never was. */
function wholeAt({ log, caseId, watch }: Cell): number {
  const undone = log.all('fault:undone', { to: watch.to }).find(({ data }) => data.pair === caseId)
  return undone?.time ?? watch.to
}

/** The path is back, and it carries on. */
function wholeAgain(cell: Cell): TimedClaim[] {
  const from = wholeAt(cell)
  return [
    cell.atOnce('afterwards', cell.packet('a', 'sent', 'data', from), cell.first('b', 'tcp:received', from), {
      claim: 'when the path is whole again, it carries data as if nothing had been',
      formula: '0 .. slack after it was sent',
      source: 'RFC 9293 3.8.3',
    }),
  ]
}

/** The kernel asks, and has no answer. */
function probed(cell: Cell): TimedClaim[] {
  const struckAt = cell.silence?.at ?? cell.watch.to
  const error = cell.first('a', 'tcp:error_received', struckAt)
  const until = error?.time ?? cell.watch.to
  const heard = cell.packets('a', 'received', undefined, until).at(-1)
  const options = cell.options()
  const expected = expect.keepalive(
    {
      idleMs: options?.keepaliveIdleMs ?? Number.NaN,
      intervalMs: options?.keepaliveIntervalMs ?? Number.NaN,
      probes: options?.keepaliveProbes ?? Number.NaN,
    },
    options?.userTimeoutMs ?? 0,
    cell.jiffyMs,
  )
  const probes = cell
    .packets('a', 'sent', heard?.time ?? until, until)
    .filter(({ data }) => data.kind === 'keepalive-probe')
  const { min, max } = expect.sentAgain(expected)
  return [
    cell.took(
      'gives-up',
      heard,
      error,
      expected,
      { claim: 'its kernel asks, and gives up after the last that it heard' },
      KERNEL_TOLD,
    ),
    cell.count('probes', probes, { min, max }, 'probes', {
      claim: 'so many probes are unanswered',
      formula: expected.formula,
      source: expected.source,
    }),
    otherEnd(cell, 'b'),
  ]
}

/** One end has given up, and there is nobody who could tell the other one. */
function otherEnd(cell: Cell, side: Side): TimedClaim {
  const at = wholeAt(cell)
  const value = `${cell.state(side, at)}, ${cell.log.beliefAt(`${cell.caseId}-${side}`, cell.mechanism, at)}`
  return cell.says('other-end', 'ESTABLISHED, up', value, [cell.last(side, 'kernel:socket_updated', at)], {
    claim: 'the other end still believes in the connection',
    formula: 'its state and its belief in the end: it asked nobody',
    source: 'RFC 9293 3.5.1 (half-open connections)',
  })
}

/** What Node's setKeepAlive() made of its argument. */
function setKeepAlive(cell: Cell): TimedClaim {
  const set = cell.first('a', 'tcp:option_set')
  const options = cell.last('a', 'kernel:options_read')
  const { whole, tooShort } = cell.settings.setKeepAliveMs
  const isWhole = cell.mechanism === 'set-keepalive'
  const idleMs = isWhole ? whole : cell.sysctl('a', 'tcp_keepalive_time') * 1000
  const words =
    options === undefined
      ? 'not readable'
      : `keepalive ${options.data.keepalive ? 'on' : 'off'}, idle ${options.data.keepaliveIdleMs} ms, interval ${options.data.keepaliveIntervalMs} ms, ${options.data.keepaliveProbes} probes`
  return cell.reads(
    'idle-time',
    options?.data.keepaliveIdleMs ?? null,
    { min: idleMs, max: idleMs },
    options,
    {
      claim: isWhole
        ? `${set?.data.call ?? 'setKeepAlive()'} sets the idle time`
        : `${set?.data.call ?? 'setKeepAlive()'} is no whole second, and leaves the system's own idle time`,
      formula: isWhole ? `${whole} ms` : `${tooShort} ms is 0 s: tcp_keepalive_time of this host`,
      because: words,
      source: 'Node.js, socket.setKeepAlive(); tcp(7) TCP_KEEPIDLE, in seconds',
    },
  )
}

/** setTimeout() on a connection to a peer that is well, and then to one that is gone. */
function noFailureDetector(cell: Cell): TimedClaim[] {
  const set = cell.first('a', 'tcp:option_set')
  const fired = cell.first('a', 'tcp:idle_timeout')
  const asked = cell.packet('a', 'sent', 'data', fired?.time)
  const strike = cell.silence
  const [from, to] = [strike?.at ?? cell.watch.from, strike?.until ?? cell.watch.to]
  return [
    fires(
      cell.took(
        'fires',
        set,
        fired,
        expect.nodeTimer('setTimeout', cell.settings.setTimeoutMs, 'Node.js, socket.setTimeout()'),
        {
          claim: 'setTimeout() fires on a healthy connection on which nobody speaks',
        },
      ),
    ),
    cell.atOnce('alive', asked, cell.first('a', 'tcp:received', fired?.time), {
      claim: 'the peer was well all the time: it answers on the same connection',
      formula: '0 .. slack after the question',
      source: 'Node.js, socket.setTimeout(): "the connection will not be severed"',
    }),
    cell.nothing('silent', from, to, cell.all('a', 'tcp:idle_timeout', from, to), {
      claim: 'and while the peer is gone it does not fire again: nothing has started it anew',
      formula: 'once for each time of silence, and this one began before the path died',
      source: 'Node.js, socket.setTimeout()',
    }),
  ]
}

function busy(cell: Cell): TimedClaim[] {
  const lost = cell.packet('a', 'sent', 'data', cell.silence?.began)
  const error = cell.first('a', 'tcp:error_received', lost?.time)
  if (cell.mechanism === 'set-timeout') return [firesNever(cell, lost?.time, error?.time)]
  const expected = expect.busy(cell.connection(lost?.time ?? cell.watch.to))
  const sends = cell
    .packets('a', 'sent', lost?.time, error?.time)
    .filter(({ data }) => data.kind === 'data' || data.kind === 'retransmission')
  return [
    cell.took(
      'gives-up',
      lost,
      error,
      expected,
      { claim: 'its kernel gives up on what is unacknowledged' },
      KERNEL_TOLD,
    ),
    cell.sent('sends', sends, expected, 'segments', 'the same bytes go out so often'),
    ...(cell.mechanism === 'keepalive' ? [noProbes(cell, lost?.time, error?.time)] : []),
    otherEnd(cell, 'b'),
  ]
}

/** Keepalive has nothing to say while data is under way. */
function noProbes(cell: Cell, from = cell.watch.from, to = cell.watch.to): TimedClaim {
  const empty = cell.packets('a', 'sent', from, to).filter(({ data }) => data.bytes === 0)
  const {
    keepaliveIdleMs: idleMs = 0,
    keepaliveIntervalMs: intervalMs = 0,
    keepaliveProbes: probes = 0,
  } = cell.options() ?? {}
  const aloneMs = expect.keepaliveAloneMs({ idleMs, intervalMs, probes })
  return cell.count('probes', empty, { min: 0, max: 0 }, 'probes', {
    claim: 'keepalive does not help: no probe is sent while data is unacknowledged',
    formula: `0; by itself it would have been over ${aloneMs} ms after the last answer`,
    source: 'tcp_keepalive_timer(): "It is alive without keepalive"',
  })
}

function firesNever(cell: Cell, from = cell.watch.from, to = cell.watch.to): TimedClaim {
  return cell.nothing('silent', from, to, cell.all('a', 'tcp:idle_timeout', from, to), {
    claim: 'setTimeout() does not fire while the program writes to a peer that is gone',
    formula: 'each write() that the kernel takes counts as activity',
    source: 'Node.js, socket.setTimeout()',
  })
}

function zeroWindowAlive(cell: Cell): TimedClaim[] {
  const probes = cell.packets('a', 'sent').filter(({ data }) => data.kind === 'other')
  const [firstProbe] = probes
  if (cell.mechanism === 'plain') {
    const from = firstProbe?.time ?? cell.watch.from
    const resumed = cell.first('b', 'tcp:reading_resumed')
    const to = resumed?.time ?? cell.watch.to
    return [
      cell.nothing('quiet', from, to, cell.all('a', 'tcp:error_received', from, to), {
        claim: 'a receiver that lives and does not read may take as long as it likes',
        formula: 'nothing, for the whole watch: each answered probe begins the patience anew',
        source: 'RFC 9293 3.8.6.1',
      }),
      cell.atOnce('resumes', resumed, cell.packet('b', 'received', 'data', to), {
        claim: 'when it reads again, more arrives',
        formula: '0 .. slack after it reads on',
        source: 'RFC 9293 3.8.6.2',
      }),
    ]
  }
  // The window is full when the last answer before the first probe says so.
  const full = firstProbe && cell.packets('a', 'received', undefined, firstProbe.time).at(-1)
  const error = cell.first('a', 'tcp:error_received')
  const { retransmissionTimeoutMs, userTimeoutMs } = cell.connection(cell.watch.to)
  const expected = expect.zeroWindowLimited(retransmissionTimeoutMs, userTimeoutMs, cell.jiffyMs)
  const answers = cell.packets('a', 'received', firstProbe?.time, error?.time)
  return [
    cell.took(
      'gives-up',
      full,
      error,
      expected,
      { claim: 'TCP_USER_TIMEOUT ends a connection to a receiver that is well' },
      KERNEL_TOLD,
    ),
    cell.count('answered', answers, { min: 1, max: Math.max(1, probes.length) }, 'answers', {
      claim: 'although its kernel answers the probes',
      formula: 'at least one, and no more than there were probes',
      source: 'RFC 9293 3.8.6.1',
    }),
  ]
}

function zeroWindowDead(cell: Cell): TimedClaim[] {
  const { silence } = cell
  const info = cell.last('a', 'kernel:tcp_info_read', silence?.began)?.data
  const expected = expect.zeroWindow({
    retransmissionTimeoutMs: info?.retransmissionTimeoutMs ?? Number.NaN,
    backoff: info?.backoff ?? Number.NaN,
    retries2: cell.sysctl('a', 'tcp_retries2'),
    jiffyMs: cell.jiffyMs,
  })
  const error = cell.first('a', 'tcp:error_received', silence?.began)
  // The answers may have stopped any time while the cable was being told.
  const uncertainMs = silence === undefined ? 0 : silence.at - silence.began
  const span = { minMs: expected.span.minMs - uncertainMs, maxMs: expected.span.maxMs }
  return [
    cell.took(
      'gives-up',
      silence && { time: silence.at },
      error,
      { ...expected, span },
      {
        claim: 'a receiver whose answers stop is given up',
      },
      KERNEL_TOLD,
    ),
    otherEnd(cell, 'b'),
  ]
}

function finWait1(cell: Cell): TimedClaim[] {
  const lost = cell.packet('a', 'sent', 'data', cell.silence?.began)
  const expected = expect.orphan(
    cell.connection(lost?.time ?? cell.watch.to),
    cell.sysctl('a', 'tcp_orphan_retries'),
  )
  const closed = cell.first('a', 'tcp:closed')
  return [
    cell.took('gives-up', lost, cell.forgotten('a', 'FIN-WAIT-1'), expected, {
      claim: 'the kernel goes on for a program that has closed, and then forgets it',
    }),
    cell.atOnce('untold', cell.first('a', 'tcp:destroyed'), closed, {
      claim: 'the program was told at once that all is closed, and nothing else afterwards',
      formula: '0 .. slack after destroy()',
      because: `hadError ${closed?.data.hadError ?? 'unknown'}; ${cell.all('a', 'tcp:error_received').length} errors`,
      source: 'close(2): it does not wait, and reports nothing of what follows',
    }),
  ]
}

function finWait2(cell: Cell): TimedClaim[] {
  const fin = cell.packet('a', 'sent', 'fin')
  const acknowledged = cell.packet('a', 'received', 'ack', fin?.time)
  if (cell.mechanism === 'plain') {
    const expected = expect.finWait2(cell.sysctl('a', 'tcp_fin_timeout'), cell.jiffyMs)
    return [
      cell.took('gives-up', acknowledged, cell.forgotten('a', 'FIN-WAIT-2'), expected, {
        claim: 'nobody has the socket any more: the kernel waits so long for the FIN of the other end',
      }),
    ]
  }
  const said = cell.packet('b', 'sent', 'data')
  const [from, to] = [acknowledged?.time ?? cell.watch.from, said?.time ?? cell.watch.to]
  const changes = cell
    .all('a', 'kernel:socket_updated', from, to)
    .filter(({ data }) => data.old?.state === 'FIN-WAIT-2' && data.new?.state !== 'FIN-WAIT-2')
  return [
    cell.nothing('quiet', from, to, changes, {
      claim: 'the program only half closed: in FIN-WAIT-2 it waits without a limit',
      formula: 'nothing, for the whole watch: tcp_fin_timeout is for sockets that nobody has',
      source: 'RFC 9293 3.6, tcp(7)',
    }),
    cell.atOnce('still-open', said, cell.first('a', 'tcp:received'), {
      claim: 'and what the other end says still arrives',
      formula: '0 .. slack after it was sent',
      source: 'RFC 9293 3.6',
    }),
  ]
}

function timeWait(cell: Cell): TimedClaim[] {
  const fin = cell.packet('a', 'received', 'fin')
  return [
    cell.took('gives-up', fin, cell.forgotten('a', 'TIME-WAIT'), expect.timeWait(cell.jiffyMs), {
      claim: 'the end that closed first keeps the pair of addresses for a minute',
    }),
  ]
}
