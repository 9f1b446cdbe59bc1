/** What each row of the matrix teaches. */
import type { Mechanism } from '../../src/programs/host-messages.ts'

/** What each row shows, for somebody who has just seen it. */
export const LESSONS: Record<Mechanism, string> = {
  udp: 'send() succeeds, be anybody there or not.',
  'udp-heartbeat': 'a belief that programs keep alive, without any connection.',
  'tcp-idle': 'sends nothing, so nobody sees that the wire is cut.',
  'tcp-keepalive': 'asks the kernel: a frozen program counts as alive.',
  'tcp-busy': 'unacknowledged data ends it; keepalive did not help.',
  'tcp-user-timeout': 'patience in milliseconds, and still only for the kernel.',
  'tcp-heartbeat': 'asks the program, and so sees the frozen one.',
  'http-session': 'the session outlives the connection, not the server.',
  websocket: 'its ping is a heartbeat; an orderly end is said twice.',
}
