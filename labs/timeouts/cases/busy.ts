/** The path dies, and then the client sends: something is under way that nobody acknowledges. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { TcpSocket } from '../../../src/rig/sockets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { busy as busyPatience, keepaliveAloneMs } from '../expectations.ts'
import { silence } from '../silence.ts'
import { open } from '../sockets.ts'
import { firstOf, KERNEL_TOLD, lasts, otherEnd, sends, staysQuiet } from '../waits.ts'

/** How often a program that does not wait for answers writes: before its setTimeout() runs out. */
const WRITE_EVERY_MS = 400

export const busy: CaseOf<TimeoutsSettings> = {
  id: 'busy',
  promise: 'the path dies, and then the client sends',
  needs: ['cable'],

  async act(rig, pair, { withinMs, eager, userTimeoutMs, setTimeoutMs }) {
    const { client: plain } = await open(rig, pair, 'plain')
    const { client: kept } = await open(rig, pair, 'keepalive', { keepalive: eager })
    const { client: limited } = await open(rig, pair, 'user-timeout', { userTimeoutMs: userTimeoutMs.busy })
    const { client: writer } = await open(rig, pair, 'set-timeout')
    const clients = [plain, kept, limited, writer]
    await writer.setTimeout(setTimeoutMs)
    await rig.strike(silence, pair)
    for (const client of clients) await client.write('lost')

    let isOver = false
    const over = ({ groupId }: TcpSocket) =>
      rig.came(rig.untilEvent(pair.a, 'tcp:error_received', { groupId, withinMs }))
    const all = Promise.all(clients.map(over)).finally(() => {
      isOver = true
    })
    const writing = async () => {
      while (!isOver) {
        await rig.sleep(WRITE_EVERY_MS)
        await writer.write('and more')
      }
    }
    await Promise.all([all, writing()])
  },

  rows: {
    plain: (cell) => givesUp(cell),

    keepalive(cell) {
      const [ends, segments, ...rest] = givesUp(cell)
      return [ends, segments, noProbes(cell), ...rest].filter((claim) => claim !== undefined)
    },

    'user-timeout': (cell) => givesUp(cell),

    'set-timeout'(cell) {
      const { strike } = cell
      if (strike === undefined) return []
      const { a } = cell
      const gone = { from: strike.at, to: a.first('tcp:error_received')?.time ?? cell.watch.to }
      const written = a.all('tcp:written', gone)
      const fired = written.length === 0 ? null : a.all('tcp:idle_timeout', gone)
      return [
        staysQuiet(cell, 'silent', fired, gone, {
          claim: 'setTimeout() does not fire while the program writes to a peer that is gone',
          formula: 'each write() that the kernel takes counts as activity',
          because: `the kernel took ${written.length} writes, and each restarted the clock`,
          unseen: 'no write was seen',
          source: 'Node.js, socket.setTimeout()',
          evidence: written,
        }),
      ]
    },
  },
}

/** The segment that was lost, what decides, and when it was over; null of a packet: not every one is known. */
function lossOf(cell: Cell) {
  const { a } = cell
  const since = { from: cell.strike?.began ?? cell.watch.from }
  const lost = firstOf(sent(a.packets(since)), 'data')
  const connection = lost ? a.busy(lost.time) : null
  const error = a.first('tcp:error_received', since)
  const packets = sent(a.packets({ from: lost?.time ?? since.from, to: error?.time ?? cell.watch.to }))
  return { lost, error, packets, expected: connection && busyPatience(connection) }
}

function givesUp(cell: Cell): Claims {
  if (cell.strike === undefined) return []
  const { lost, error, packets, expected } = lossOf(cell)
  const segments = packets?.filter(({ data: { kind } }) => kind === 'data' || kind === 'retransmission')
  return [
    lasts(cell, 'gives-up', expected, lost, error, {
      claim: 'its kernel gives up on what is unacknowledged',
      because: 'data was sent, and no acknowledgement has come; keepalive or not makes no difference',
      code: KERNEL_TOLD,
    }),
    sends(cell, 'sends', expected, segments ?? null, 'segments', {
      claim: 'until then it sends the same bytes again, each time after twice the wait',
      because: 'the segment, or its acknowledgement, may have been lost',
    }),
    otherEnd(cell, cell.watch.to),
  ]
}

/** Keepalive has nothing to say while data is under way. */
function noProbes(cell: Cell): Claims[number] {
  const { packets } = lossOf(cell)
  const asks = cell.a.keepalive()
  const aloneMs = asks === null ? Number.NaN : keepaliveAloneMs(asks)
  return counts(cell, 'probes', 0, packets?.filter(({ data }) => data.bytes === 0) ?? null, 'probes', {
    claim: 'keepalive does not help: no probe is sent while data is unacknowledged',
    formula: `0; by itself it would have been over ${aloneMs} ms after the last answer`,
    because: `the same capture saw ${packets?.length ?? 0} segments of this connection meanwhile`,
    source: 'tcp_keepalive_timer(): "It is alive without keepalive"',
    evidence: packets ?? [],
  })
}
