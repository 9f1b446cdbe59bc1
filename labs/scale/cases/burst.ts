/** All speak at one moment, by UDP. Who hears them all? */
import type { Pair } from '../../../src/hosts/host.ts'
import { parseDatagramQueues } from '../../../src/kernel/socket-table.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { SocketAddress } from '../../../src/rig/sockets.ts'
import type { ScaleSettings } from '../conditions.ts'
import { sourcesAt } from '../crowd.ts'
import { dropsExpected } from '../expectations.ts'
import { peersOf } from '../measured.ts'

/** Long enough for a process to come to what it was asked for. */
const BEGUN_MS = 100
/** And for what waits to be read and told. */
const READ_MS = SLACK_MS

type Row = 'at-once' | 'large-buffer' | 'spread'

const KERNEL = '__udp_enqueue_schedule_skb() in net/ipv4/udp.c; udp(7)'

export const burst: CaseOf<ScaleSettings> = {
  id: 'burst',
  promise:
    'as many peers say a word by UDP, at one moment while the program does something else, or one by one',
  needs: ['socket-table'],
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { connections: count, largeBufferBytes, deafMs, spreadMs } = settings
    const sources = await sourcesAt(rig, b, a, count)
    for (const row of ['at-once', 'large-buffer', 'spread'] as const) {
      if (!rig.plan.cells.includes(`burst/${row}`)) continue
      const hears = rig.sockets(b).crowd
      const at = await hears.hear(row, row === 'large-buffer' ? largeBufferBytes : null)
      const speakers = rig.sockets(a).crowd
      await speakers.gather(row, at, { count, sources })
      rig.mark(pair, `${row}-begins`)
      if (row === 'spread') await speakers.speak(row, { count, overMs: spreadMs })
      else {
        const deaf = hears.stall(row, deafMs)
        await rig.sleep(BEGUN_MS)
        await speakers.speak(row, { count: 1, overMs: 0 })
        await readQueue(rig, pair, row, at)
        await speakers.speak(row, { count: count - 1, overMs: 0 })
        await deaf
      }
      await rig.sleep(READ_MS)
      await readQueue(rig, pair, row, at)
      rig.mark(pair, `${row}-over`)
      await speakers.leave(row)
    }
  },

  rows: { 'at-once': crowded, 'large-buffer': crowded, spread },
}

/** Logs what waits at the socket, and what its kernel has thrown away. */
async function readQueue(rig: Rig, { b }: Pair, row: Row, { address, port }: SocketAddress): Promise<void> {
  const local = `${address}:${port}`
  const queue = parseDatagramQueues(await rig.run(b, ['cat', '/proc/net/udp'])).get(local)
  if (queue === undefined) return
  rig.emitterOf(b, 'kernel')('crowd:datagrams_read', { local, ...queue }, `${row}:${port}`)
}

function passage(cell: Cell<ScaleSettings>) {
  const period = cell.between(`${cell.row}-begins`, `${cell.row}-over`)
  if (period === null) return null
  const { a, b } = cell
  const reads = b.all('crowd:datagrams_read', period)
  return {
    sent: peersOf(a.all('crowd:spoke', period)),
    heard: b.all('crowd:heard', period),
    reads,
    drops: reads.at(-1)?.data.drops,
    bufferBytes: b.last('crowd:serving', { to: period.from })?.data.receiveBufferBytes ?? Number.NaN,
    /** What the kernel counts for one that waits. */
    eachBytes: reads[0]?.data.waitingBytes ?? Number.NaN,
  }
}

function crowded(cell: Cell<ScaleSettings>): Claims {
  const passed = passage(cell)
  if (passed === null) return []
  const { sent, heard, reads, drops, bufferBytes, eachBytes } = passed
  const expected = dropsExpected(sent, bufferBytes, eachBytes)
  return [
    counts(cell, 'drops', expected, drops, 'datagrams', {
      claim: 'the kernel keeps what fits its receive buffer, and throws the others away',
      formula: `${sent} - ${bufferBytes} / ${eachBytes} bytes, give or take one`,
      because: `each takes ${eachBytes} bytes of the buffer, however short it is; nobody is told`,
      source: `${KERNEL}; proc_pid_net(5): udp, column drops`,
      evidence: reads,
      short: `-${drops}`,
    }),
    counts(cell, 'heard', sent - (drops ?? Number.NaN), peersOf(heard), 'datagrams', {
      claim: 'and the program reads all of those that were kept, and no other',
      formula: `${sent} sent - ${drops} thrown away`,
      because: 'it cannot see that there were more',
      source: KERNEL,
      evidence: heard,
    }),
  ]
}

function spread(cell: Cell<ScaleSettings>): Claims {
  const passed = passage(cell)
  if (passed === null) return []
  const { sent, heard, reads, drops } = passed
  return [
    counts(cell, 'drops', 0, drops, 'datagrams', {
      claim: `as many, spread over ${cell.settings.spreadMs} ms: none is thrown away`,
      formula: 'read one by one, as they come',
      because: 'the same buffer, of the default size',
      source: KERNEL,
      evidence: reads,
      short: `-${drops}`,
    }),
    counts(cell, 'heard', sent, peersOf(heard), 'datagrams', {
      claim: 'and the program reads each of them',
      formula: `${sent} sent`,
      because: 'who chooses another moment for each peer needs no larger buffer',
      source: KERNEL,
      evidence: heard,
    }),
  ]
}
