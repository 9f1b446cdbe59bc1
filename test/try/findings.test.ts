/** What is found in a log, and what is made of it: a log made by hand, in which everything has its second. */
import { describe, expect, test } from 'vitest'
import type { EventData, EventName, KernelSocket, LabEvent } from '../../src/events/vocabulary.ts'
import { EXPERIMENT_OVER } from '../../src/lab/judging.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { parseExpectation } from '../../src/try/expectations.ts'
import { findingsOf } from '../../src/try/findings.ts'
import { judgeTry } from '../../src/try/judge.ts'
import type { TrySettings } from '../../src/try/request.ts'
import { tellTry } from '../../src/try/tell.ts'

const GROUP = 'echo:41000'
const PLAIN = Object.fromEntries(
  ['bold', 'dim', 'good', 'bad', 'doubtful'].map((name) => [name, (text: string) => text]),
) as unknown as Parameters<typeof tellTry>[1]

const established: KernelSocket = {
  state: 'ESTABLISHED',
  timer: 'none',
  unansweredProbes: 0,
  retransmits: 0,
  sendQueueBytes: 0,
  receiveQueueBytes: 0,
}

class Log {
  readonly events: LabEvent[] = []

  add<N extends EventName>(seconds: number, host: string, name: N, data: EventData<N>, more = {}): this {
    const about = { mono: '0', seq: this.events.length, run: 'r', lab: 'try', incarnation: 1, pid: 1 }
    const program = host === 'lab' ? 'lab' : 'kernel'
    const event = { ...about, host, program, time: seconds * 1000, name, data, ...more }
    this.events.push(event as unknown as LabEvent)
    return this
  }

  socket(seconds: number, host: string, old: KernelSocket | null, now: KernelSocket | null): this {
    const [local, remote] = ['10.0.1.1:41000', '10.0.1.2:7000']
    const data = { local, remote, old, new: now }
    return this.add(seconds, host, 'kernel:socket_updated', data, { group_id: GROUP })
  }

  payload(seconds: number, host: string, direction: 'sent' | 'received'): this {
    const packet = { direction, packet: '1', frame: 1, protocol: 'tcp' as const, source: '', destination: '' }
    const data = { ...packet, kind: 'data' as const, bytes: 5 }
    return this.add(seconds, host, 'packet:captured', data, { group_id: GROUP })
  }

  truth(seconds: number, host: string, now: 'unreachable' | 'answering'): this {
    const data = { peer: 'x', old: 'answering', new: now, because: '', certainty: 'definite' } as const
    return this.add(seconds, host, 'truth:updated', data)
  }
}

/** Cut at 10 s, mended at 20 s, watched until 25 s. The client's kernel gives up 4 s after the cut. */
function cutLog({ again = true } = {}): Log {
  const detail = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
  const probing = { ...established, unansweredProbes: 3 }
  const log = new Log()
    .socket(1, 'cut-a', null, established)
    .socket(1, 'cut-b', null, established)
    .add(9.9, 'lab', 'watch:started', detail)
    .add(9.9, 'lab', 'fault:striking', { ...detail, promise: 'cut' })
    .truth(10, 'cut-a', 'unreachable')
    .truth(10, 'cut-b', 'unreachable')
    .add(10.1, 'lab', 'fault:struck', { ...detail, verifiedBy: 'a probe' })
    .payload(11, 'cut-b', 'sent')
    .socket(13, 'cut-a', established, probing)
    .socket(14, 'cut-a', probing, null)
    .add(
      14,
      'cut-a',
      'belief:updated',
      { old: 'up', new: 'down', trigger: 'kernel_gave_up', certainty: 'unknown' },
      { group_id: GROUP, program: 'client' },
    )
    .add(15, 'cut-a', 'command:said', { stream: 'stdout', line: 'lost it\u001b[2J' }, { program: 'client' })
    .truth(20, 'cut-a', 'answering')
    .truth(20, 'cut-b', 'answering')
    .add(20, 'lab', 'fault:undone', { ...detail, verifiedBy: 'a probe' })
  if (again) {
    log.payload(21, 'cut-b', 'sent').payload(21, 'cut-a', 'received')
    log.payload(21.5, 'cut-a', 'sent').payload(21.5, 'cut-b', 'received')
  }
  return log.add(25, 'lab', 'watch:ended', detail).add(25, 'lab', 'run:ended', { because: EXPERIMENT_OVER })
}

function planOf(...expectations: string[]): Plan<TrySettings> {
  const settings = {
    name: 'echo',
    watchMs: 10_000,
    settleMs: 1000,
    down: '^lost',
    expect: expectations.map(parseExpectation),
  }
  const cells = ['cut/echo']
  return {
    cases: ['cut'],
    cells,
    mechanisms: ['echo'],
    promises: { cut: 'cut' },
    settings,
  } as unknown as Plan<TrySettings>
}

const judged = (log: Log, ...expectations: string[]) =>
  judgeTry(new LabLog(log.events), planOf(...expectations)).map(({ verdict }) => verdict)

describe('what is found of a cut', () => {
  const [found] = findingsOf(new LabLog(cutLog().events), planOf())

  test('when the client noticed, by what, and when it said so', () => {
    expect(found?.ends.client).toMatchObject({
      noticed: { afterMs: 4000, by: 'kernel_gave_up' },
      saidAfterMs: 5000,
      hasGhost: true,
      exit: null,
    })
    const [connection] = found?.ends.client.connections ?? []
    expect(connection?.kernelEnd).toEqual({ afterMs: 4000, state: 'CLOSED', cause: 'kernel_gave_up' })
  })

  test('that the server, which wrote, did not', () => {
    expect(found?.ends.server.noticed).toBeNull()
    expect(found?.ends.server.connections[0]).toMatchObject({ wasIdle: false, kernelEnd: null })
  })

  test('that nobody watches over what the client had', () => {
    expect(found?.unwatched).toEqual(['client'])
  })

  test('when data flowed again, both ways, after the mending', () => {
    expect(found).toMatchObject({ survived: false, recoveredAfterMs: 1500, recoveryWatchedMs: 5000 })
  })

  test('that it never did', () => {
    const [silent] = findingsOf(new LabLog(cutLog({ again: false }).events), planOf())
    expect(silent?.recoveredAfterMs).toBeNull()
  })

  test('that it could not, since nobody had anything to say', () => {
    expect(found?.wasSilent).toBe(false)
    const { events } = cutLog({ again: false })
    const [silent] = findingsOf(new LabLog(events), planOf())
    expect(silent?.wasSilent).toBe(true)
    expect(tellTry({ log: new LabLog(events), plan: planOf(), checks: [] }, PLAIN)).toContain(
      'neither end sends any data, in 5 s',
    )
  })

  test('told without what its program printed', () => {
    const text = tellTry({ log: new LabLog(cutLog().events), plan: planOf(), checks: [] }, PLAIN)
    expect(text).toContain(
      'client after 4 s: its kernel gave up, since nobody answered; it said so after 5 s',
    )
    expect(text).toContain('server (struck) notices nothing, in 10 s: it believes in a ghost')
    expect(text).toContain('warning: the client has set neither keepalive nor a user timeout')
    expect(text).not.toContain('\u001b')
  })
})

describe('an expectation of a cut', () => {
  test.each<[string, string]>([
    ['cut<5s', 'pass'],
    ['cut<3s', 'fail'],
    ['cut@server<9s', 'fail'],
    ['cut@server:unnoticed', 'pass'],
    ['cut:unnoticed', 'fail'],
    ['cut:survives', 'fail'],
    ['cut:recovers<2s', 'pass'],
    ['cut:recovers<1s', 'fail'],
  ])('%s: %s', (text, verdict) => {
    expect(judged(cutLog(), text)).toEqual([verdict])
  })

  test('that data flows again fails when it never does', () => {
    expect(judged(cutLog({ again: false }), 'cut:recovers<5s')).toEqual(['fail'])
  })

  test('is unclear when it failed on a machine that was too busy', () => {
    const busy = cutLog().add(12, 'lab', 'control:late', { lateMs: 400 })
    busy.events.sort((one, other) => one.time - other.time)
    expect(judged(busy, 'cut<3s')).toEqual(['inconclusive'])
  })

  test('is skipped when the fault was not seen to happen', () => {
    const log = cutLog()
    const problem = { fault: 'cut', pair: 'cut', struck: 'cut-b', problem: 'it still answers' }
    const at = log.events.findIndex(({ name }) => name === 'fault:struck')
    log.add(10.1, 'lab', 'fault:unverified', problem)
    const [unverified] = log.events.splice(-1)
    if (unverified !== undefined) log.events.splice(at, 1, unverified)
    expect(judged(log, 'cut<5s')).toEqual(['skipped'])
  })
})
