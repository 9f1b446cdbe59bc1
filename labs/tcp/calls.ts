/** Attempts to connect, one after the other, from the same host. */
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import type { Captured } from '../../src/lab/packets.ts'

/** One attempt to connect, from before its first packet can have left. */
export interface Call {
  asked: LabEvent
  /** tcp:connected or tcp:error_received. */
  ended: LabEvent | undefined
  /** `connected`, or the code of its error. */
  outcome: string
  syscall: string | undefined
  /** At the client's card, until it ended; null where not all are known. */
  packets: Captured[] | null
}

/** The calls of a row, in order. */
export function callsOf(cell: Cell): Call[] {
  const { a } = cell
  const asked = a.asked('tcpConnect')
  return asked.map((asking, index) => {
    const time = { from: asking.time, to: asked[index + 1]?.time ?? cell.watch.to }
    const connected = a.first('tcp:connected', time)
    const error = a.first('tcp:error_received', time)
    const ended = connected ?? error
    return {
      asked: asking,
      ended,
      outcome: connected ? 'connected' : (error?.data.code ?? 'no answer'),
      syscall: error?.data.syscall,
      packets: a.packets({ from: time.from, to: ended?.time ?? time.to }),
    }
  })
}
