import { describe, expect, test } from 'vitest'
import type { EventOf, KernelSocket, TcpState } from '../../src/events/vocabulary.ts'
import { causeOfEnd, type EndedConnection } from '../../src/try/cause.ts'
import { established, MadeLog } from '../support/try-log.ts'

const socket = (more: Partial<KernelSocket>): KernelSocket => ({ ...established, ...more })
const PLAIN = {
  keepalive: false,
  keepaliveIdleMs: 7_200_000,
  keepaliveIntervalMs: 75_000,
  keepaliveProbes: 9,
  userTimeoutMs: 0,
}

/** The packets of one end, each as `seconds direction flags`. */
function packets(...lines: string[]): EventOf<'packet:captured'>[] {
  const log = new MadeLog()
  for (const line of lines) {
    const [seconds = '', direction = '', ...flags] = line.split(' ')
    log.packet(Number(seconds), 'cut-a', direction as 'sent' | 'received', flags.join(' '))
  }
  return log.events.filter((event) => event.name === 'packet:captured')
}

const cause = (ended: Partial<EndedConnection>) =>
  causeOfEnd({
    ...{ before: established, now: null, at: 5000, packets: [], options: PLAIN, retries2: 15 },
    ...ended,
  }).by

describe('an end is told by the packet that decides', () => {
  test.each<[string, string[], Partial<EndedConnection>, string]>([
    [
      'the peer said FIN, and its program closed at once',
      ['5 received FIN ACK', '5 sent FIN ACK'],
      {},
      'fin',
    ],
    ['the peer said RST', ['5 received RST'], {}, 'econnreset'],
    ['its program closed', ['5 sent FIN ACK', '5 received FIN ACK'], {}, 'user_closed'],
    ['its program aborted', ['5 sent RST ACK'], {}, 'econnaborted'],
    [
      'its program aborted long before its kernel would have given up',
      ['0.1 sent PSH ACK', '0.3 sent PSH ACK', '5 sent RST ACK'],
      { before: socket({ retransmits: 4 }) },
      'econnaborted',
    ],
    [
      'its kernel retransmitted for as long as tcp_retries2 says',
      ['0.1 sent PSH ACK', '0.3 sent PSH ACK'],
      { before: socket({ retransmits: 2 }), at: 1600, retries2: 2 },
      'kernel_gave_up',
    ],
    [
      'its kernel waited for TCP_USER_TIMEOUT',
      ['0.1 sent PSH ACK'],
      { before: socket({ retransmits: 4 }), at: 4200, options: { ...PLAIN, userTimeoutMs: 4000 } },
      'kernel_gave_up',
    ],
    [
      'its program did not wait so long',
      ['0.1 sent PSH ACK'],
      { before: socket({ retransmits: 3 }), at: 2000, options: { ...PLAIN, userTimeoutMs: 4000 } },
      'econnaborted',
    ],
    [
      'the last keepalive probe was not answered, which the kernel tells by RST',
      ['2 sent ACK', '3 sent ACK', '4 sent ACK', '5 sent RST ACK'],
      { before: socket({ unansweredProbes: 3 }), options: { ...PLAIN, keepalive: true, keepaliveProbes: 3 } },
      'kernel_gave_up',
    ],
    [
      'one probe was not answered yet',
      ['2 sent ACK', '5 sent RST ACK'],
      { before: socket({ unansweredProbes: 1 }), options: { ...PLAIN, keepalive: true, keepaliveProbes: 3 } },
      'econnaborted',
    ],
  ])('%s', (_, lines, more, by) => {
    expect(cause({ packets: packets(...lines), ...more })).toBe(by)
  })
})

test.each<[TcpState | null, Partial<KernelSocket>, string]>([
  ['CLOSE-WAIT', {}, 'fin'],
  ['FIN-WAIT-1', {}, 'user_closed'],
  [null, { retransmits: 2 }, 'kernel_gave_up'],
  [null, {}, 'kernel_has_none'],
])('where packets may be missing the table has to do: %s, %j', (state, before, by) => {
  expect(
    cause({ packets: null, before: socket(before), now: state === null ? null : socket({ state }) }),
  ).toBe(by)
})
