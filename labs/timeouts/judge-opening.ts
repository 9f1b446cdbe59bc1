/** How a connection that is being opened comes to its end, judged. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, fires, KERNEL_TOLD } from './cell.ts'
import * as expect from './expectations.ts'

export function synSent(cell: Cell): TimedClaim[] {
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

export function synReceived(cell: Cell): TimedClaim[] {
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

export function lastAckLost(cell: Cell): TimedClaim[] {
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
