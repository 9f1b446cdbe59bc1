/** The server's side of a handshake that is never completed. */
import type { Cell } from '../../src/lab/cell.ts'
import type { Claims } from '../../src/lab/claims.ts'
import { sent } from '../../src/lab/packets.ts'
import { synReceived } from './expectations.ts'
import { firstOf, forgotten, lasts, sends } from './waits.ts'

/** @param what what the check about its end is called */
export function halfHandshake(cell: Cell, what: string, because: string): Claims {
  const { b } = cell
  const answers = sent(b.packets())?.filter(({ data }) => data.flags === 'SYN ACK') ?? null
  const expected = synReceived(b.sysctl('tcp_synack_retries'), cell.jiffyMs)
  return [
    lasts(cell, what, expected, firstOf(answers), forgotten(b, 'SYN-RECEIVED'), {
      claim: "the server's kernel forgets the attempt",
      because,
    }),
    sends(cell, 'syn-acks', expected, answers, 'SYN-ACKs', {
      claim: "the server's kernel answers again and again, and each time waits longer",
      because: 'it cannot tell a SYN-ACK that was lost from an ACK that was lost, so it repeats the first',
    }),
  ]
}
