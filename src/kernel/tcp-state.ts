/** The numbers that Linux gives the states of RFC 9293 section 3.3.2 (include/net/tcp_states.h). */
import type { TcpState } from '../events/vocabulary.ts'

const states: Record<number, TcpState> = {
  1: 'ESTABLISHED',
  2: 'SYN-SENT',
  3: 'SYN-RECEIVED',
  4: 'FIN-WAIT-1',
  5: 'FIN-WAIT-2',
  6: 'TIME-WAIT',
  8: 'CLOSE-WAIT',
  9: 'LAST-ACK',
  11: 'CLOSING',
  // TCP_NEW_SYN_RECV: the same state, held in a smaller structure until the handshake is complete.
  12: 'SYN-RECEIVED',
}

/** The state with this number; null for CLOSE (7) and LISTEN (10), which are no connection. */
export function tcpStateOfKernel(number: number): TcpState | null {
  return states[number] ?? null
}
