/** What becomes of a connection with something under way, or a closed window, judged. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, KERNEL_TOLD } from './cell.ts'
import * as expect from './expectations.ts'

export function busy(cell: Cell): TimedClaim[] {
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
    cell.otherEnd('b'),
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

export function zeroWindowAlive(cell: Cell): TimedClaim[] {
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

export function zeroWindowDead(cell: Cell): TimedClaim[] {
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
    cell.otherEnd('b'),
  ]
}
