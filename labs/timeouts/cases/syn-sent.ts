/** The client calls, and the path is dead. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, says } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { type Expectation, synSent as synSentPatience } from '../expectations.ts'
import { silence } from '../silence.ts'
import { firstOf, KERNEL_TOLD, lasts, sends, timeoutFires } from '../waits.ts'

export const synSent: CaseOf<TimeoutsSettings> = {
  id: 'syn-sent',
  promise: 'the client connects, and nothing answers',
  needs: ['cable'],

  async act(rig, pair, { userTimeoutMs, setTimeoutMs, withinMs }) {
    const [atA, atB] = [rig.sockets(pair.a).tcp, rig.sockets(pair.b).tcp]
    const listeners = {
      plain: await atB.listen('plain'),
      userTimeout: await atB.listen('user-timeout'),
      setTimeout: await atB.listen('set-timeout'),
    }
    await rig.strike(silence, pair)
    const plain = await atA.connect('plain', listeners.plain.at)
    const limited = await atA.connect('user-timeout', listeners.userTimeout.at, {
      userTimeoutMs: userTimeoutMs.synSent,
    })
    const timed = await atA.connect('set-timeout', listeners.setTimeout.at)
    await timed.setTimeout(setTimeoutMs)
    const all = [plain, limited, timed]
    for (const each of all) await each.observe()
    await Promise.all(all.map((each) => each.connected(withinMs)))
  },

  rows: {
    plain: (cell) => [givesUp(cell), tries(cell)],
    'user-timeout': (cell) => [givesUp(cell), tries(cell)],

    'set-timeout'(cell) {
      const { a } = cell
      const fired = a.first('tcp:idle_timeout')
      return [
        timeoutFires(cell, {
          claim: 'setTimeout() fires while connect() still waits',
          because: 'Node counts the silence of the socket, connected or not',
        }),
        says(cell, 'goes-on', 'SYN-SENT', fired === undefined ? '' : a.state(fired.time), {
          claim: 'it ends nothing: the attempt goes on',
          formula: "the kernel's state when it has fired",
          because: 'it is an event; destroy() is for the program to call',
          source: 'Node.js, socket.setTimeout(): "the connection will not be severed"',
          evidence: [fired],
        }),
        givesUp(cell),
      ]
    },
  },
}

function givesUp(cell: Cell) {
  return lasts(cell, 'gives-up', patience(cell), firstOf(synsOf(cell)), cell.a.first('tcp:error_received'), {
    claim: 'the kernel ends an attempt that nothing answers; net.connect() has no limit of its own',
    because: 'nothing tells it that nobody is there; it stops when its tries or its time are used up',
    code: KERNEL_TOLD,
  })
}

function tries(cell: Cell): Claims[number] {
  return sends(cell, 'syns', patience(cell), synsOf(cell), 'SYNs', {
    claim: 'until then it sends its SYN again, as often as its settings say',
    because: 'each one may have been lost, and so may each answer',
  })
}

function synsOf(cell: Cell) {
  return sent(cell.a.packets())?.filter(({ data }) => data.flags === 'SYN') ?? null
}

/** What decides; null where the kernel did not tell. */
function patience(cell: Cell): Expectation | null {
  const { a } = cell
  const options = a.options()
  if (options === undefined) return null
  return synSentPatience({
    synRetries: a.sysctl('tcp_syn_retries'),
    // Linux has had them since 6.5.
    linearTimeouts: a.sysctl('tcp_syn_linear_timeouts') || 0,
    userTimeoutMs: options.userTimeoutMs,
    jiffyMs: cell.jiffyMs,
  })
}
