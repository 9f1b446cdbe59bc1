/** What becomes of a connection on which nobody speaks, judged. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, fires, KERNEL_TOLD } from './cell.ts'
import * as expect from './expectations.ts'

const NO_LIMIT = {
  formula: 'nothing, for the whole watch: no timer runs that could end it so soon',
  source: 'RFC 9293 3.8.3 (user timeout), 3.8.4',
}

export function idle(cell: Cell): TimedClaim[] {
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
  const to = cell.wholeAt
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

/** The path is back, and it carries on. */
function wholeAgain(cell: Cell): TimedClaim[] {
  const from = cell.wholeAt
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
    cell.otherEnd('b'),
  ]
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
  const [from, to] = [cell.silence?.at ?? cell.watch.from, cell.wholeAt]
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
