/** What counts as having watched, and what a claim becomes where nobody did. */
import { describe, expect, test } from 'vitest'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import type { Middle, Pair, PairWish } from '../../src/hosts/host.ts'
import { type CaseOf, judgeBy, madeOf, runCases } from '../../src/lab/cases.ts'
import { Cell } from '../../src/lab/cell.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../src/lab/claims.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Case, Plan } from '../../src/plan/plan.ts'
import type { Rig } from '../../src/rig/rig.ts'

const GROUP = 'silent:40000'
const packet = {
  direction: 'sent',
  packet: '1',
  frame: 1,
  protocol: 'tcp',
  source: '10.0.1.1:40000',
  destination: '10.0.1.2:7001',
  kind: 'ack',
  flags: 'ACK',
  bytes: 0,
} as const
const capture = { packetsBuffered: 1, bytesKept: 1, wallClockAheadNs: '0', wallClockWithinNs: 0 }

type Line = { [N in EventName]: [time: number, host: string, name: N, data: EventData<N>] }[EventName]

/** A case from 100 to 900 ms, its marks at 200 and 800, both ends captured from the start. */
const WHOLE: Line[] = [
  [0, 'idle-a', 'wire:capture_started', capture],
  [0, 'idle-b', 'wire:capture_started', capture],
  [50, 'idle-a', 'packet:captured', packet],
  [50, 'idle-b', 'packet:captured', packet],
  [100, 'lab', 'case:started', { pair: 'idle', promise: '' }],
  [200, 'lab', 'case:marked', { pair: 'idle', mark: 'quiet' }],
  [800, 'lab', 'case:marked', { pair: 'idle', mark: 'spoken' }],
  [900, 'lab', 'case:ended', { pair: 'idle' }],
]

function logOf(...lines: Line[]): LabLog {
  const events = lines.map(([time, host, name, data], seq) => {
    const envelope = { time, seq, mono: String(time * 1e6), host, incarnation: 1, program: 'test' }
    return { ...envelope, name, data, group_id: GROUP } as unknown as LabEvent
  })
  return new LabLog(events.sort((one, other) => one.time - other.time))
}

const plan = { cells: ['idle/silent'], environment: {}, settings: {} } as unknown as Plan

function cellOf(log: LabLog): Cell {
  const watch = log.watchOf('idle')
  if (watch === undefined) throw new Error('no such case')
  return new Cell(log, plan, { case: 'idle', row: 'silent' }, watch)
}

describe('packets of a time', () => {
  const quiet = { from: 200, to: 800 }
  const watched = (...more: Line[]) => cellOf(logOf(...WHOLE, ...more)).a

  test('are an empty list, which is an observation, where the capture saw all of that time', () => {
    expect(watched().packets(quiet)).toEqual([])
    expect(watched([500, 'idle-a', 'packet:captured', packet]).packets(quiet)).toHaveLength(1)
  })

  test.each<[string, Line[], string]>([
    [
      'the capture ended before',
      [[500, 'idle-a', 'wire:capture_ended', { because: 'the host was started again', brokeOff: false }]],
      'the capture at idle-a ended before: the host was started again',
    ],
    [
      // Noticed later: only up to the last packet that is in the log is anything certain.
      'the capture process was killed, which was noticed only afterwards',
      [[850, 'idle-a', 'wire:capture_ended', { because: 'SIGKILL', brokeOff: true }]],
      'the capture at idle-a ended before: SIGKILL',
    ],
    [
      'packets were dropped meanwhile, or may have been',
      [[1500, 'idle-a', 'wire:packets_dropped', { packets: 3, withinMs: 1000 }]],
      '3 packets passed idle-a uncaptured',
    ],
  ])('are not known where %s', (_what, lines, reason) => {
    expect(watched(...lines).packets(quiet)).toBeNull()
    expect(watched(...lines).whyUnwatched(quiet)).toBe(reason)
    // The other end has a capture of its own.
    expect(cellOf(logOf(...WHOLE, ...lines)).b.packets(quiet)).toEqual([])
  })

  test('are not known where that very host was not captured, or the capture never saw anything', () => {
    const without = (name: EventName) =>
      cellOf(logOf(...WHOLE.filter((line) => line[1] !== 'idle-a' || line[2] !== name))).a
    expect(without('wire:capture_started').whyUnwatched()).toBe(
      'the packets of idle-a were not captured from the beginning',
    )
    expect(without('packet:captured').whyUnwatched()).toBe('the capture at idle-a had not seen any packet')
    const late = WHOLE.map(
      (line): Line => (line[2] === 'wire:capture_started' ? [300, line[1], line[2], line[3]] : line),
    )
    expect(cellOf(logOf(...late)).a.packets(quiet)).toBeNull()
  })

  test('are known where drops, or an end, came before or after', () => {
    const known = watched(
      [150, 'idle-a', 'wire:packets_dropped', { packets: 3, withinMs: 100 }],
      [2000, 'idle-a', 'wire:packets_dropped', { packets: 3, withinMs: 1000 }],
      [2100, 'idle-a', 'wire:capture_ended', { because: 'the run is over', brokeOff: false }],
    )
    expect(known.packets(quiet)).toEqual([])
  })
})

test('one pair may be struck by several faults: the cell is named by its case, its hosts by their pair', () => {
  const watch = { from: 0, to: 1000, complete: true }
  const cell = new Cell(logOf(...WHOLE), plan, { case: 'cut', row: 'silent', pair: 'idle' }, watch)
  expect([cell.id, cell.b.host, cell.beside('loud').a.host]).toEqual(['cut/silent', 'idle-b', 'idle-a'])
  expect(cell.moment('quiet')).toBe(200)
})

describe('marks', () => {
  test('name moments; a case that did not come to one has no such time', () => {
    const cell = cellOf(logOf(...WHOLE))
    expect(cell.moment('quiet')).toBe(200)
    expect(cell.between('quiet', 'spoken')).toEqual({ from: 200, to: 800 })
    expect(cell.between('quiet', 'ended')).toBeNull()
  })
})

test('when a kernel gives up is not known where its clock or its settings are not', () => {
  const info = {
    state: 'ESTABLISHED',
    retransmissionTimeoutMs: 204,
    roundTripMs: 1,
    unackedSegments: 0,
    retransmits: 0,
    unansweredProbes: 0,
    backoff: 0,
  } as const
  const lines: Line[] = [
    [300, 'idle-a', 'kernel:tcp_info_read', info],
    [10, 'idle-a', 'kernel:sysctls_read', { values: { tcp_retries2: '15' } }],
  ]
  const busy = (log: LabLog, environment: Plan['environment']) => {
    const watch = log.watchOf('idle')
    if (watch === undefined) throw new Error('no such case')
    const known = { ...plan, environment } as Plan
    return new Cell(log, known, { case: 'idle', row: 'silent' }, watch).a.busy(500)
  }
  expect(busy(logOf(...WHOLE, ...lines), { jiffyMs: 4 })).toMatchObject({ retries2: 15, roundTripMs: 1 })
  // A judge that counted with these would never come to an end.
  expect(busy(logOf(...WHOLE, ...lines), {})).toBeNull()
  expect(busy(logOf(...WHOLE, ...lines.slice(0, 1)), { jiffyMs: 4 })).toBeNull()
})

describe('keepalive', () => {
  const options = {
    local: '10.0.1.1:40000',
    remote: '10.0.1.2:7001',
    keepalive: true,
    keepaliveIdleMs: 6000,
    keepaliveIntervalMs: 1000,
    keepaliveProbes: 3,
    userTimeoutMs: 0,
  }
  const read = (...lines: Line[]) => cellOf(logOf(...WHOLE, ...lines)).a.keepalive()

  test('is as the kernel said last; null where it is off, or nobody asked', () => {
    expect(read()).toBeNull()
    expect(read([300, 'idle-a', 'kernel:options_read', options])).toEqual({
      idleMs: 6000,
      intervalMs: 1000,
      probes: 3,
    })
    const off = { ...options, keepalive: false }
    expect(
      read([300, 'idle-a', 'kernel:options_read', options], [400, 'idle-a', 'kernel:options_read', off]),
    ).toBeNull()
  })
})

describe('a claim', () => {
  const words = { claim: 'it is so', because: 'of this', source: 'RFC 1' }
  const idle = (rows: CaseOf<never>['rows']): CaseOf<never> => ({
    id: 'idle',
    promise: '',
    act: async () => {},
    rows,
  })
  const judged = (log: LabLog, rows: CaseOf<never>['rows']) =>
    judgeBy(log, plan as Plan<never>, [idle(rows)]).map(
      ({ id, verdict, because }) => `${id} ${verdict} ${because}`,
    )

  test('without a source is skipped, and says why; one that saw nothing fails', () => {
    const rows: CaseOf<never>['rows'] = {
      silent: (cell) => [
        nothing(cell, 'packets', cell.a.packets(), cell.watch, words),
        counts(cell, 'bytes', 3, null, 'bytes', words),
        says(cell, 'state', 'ESTABLISHED', null, words),
        took(cell, 'told', AT_ONCE, cell.moment('quiet'), null, words),
        counts(cell, 'none', 3, undefined, 'bytes', words),
        says(cell, 'unnamed', 'ESTABLISHED', '', words),
        took(cell, 'untold', AT_ONCE, cell.moment('quiet'), undefined, words),
      ],
    }
    const dropped: Line = [1500, 'idle-a', 'wire:packets_dropped', { packets: 3, withinMs: 1500 }]
    const reason = 'skipped 3 packets passed idle-a uncaptured'
    expect(judged(logOf(...WHOLE, dropped), rows)).toEqual([
      `idle/silent/packets ${reason}`,
      `idle/silent/bytes ${reason}`,
      `idle/silent/state ${reason}`,
      `idle/silent/told ${reason}`,
      'idle/silent/none fail of this',
      'idle/silent/unnamed fail of this',
      'idle/silent/untold fail of this',
    ])
  })

  test('of what follows counts by its error or trigger: this one, or one of these', () => {
    const doubt = { old: 'up', new: 'down', trigger: 'fin', certainty: 'definite' } as const
    const log = logOf(...WHOLE, [300, 'idle-a', 'belief:updated', doubt])
    const by = (what: string, code: string | readonly string[]) => (cell: Cell) =>
      took(cell, what, AT_ONCE, cell.moment('quiet'), cell.a.first('belief:updated'), {
        ...words,
        code,
      })
    const rows: CaseOf<never>['rows'] = {
      silent: (cell) => [
        by('fin', 'fin')(cell),
        by('either', ['econnreset', 'fin'])(cell),
        by('rst', 'econnreset')(cell),
      ],
    }
    expect(judged(log, rows)).toEqual([
      'idle/silent/fin pass of this',
      'idle/silent/either pass of this',
      'idle/silent/rst fail of this',
    ])
  })

  test('that was not watched may have a better reason than its packets', () => {
    const unseen = 'behind a relay there is another kernel'
    const rows: CaseOf<never>['rows'] = {
      silent: (cell) => [says(cell, 'state', 'ESTABLISHED', null, { ...words, unseen })],
    }
    expect(judged(logOf(...WHOLE), rows)).toEqual([`idle/silent/state skipped ${unseen}`])
  })

  test('of a time has the slack above and a stamp below; what comes with another error fails', () => {
    const rows = (minMs: number, maxMs: number, to: number): CaseOf<never>['rows'] => ({
      silent: (cell) => [took(cell, 'told', { minMs, maxMs }, 200, to, words)],
    })
    const verdict = (minMs: number, maxMs: number, to: number) =>
      judged(logOf(...WHOLE), rows(minMs, maxMs, to))[0]?.split(' ')[1]
    expect(verdict(100, 100, 600)).toBe('pass')
    expect(verdict(100, 100, 601)).toBe('fail')
    expect(verdict(100, 100, 290)).toBe('pass')
    expect(verdict(100, 100, 289)).toBe('fail')
    // Written down a moment late, the cause seems to come after its effect.
    expect(verdict(0, 0, 190)).toBe('pass')
    expect(verdict(0, 0, 189)).toBe('fail')
  })

  test('of a case is made only of the rows that the case has', () => {
    const matrix = madeOf([idle({ silent: () => [] })], { loud: 'speaks', silent: 'does not' })
    expect(matrix.mechanisms).toEqual(['loud', 'silent'])
    expect([matrix.hasCell?.('idle', 'silent'), matrix.hasCell?.('idle', 'loud')]).toEqual([true, false])
    expect([matrix.hasCell?.('idle', 'toString'), matrix.hasCell?.('other', 'silent')]).toEqual([
      false,
      false,
    ])
  })
})

describe('cases', () => {
  const toldOf = async (inTurn: readonly string[]) => {
    const told: string[] = []
    const rig = {
      possible: (cases: readonly Case[]) => cases.map(({ id }) => id),
      offers: () => true,
      boot: async (wishes: readonly { name: string }[]) => wishes as readonly Pair[],
      say: () => {},
      begin: () => {},
      runCase: (_pair: Pair, act: () => Promise<void>) => act(),
    } as unknown as Rig
    const cases = ['first', 'second', 'third'].map(
      (id): CaseOf<never> => ({
        id,
        promise: '',
        ...(inTurn.includes(id) ? { inTurn: true } : {}),
        act: async () => {
          told.push(`${id} begins`)
          await new Promise(setImmediate)
          told.push(`${id} ends`)
        },
        rows: {},
      }),
    )
    await runCases(rig, plan as Plan<never>, cases)
    return told
  }

  test('run at the same time; those that take turns run one after the other beside them', async () => {
    const together = [
      'first begins',
      'second begins',
      'third begins',
      'first ends',
      'second ends',
      'third ends',
    ]
    expect(await toldOf([])).toEqual(together)
    const turns = await toldOf(['first', 'third'])
    expect(turns.slice(0, 2)).toEqual(['first begins', 'second begins'])
    expect(turns.indexOf('third begins')).toBeGreaterThan(turns.indexOf('first ends'))
    expect(turns).toHaveLength(together.length)
  })

  test('have between their hosts what they need there, what they would like, or a switch', async () => {
    const booted: PairWish[] = []
    const rig = {
      possible: (cases: readonly Case[]) => cases.map(({ id }) => id),
      offers: (middle: Middle) => middle !== 'router',
      boot: async (wishes: readonly PairWish[]) => {
        booted.push(...wishes)
        return []
      },
      say: () => {},
      begin: () => {},
      runCase: async () => {},
    } as unknown as Rig
    const wishes: Partial<CaseOf<never>>[] = [
      {},
      { needs: ['signals', 'cable'] },
      { middle: 'cable' },
      { needs: ['router'] },
    ]
    const cases = wishes.map((wish, at) => ({
      id: `case-${at}`,
      promise: '',
      act: async () => {},
      rows: {},
      ...wish,
    }))
    await runCases(rig, plan as Plan<never>, cases)
    expect(booted).toEqual([
      { name: 'case-0', middle: 'switch' },
      { name: 'case-1', middle: 'cable' },
      { name: 'case-2', middle: 'cable' },
      { name: 'case-3' },
    ])
  })
})
