import { describe, expect, test } from 'vitest'
import { longDuration, rangeWords } from '../../src/forecast/duration.ts'
import type { ConnectionFacts, HostFacts } from '../../src/forecast/facts.ts'
import { forecast } from '../../src/forecast/forecast.ts'
import { retransmissionGiveUp } from '../../src/kernel/give-up.ts'
import type { TcpOptions, TcpReading } from '../../src/kernel/socket-options.ts'

const host: HostFacts = {
  sysctls: { tcp_retries2: '15', tcp_early_retrans: '3', tcp_syn_retries: '6', tcp_syn_linear_timeouts: '4' },
  jiffyMs: 4,
}
const unset: TcpOptions = {
  keepalive: false,
  keepaliveIdleMs: 7_200_000,
  keepaliveIntervalMs: 75_000,
  keepaliveProbes: 9,
  userTimeoutMs: 0,
}
const usual: ConnectionFacts = {
  state: 'ESTABLISHED',
  timer: 'none',
  timerLeftMs: 0,
  retransmits: 0,
  unansweredProbes: 0,
  coarseTimeoutMs: 200,
  reading: null,
  ownNetwork: null,
  unsteady: false,
}

function reading(options: Partial<TcpOptions> = {}, info: Partial<TcpReading['info']> = {}): TcpReading {
  return {
    options: { ...unset, ...options },
    info: {
      state: 'ESTABLISHED',
      retransmissionTimeoutMs: 204,
      roundTripMs: 0.1,
      unackedSegments: 0,
      retransmits: 0,
      unansweredProbes: 0,
      backoff: 0,
      ...info,
    },
    sack: true,
    heardAgoMs: 0,
    dataSentAgoMs: 0,
    recoveringMs: null,
    data: null,
    multipath: false,
    synRetries: 6,
    rtoMaxMs: 120_000,
  }
}

const of = (facts: Partial<ConnectionFacts>, others: Partial<HostFacts> = {}) =>
  forecast({ ...usual, ...facts }, { ...host, ...others })

describe('an idle connection', () => {
  test('without keepalive: never, and nobody asks', () => {
    const { idle, advice } = of({ reading: reading() })
    expect(idle).toMatchObject({ notices: 'never', within: null, words: 'never: keepalive is off' })
    expect(advice).toContain('socket.setKeepAlive(true, 60_000)')
  })

  test('a user timeout alone asks nothing', () => {
    const { idle } = of({ reading: reading({ userTimeoutMs: 5000 }) })
    expect(idle).toMatchObject({ notices: 'never' })
    expect(idle?.words).toContain('TCP_USER_TIMEOUT alone asks nothing')
  })

  test("the system's keepalive: two hours, eleven minutes and a quarter", () => {
    const { idle, advice } = of({ timer: 'keepalive', reading: reading({ keepalive: true }) })
    expect(idle?.words).toBe('2 h 11 min 15 s (7200 s + 9 x 75 s)')
    expect(idle?.within).toMatchObject({ since: 'silence', minMs: 675_000 })
    // The kernel files timers this far away in steps of two minutes.
    expect(idle?.within?.maxMs).toBeGreaterThan(7_875_000)
    expect(idle?.within?.maxMs).toBeLessThan(7_875_000 * 1.13)
    expect(advice).toMatch(/^TCP_KEEPIDLE is 7200 s: set it lower/)
  })

  test('heard a while ago, less is left', () => {
    const keepalive = {
      keepalive: true,
      keepaliveIdleMs: 60_000,
      keepaliveIntervalMs: 10_000,
      keepaliveProbes: 3,
    }
    const { idle } = of({ timer: 'keepalive', reading: { ...reading(keepalive), heardAgoMs: 45_000 } })
    expect(idle?.within).toMatchObject({ minMs: 30_000 })
    expect(idle?.fromNow?.minMs).toBe(45_000)
  })

  test('a user timeout counts instead of the number of probes', () => {
    const { idle } = of({
      timer: 'keepalive',
      reading: reading({
        keepalive: true,
        keepaliveIdleMs: 60_000,
        keepaliveIntervalMs: 10_000,
        userTimeoutMs: 75_000,
      }),
    })
    expect(idle?.words).toBe('1 min 20 s (60 s + 2 x 10 s: TCP_USER_TIMEOUT 1 min 15 s ends it there)')
    expect(idle?.decidedBy).toContain('TCP_USER_TIMEOUT')
  })
})

describe('a connection that sends', () => {
  test('by tcp_retries2, as the labs predict it', () => {
    const { sending } = of({ reading: reading() })
    const { minMs, maxMs } = retransmissionGiveUp({
      retransmissionTimeoutMs: 204,
      roundTripMs: 0.1,
      retries2: 15,
      userTimeoutMs: 0,
      tailLossProbe: true,
      jiffyMs: 4,
      severalInFlight: true,
    })
    expect(sending?.within).toEqual({ since: 'lost-send', minMs, maxMs })
    // Measured: 939.9 s.
    expect(minMs).toBeLessThan(939_900)
    expect(maxMs).toBeGreaterThan(939_900)
    expect(sending?.words).toMatch(/^15 min .* \(tcp_retries2 = 15, RTO 204 ms\)$/)
  })

  test('the sysctl of its own namespace', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '2' }
    expect(of({ reading: reading() }, { sysctls }).sending?.within?.maxMs).toBeLessThan(4500)
  })

  test('by TCP_USER_TIMEOUT', () => {
    const { sending } = of({ reading: reading({ userTimeoutMs: 30_000 }) })
    expect(sending?.words).toMatch(/^30\.. s to 3.* s \(TCP_USER_TIMEOUT 30 s from the first retransmission/)
  })

  test('where the doubling ends sooner, so does the connection', () => {
    const shorter = of({ reading: { ...reading(), rtoMaxMs: 5000 } }).sending?.within?.maxMs ?? Number.NaN
    expect(shorter).toBeLessThan(80_000)
  })

  test('a timeout that has doubled is taken for what it was', () => {
    const doubled = reading({}, { retransmissionTimeoutMs: 816, backoff: 2, retransmits: 2 })
    const { sending, now } = of({ timer: 'retransmit', timerLeftMs: 500, retransmits: 2, reading: doubled })
    expect(sending?.within).toEqual(of({ reading: reading() }).sending?.within)
    expect(now?.words).toMatch(/^2 retransmissions unanswered: gives up in 15 min/)
    expect(now?.within?.maxMs).toBeLessThan(sending?.within?.maxMs ?? 0)
  })

  test('each retransmission that stays unanswered leaves less time', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '5' }
    const left = [1, 2, 3, 4].map((retransmits) => {
      const info = { retransmissionTimeoutMs: 200 * 2 ** retransmits, backoff: retransmits, retransmits }
      const { now } = of(
        { timer: 'retransmit', timerLeftMs: 100, retransmits, reading: reading({}, info) },
        { sysctls },
      )
      return now?.within?.minMs ?? Number.NaN
    })
    expect(left).toEqual([...left].sort((a, b) => b - a))
    expect(new Set(left).size).toBe(4)
  })
})

describe('a frozen peer', () => {
  test('never by TCP', () => {
    const { frozen } = of({ reading: reading({ keepalive: true }) })
    expect(frozen).toMatchObject({ notices: 'never', words: 'never by TCP: its kernel goes on answering' })
  })

  test('with tcp_retries2 of 1 the probes of a window that closes may end it', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '1' }
    expect(of({ reading: reading() }, { sysctls }).frozen?.unless).toContain('tcp_retries2 is below 2')
    expect(of({ reading: reading() }).frozen?.unless).toBeNull()
  })

  test('with a user timeout once its buffers are full', () => {
    const { frozen, advice } = of({ reading: reading({ keepalive: true, userTimeoutMs: 30_000 }) })
    expect(frozen?.within).toMatchObject({ since: 'closed-window', minMs: 30_204 })
    expect(advice).toContain('a heartbeat')
  })
})

describe('other states', () => {
  test('a closed window: keepalive does not run, unanswered probes end it', () => {
    const closed = { timer: 'zero-window-probe', timerLeftMs: 300 } as const
    const { idle, sending, frozen } = of({ ...closed, reading: reading({ keepalive: true }, { backoff: 3 }) })
    expect(idle).toBeNull()
    expect(sending?.words).toContain('its window is closed: unanswered probes, tcp_retries2 = 15')
    expect(frozen?.notices).toBe('never')
    const limited = of({ ...closed, reading: reading({ userTimeoutMs: 10_000 }, { backoff: 3 }) })
    // It has been probed for 2, 4 and 8 timeouts, less the 300 ms that are left of the last.
    const leftMs = 10_000 - (204 * 14 - 300)
    expect(limited.sending?.decidedBy).toEqual(['TCP_USER_TIMEOUT'])
    expect(limited.sending?.within?.minMs).toBeGreaterThan(leftMs - 100)
    expect(limited.sending?.within?.maxMs).toBeLessThan(leftMs + 400)
  })

  test('CLOSE-WAIT: the peer has closed', () => {
    expect(of({ state: 'CLOSE-WAIT', reading: reading() }).advice).toMatch(
      /^the peer has closed, the program has not/,
    )
  })

  test('FIN-WAIT-2 that a program still holds: it can only wait', () => {
    const { idle, sending } = of({ state: 'FIN-WAIT-2', reading: reading() })
    expect(idle?.notices).toBe('never')
    expect(sending).toBeNull()
  })

  test('SYN-SENT: how long until connect() fails', () => {
    const { now, idle } = of({
      state: 'SYN-SENT',
      timer: 'retransmit',
      timerLeftMs: 1000,
      reading: reading(),
    })
    expect(idle).toBeNull()
    expect(now?.words).toMatch(/^SYN sent once and unanswered: gives up in 2 min/)
    const limited = of({
      state: 'SYN-SENT',
      timer: 'retransmit',
      timerLeftMs: 1000,
      reading: reading({ userTimeoutMs: 3000 }),
    })
    expect(limited.now).toMatchObject({ decidedBy: ['TCP_USER_TIMEOUT'] })
    expect(limited.now?.within?.maxMs).toBeLessThan(3500)
  })

  test.each(['FIN-WAIT-1', 'CLOSING', 'LAST-ACK'] as const)(
    '%s: the FIN waits for its acknowledgement',
    (state) => {
      const { idle, sending, frozen } = of({ state, reading: reading() })
      expect([idle, frozen]).toEqual([null, null])
      expect(sending?.decidedBy).toEqual(['net.ipv4.tcp_retries2'])
    },
  )

  test.each(['SYN-RECEIVED', 'TIME-WAIT'] as const)('%s: the kernel ends it by itself', (state) => {
    const { idle, sending, frozen, now } = of({ state })
    expect([idle, sending, frozen, now]).toEqual([null, null, null, null])
  })
})

/** Each was once forecast otherwise; the figures are what Linux 6.18 did, seconds after the moment of the reading. */
describe('what kernels were seen to do', () => {
  const keepalive = { keepalive: true, keepaliveIdleMs: 2000, keepaliveIntervalMs: 1000, keepaliveProbes: 3 }
  const expectIn = (outlook: { within: { minMs: number; maxMs: number } | null } | null, seenMs: number) => {
    expect(seenMs).toBeGreaterThanOrEqual(outlook?.within?.minMs ?? Number.NaN)
    expect(seenMs).toBeLessThanOrEqual((outlook?.within?.maxMs ?? Number.NaN) + 30)
  }

  test('keepalive whose interval is longer than its idle time: up to one interval more', () => {
    const options = { ...keepalive, keepaliveIntervalMs: 20_000, keepaliveProbes: 1 }
    const { idle } = of({ timer: 'keepalive', reading: reading(options) })
    expectIn(idle, 32_500)
    expect(idle?.words).toBe('40 s (20 s + 1 x 20 s: the interval is longer than the idle time)')
  })

  test('the last probe unanswered: what is left is the timer, however long', () => {
    const options = { ...keepalive, keepaliveIdleMs: 60_000, keepaliveIntervalMs: 75_000, keepaliveProbes: 2 }
    const facts = { timer: 'keepalive', timerLeftMs: 1200, unansweredProbes: 2 } as const
    expectIn(of({ ...facts, reading: { ...reading(options), heardAgoMs: 212_000 } }).now, 1500)
  })

  test('probes that its own queue drops are tried again each half second, for ever', () => {
    const facts = { timer: 'keepalive', timerLeftMs: 422 } as const
    const { now } = of({ ...facts, reading: { ...reading(keepalive), heardAgoMs: 6000 } })
    expect(now).toMatchObject({ notices: 'never', unless: 'keepalive was switched on only now' })
  })

  test('rto_min of a route: the loss probe waits for it too', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '3' }
    const long = { retransmissionTimeoutMs: 1004 }
    expectIn(of({ reading: reading({}, long) }, { sysctls }).sending, 8090)
    expectIn(of({ reading: reading({ userTimeoutMs: 10_000 }, long) }, { sysctls }).sending, 12_180)
  })

  test.each([
    [1, 1000, 5100],
    [2, 2000, 9200],
  ])('connecting, tcp_rto_max_ms of %d s', (_, rtoMaxMs, seenMs) => {
    const sysctls = { ...host.sysctls, tcp_syn_retries: '4' }
    const facts = { state: 'SYN-SENT', timer: 'retransmit', timerLeftMs: 1000 } as const
    expectIn(of({ ...facts, reading: { ...reading(), synRetries: 4, rtoMaxMs } }, { sysctls }).now, seenMs)
  })

  test('connecting: who decides', () => {
    const facts = { state: 'SYN-SENT', timer: 'retransmit', timerLeftMs: 537 } as const
    const own = of({ ...facts, reading: { ...reading(), synRetries: 1 } }).now
    expect(own?.decidedBy).toEqual(['TCP_SYNCNT'])
    const sysctls = { ...host.sysctls, tcp_syn_retries: '2' }
    const counted = of(
      { ...facts, reading: { ...reading({ userTimeoutMs: 60_000 }), synRetries: 2 } },
      { sysctls },
    ).now
    expect(counted?.decidedBy).toEqual(['net.ipv4.tcp_syn_retries'])
    expectIn(counted, 10_900)
  })

  test('in the middle of backing off, with timeouts below 200 ms', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '5', tcp_rto_min_us: '10000' }
    // R was 12 ms, and has doubled seven times: 12.6 s may pass, and the time since the first retransmission is known.
    const info = { retransmissionTimeoutMs: 1536, backoff: 7, retransmits: 7 }
    const facts = { timer: 'retransmit', timerLeftMs: 400, retransmits: 7 } as const
    const known = of({ ...facts, reading: { ...reading({}, info), recoveringMs: 2660 } }, { sysctls }).now
    const counted = of({ ...facts, reading: reading({}, info) }, { sysctls }).now
    // 0.4 s, and then 3.1, 6.1 and, 12.3 s after the first, not yet: another 12.3 s.
    for (const now of [known, counted]) expectIn(now, 400 + 3072 + 6144 + 12_288 + 100)
  })

  describe('FIN-WAIT-1 behind a closed window probes the window', () => {
    const closed = { state: 'FIN-WAIT-1', timer: 'zero-window-probe', timerLeftMs: 3000 } as const
    const sysctls = { ...host.sysctls, tcp_retries2: '5' }

    test('the peer frozen: never', () => {
      const { frozen, now } = of({ ...closed, reading: reading({}, { backoff: 5 }) }, { sysctls })
      expect([frozen?.notices, now]).toEqual(['never', null])
    })

    test('the peer cut: so many probes, as far apart as they have grown', () => {
      expectIn(of({ ...closed, reading: reading({}, { backoff: 5 }) }, { sysctls }).sending, 36_800)
    })

    test('unanswered: as many less', () => {
      const facts = { ...closed, unansweredProbes: 4 }
      const { now } = of(
        { ...facts, reading: { ...reading({}, { backoff: 5 }), heardAgoMs: 30_000 } },
        { sysctls },
      )
      expectIn(now, 3000 + 6528 + 200)
    })

    test('one unanswered right after an answer says nothing: a kernel answers twice a second at most', () => {
      const facts = { ...closed, timerLeftMs: 137, unansweredProbes: 1 }
      const info = { backoff: 2, retransmissionTimeoutMs: 24 }
      expect(
        of({ ...facts, reading: { ...reading({}, info), heardAgoMs: 1088 } }, { sysctls }).now,
      ).toBeNull()
    })
  })

  test('no route: the clock runs since the send that was lost', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '3' }
    const facts = {
      timer: 'retransmit',
      timerLeftMs: 78,
      retransmits: 1,
      ownNetwork: 'no-neighbour',
    } as const
    const info = { retransmissionTimeoutMs: 408, backoff: 1, retransmits: 1 }
    expectIn(
      of({ ...facts, reading: { ...reading({}, info), recoveringMs: 325 } }, { sysctls }).now,
      3080 - 530,
    )
  })

  test('a user timeout of weeks', () => {
    const options = { ...keepalive, keepaliveProbes: 5, userTimeoutMs: 2 ** 31 - 1 }
    const { idle, sending } = of({ reading: { ...reading(options), rtoMaxMs: 1000 } })
    expect(idle?.within?.maxMs).toBeGreaterThan(2 ** 31)
    expect(sending?.within?.minMs).toBeGreaterThan(2 ** 31)
  })

  test('what changes while it is read is not certain', () => {
    expect(of({ unsteady: true, reading: reading() }).sending?.unless).toBe('it changed while it was read')
  })
})

describe('what surprises in how keepalive is set', () => {
  test("on, with the system's times", () => {
    expect(of({ reading: reading({ keepalive: true }) }).note).toBe(
      "keepalive is on, its times are the system's (2 h 11 min 15 s)",
    )
  })

  test('only the idle time set', () => {
    expect(of({ reading: reading({ keepalive: true, keepaliveIdleMs: 60_000 }) }).note).toBe(
      "only TCP_KEEPIDLE is set: the probes are the system's, 9 x 75 s, so 11 min 15 s more",
    )
  })

  test('all of it set, or off: nothing', () => {
    expect(of({ reading: reading() }).note).toBeNull()
    expect(
      of({ reading: reading({ keepalive: true, keepaliveIdleMs: 60_000, keepaliveProbes: 3 }) }).note,
    ).toBeNull()
  })
})

describe('where options are not readable', () => {
  test('no timer means no keepalive', () => {
    expect(of({ timer: 'none' }).idle).toMatchObject({ notices: 'never', unless: null })
  })

  test('a keepalive timer means keepalive, with a range as wide as the kernel allows', () => {
    const { idle } = of({ timer: 'keepalive', timerLeftMs: 3_600_000 })
    expect(idle?.words).toBe(
      'keepalive is on, next probe in 1 h at most; 2 h 11 min 15 s (7200 s + 9 x 75 s) where nobody set more',
    )
    expect(idle?.within?.minMs).toBe(1000)
    expect(idle?.unless).toContain('not readable')
  })

  test('another timer hides whether there is keepalive', () => {
    expect(of({ timer: 'retransmit' }).idle).toMatchObject({ notices: 'unknown', within: null })
  })

  test('the timeout of the table is cut off at 10 ms: all that it may be are in the range', () => {
    const sysctls = { ...host.sysctls, tcp_retries2: '2' }
    const { sending } = of({ coarseTimeoutMs: 220 }, { sysctls })
    for (const retransmissionTimeoutMs of [220, 224, 228]) {
      const exact = of({ reading: reading({}, { retransmissionTimeoutMs }) }, { sysctls }).sending
      expect(exact?.within?.minMs).toBeGreaterThanOrEqual(sending?.within?.minMs ?? Number.NaN)
      expect(exact?.within?.maxMs).toBeLessThanOrEqual(sending?.within?.maxMs ?? Number.NaN)
    }
    expect(sending?.unless).toBe('TCP_USER_TIMEOUT is set, which is not readable')
  })

  test('sysctls that are not readable are assumed, and named', () => {
    const { sending } = of({ reading: reading() }, { sysctls: null })
    expect(sending?.unless).toBe('tcp_retries2 is not 15 in its network namespace')
    expect(sending?.within).toEqual(of({ reading: reading() }).sending?.within)
    const connecting = { state: 'SYN-SENT', timer: 'retransmit', timerLeftMs: 1000 } as const
    const { now } = of({ ...connecting, reading: reading() }, { sysctls: null })
    expect(now?.unless).toBe('tcp_syn_linear_timeouts is not 4 in its network namespace')
    expect(of(connecting, { sysctls: null }).now?.unless).toContain('tcp_syn_retries is not 6')
    // With a user timeout nothing of that matters.
    expect(of({ reading: reading({ userTimeoutMs: 1000 }) }, { sysctls: null }).sending?.unless).toBeNull()
  })
})

test.each([
  [0, '0 s'],
  [3456, '3.4 s'],
  [45_000, '45 s'],
  [60_000, '1 min'],
  [924_600, '15 min 25 s'],
  [7_875_000, '2 h 11 min 15 s'],
  [4_194_176_000, '48 d 13 h 2 min'],
])('longDuration(%d) is %s', (ms, words) => {
  expect(longDuration(ms)).toBe(words)
})

test('rangeWords() says one number where both ends read the same, and never too little', () => {
  expect(rangeWords({ minMs: 61_000, maxMs: 61_000 })).toBe('1 min 1 s')
  expect(rangeWords({ minMs: 3068, maxMs: 3368 })).toBe('3 s to 3.4 s')
  expect(rangeWords({ minMs: 61_100, maxMs: 61_300 })).toBe('1 min 1 s to 1 min 2 s')
  expect(rangeWords({ minMs: 1000, maxMs: 2500 })).toBe('1 s to 2.5 s')
})
