/** The program is not there; its kernel is. One client more than the queue holds has to wait. */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { received } from '../../../src/lab/packets.ts'
import { PATIENCE_MS } from '../../../src/rig/rig.ts'
import type { TcpSocket } from '../../../src/rig/sockets.ts'
import type { TcpSettings } from '../conditions.ts'
import { nextSyn, queueHolds } from '../expectations.ts'

/** A client whose call is not answered by then is taken to wait. */
const STILL_WAITING_MS = 500

export const frozen: CaseOf<TcpSettings> = {
  id: 'frozen',
  promise: 'the server program is frozen (SIGSTOP), then clients call; later it goes on',
  needs: ['socket-table', 'signals'],

  async act(rig, pair, { backlog, calls, text }) {
    const [atA, atB] = [rig.sockets(pair.a).tcp, rig.sockets(pair.b).tcp]
    const unasked = await atB.listen('unasked')
    const queue = await atB.listen('full-queue', { backlog })
    const { undo } = await rig.strike('freeze', pair)
    rig.mark(pair, 'frozen')

    const first = await atA.connect('unasked', unasked.at)
    await first.connected()
    await first.write(text)
    await rig.untilKernel(pair.b, 'unasked', { receiveQueueBytes: text.length })

    const clients: TcpSocket[] = []
    for (let call = 0; call < calls; call++) {
      const client = await atA.connect('full-queue', queue.at)
      await client.connected(STILL_WAITING_MS)
      clients.push(client)
    }

    rig.mark(pair, 'thawing')
    await undo()
    await unasked.accepted(first).accepted()
    for (const client of clients) await client.connected(PATIENCE_MS)
    for (const client of clients) await queue.accepted(client).accepted(PATIENCE_MS)
    rig.endWatch('freeze', pair)
  },

  rows: {
    unasked(cell) {
      const { a, b } = cell
      const frozen = cell.between('frozen', 'thawing')
      if (frozen === null) return []
      const began = a.first('belief:updated', frozen)
      const connected = a.first('tcp:connected', frozen)
      const unread = b
        .all('kernel:socket_updated', frozen)
        .findLast(({ data }) => (data.new?.receiveQueueBytes ?? 0) > 0)
      return [
        took(cell, 'connected', AT_ONCE, began, connected, {
          claim: 'a fresh connect() to a frozen server succeeds at once',
          because: "the server's kernel answers the SYN by itself",
          source: 'RFC 9293 section 3.5, listen(2)',
          short: connected === undefined ? 'nothing' : 'UP',
        }),
        says(cell, 'kernels', 'ESTABLISHED | ESTABLISHED', cell.states(frozen.to), {
          claim: 'both kernels agree that there is a connection',
          formula: 'client | server',
          because: 'the handshake needs nobody but them',
          source: 'RFC 9293 section 3.5',
          evidence: [b.last('kernel:socket_updated', frozen)],
        }),
        nothing(cell, 'not-asked', b.all('tcp:accepted', frozen), frozen, {
          claim: 'the server program is not asked while it is frozen',
          formula: 'no accept()',
          because: 'a program that does not run accepts nothing',
          source: 'accept(2)',
        }),
        counts(cell, 'unread', cell.settings.text.length, unread?.data.new?.receiveQueueBytes ?? 0, 'bytes', {
          claim: 'what the client writes is taken and kept for a program that has never heard of it',
          formula: 'all of it in the receive queue',
          because: 'acknowledging bytes is the business of the kernel',
          source: 'RFC 9293 section 3.8.6, proc_pid_net(5)',
          evidence: [a.first('tcp:written', frozen), unread],
        }),
        took(cell, 'accepted', AT_ONCE, frozen.to, b.first('tcp:accepted'), {
          claim: 'the program accepts when it goes on',
          formula: '0 .. slack after SIGCONT',
          because: 'the connection was waiting in the queue of the listening socket',
          source: 'accept(2)',
        }),
      ]
    },

    'full-queue'(cell) {
      const { a, b } = cell
      const frozen = cell.between('frozen', 'thawing')
      if (frozen === null) return []
      const { calls, backlog } = cell.settings
      const told = b.ofHost('tcp:listening').find(({ data }) => data.mechanism === cell.row)
      const inForce = told?.data.backlog ?? backlog
      const connected = a.all('tcp:connected', frozen)
      const waiting = b.listeners({ to: frozen.to }).findLast(({ data }) => data.new !== null)
      const formula = `backlog ${inForce} + 1`
      return [
        counts(cell, 'connected', queueHolds(inForce), connected, 'connections', {
          claim: `of ${calls} calls to a program that accepts nobody, only as many succeed as its queue holds`,
          formula,
          because: `listen(2) was given a backlog of ${inForce}, which is below net.core.somaxconn`,
          source: 'listen(2), sk_acceptq_is_full()',
          evidence: [told, ...connected],
          short: `${connected.length} of ${calls}`,
        }),
        counts(cell, 'waiting', queueHolds(inForce), waiting?.data.new?.waiting ?? 0, 'connections', {
          claim: "the server's kernel counts them at the listening socket",
          formula,
          because: 'for a socket in LISTEN the receive queue of /proc/net/tcp counts connections',
          source: 'proc_pid_net(5), get_tcp4_sock()',
          evidence: [waiting],
        }),
        ...beyond(cell, frozen, connected),
      ]
    },
  },
}

/** The one call that found the queue full. */
function beyond(cell: Cell, frozen: Period, connected: readonly EventOf<'tcp:connected'>[]): Claims {
  const began = cell.a
    .all('belief:updated', frozen)
    .find(({ group_id }) => !connected.some((one) => one.group_id === group_id))
  if (began === undefined) return []
  const [a, b] = [cell.a.of(began.group_id), cell.b.of(began.group_id)]
  const error = a.first('tcp:error_received', frozen)
  const calling = { from: began.time, to: frozen.to }
  const waitedMs = frozen.to - began.time
  // A kernel that does not say has the defaults of Linux.
  const synRetries = a.sysctl('tcp_syn_retries') || 6
  const linearTimeouts = a.sysctl('tcp_syn_linear_timeouts') || 0
  const next = nextSyn({ synRetries, linearTimeouts, jiffyMs: cell.jiffyMs }, waitedMs)
  const states = error === undefined ? `${a.state(frozen.to)} | ${b.state(frozen.to)}` : error.data.code
  return [
    says(cell, 'beyond', 'SYN-SENT | no entry', states, {
      claim: 'a client that calls when the queue is full is neither refused nor connected',
      formula: 'client | server',
      because: 'the kernel drops the SYN, and hopes for room when it comes again',
      source: 'tcp_conn_request(), tcp_abort_on_overflow in tcp(7)',
      evidence: [began, error],
    }),
    nothing(cell, 'silence', received(a.packets(calling)), calling, {
      claim: 'nothing at all is answered to that call while the queue is full',
      formula: 'no packet',
      because: 'no RST, no SYN ACK: to the client it looks as if nobody were there',
      source: 'tcp_conn_request()',
    }),
    took(cell, 'later', next, frozen.to, a.first('tcp:connected'), {
      claim: 'it succeeds with the first SYN that finds room',
      formula: `the next of its SYNs; called ${Math.round(waitedMs)} ms before there was room`,
      because: `tcp_syn_retries ${synRetries}, tcp_syn_linear_timeouts ${linearTimeouts}: again after a second, ${linearTimeouts + 1} times, then doubling`,
      source: 'RFC 6298 section 2, tcp_syn_linear_timeouts in ip-sysctl.rst',
      evidence: [began, a.first('tcp:connected')],
    }),
  ]
}
