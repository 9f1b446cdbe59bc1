/** What a lab may ask of stop-and-wait of a host. */
import type { StopAndWaitLimits } from '../../../protocols/stop-and-wait/sender.ts'

export interface StopAndWaitRequests {
  /** Take messages from whoever sends, and acknowledge them. */
  stopAndWaitReceive: { ask: { mechanism: string; port: number }; answer: { port: number } }
  /** Send `count` messages of `bytes` bytes, one after the other. Answered when it is over. */
  stopAndWaitSend: {
    ask: { mechanism: string; to: { address: string; port: number }; bytes: number } & StopAndWaitLimits
    answer: { outcome: 'all-acknowledged' | 'given-up' }
  }
}
