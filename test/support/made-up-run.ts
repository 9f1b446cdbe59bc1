/** A run that never happened, of any size: for views that have to be tested without waiting for a lab. */

import { keepalive } from '../../labs/keepalive/lab.ts'
import { hostName, hostSides, pairOf } from '../../src/events/host-names.ts'
import { addressOf, type EventData, type EventName, type LabEvent } from '../../src/events/vocabulary.ts'
import { type Check, overall, skip } from '../../src/lab/checks.ts'
import { LabLog } from '../../src/lab/log.ts'
import { randomFrom } from '../../src/lab/random.ts'
import { REPORT_SCHEMA, type Report } from '../../src/lab/report.ts'
import { type Plan, selectionOf } from '../../src/plan/plan.ts'

const START_NS = 5_046_635_045_776n
const STRIKE_AT = 4000
const WATCH_MS = 12_000
const EVERY_MS = 1000

interface MadeUp {
  cases?: string[]
  mechanisms?: string[]
  /** What heartbeats carry: whatever a peer may send. */
  payload?: string
  /** Milliseconds between two heartbeats: the smaller, the more events. */
  everyMs?: number
  /** These strike nobody, as on a machine that cannot. */
  impossible?: string[]
}

export interface MadeUpRun {
  plan: Plan
  report: Report
  log: LabLog
}

/** Every fault but `none` is like a cut cable; clients doubt after 1.5 s and give up after 3.5 s. */
export function madeUpRun({
  cases = keepalive.cases.map(({ id }) => id),
  mechanisms = [...keepalive.mechanisms],
  payload,
  everyMs = EVERY_MS,
  impossible = [],
}: MadeUp = {}): MadeUpRun {
  const events: LabEvent[] = []
  const seqs = new Map<string, number>()
  const random = randomFrom(7)
  const checks: Check[] = []
  function add<N extends EventName>(
    time: number,
    host: string,
    program: string,
    name: N,
    data: EventData<N>,
    group?: string,
  ): LabEvent {
    const process = pairOf(host) === null ? 'lab' : host
    const seq = seqs.get(process) ?? 0
    seqs.set(process, seq + 1)
    const ns = BigInt(Math.round(time * 1e6))
    const event = {
      mono: String(START_NS + ns),
      seq,
      run: 'made-up',
      lab: 'keepalive',
      host,
      incarnation: 1,
      program,
      pid: [...seqs.keys()].indexOf(process) + 1,
      name,
      ...(group === undefined ? {} : { group_id: group }),
      data,
      time: Number(ns / 1000n) / 1000,
      outerPid: 18_000 + [...seqs.keys()].indexOf(process),
    } as unknown as LabEvent
    events.push(event)
    return event
  }

  add(1, 'lab', 'lab', 'kernel:sampling_started', { everyMs: 50, because: 'socket tables are readable' })
  for (const [column, pair] of cases.entries()) {
    if (impossible.includes(pair)) {
      for (const mechanism of mechanisms) {
        checks.push(
          skip(`${pair}/${mechanism}/detected`, `what ${mechanism} notices`, 'there is no cable to cut'),
        )
      }
      continue
    }
    const [a, b] = hostSides.map((side) => hostName(pair, side)) as [string, string]
    const detail = { fault: pair, pair, struck: b }
    const strikeAt = STRIKE_AT + Math.round(random() * 1e6) / 1e3
    const isStruck = pair !== 'none'
    for (const [index, host] of [a, b].entries()) {
      add(100 + column, host, 'lab', 'host:started', { address: `10.0.${column}.${index + 1}`, pair })
      add(101 + column, host, 'lab', 'command:run', {
        argv: ['ip', 'netns', 'exec', host, 'sh', '-c', "echo '2' >/proc/sys/net/ipv4/tcp_retries2"],
        status: 0,
        durationMs: 3,
      })
      const peer = host === a ? b : a
      add(900, host, 'truth', 'truth:updated', {
        peer,
        old: 'absent',
        new: 'answering',
        because: 'it answers',
        certainty: 'definite',
      })
      if (isStruck)
        add(strikeAt, host, 'truth', 'truth:updated', {
          peer,
          old: 'answering',
          new: 'unreachable',
          because: 'the lab did it',
          certainty: 'definite',
        })
    }
    add(strikeAt - 1, 'lab', 'lab', 'fault:striking', { ...detail, promise: 'the cable is cut' })
    add(strikeAt + 50, 'lab', 'lab', 'fault:struck', { ...detail, verifiedBy: 'a probe is not answered' })
    add(strikeAt + WATCH_MS, 'lab', 'lab', 'watch:ended', detail)

    for (const [row, mechanism] of mechanisms.entries()) {
      const port = 40_000 + column * 100 + row
      const group = `${mechanism}:${port}`
      const addresses = { [a]: `10.0.${column}.1:${port}`, [b]: `10.0.${column}.2:7000` }
      let packet = 0
      const send = (time: number, from: string, text: string) => {
        const to = from === a ? b : a
        const data = {
          packet: `${column}.${row}.${++packet}`,
          frame: packet,
          protocol: 'tcp',
          source: addresses[from] ?? '',
          destination: addresses[to] ?? '',
          kind: 'data',
          flags: 'PSH ACK',
          bytes: text.length,
          text,
        } as const
        add(time, from, 'wire', 'packet:captured', { direction: 'sent', ...data }, group)
        const lost = isStruck && time >= strikeAt
        if (!lost) add(time + 0.05, to, 'wire', 'packet:captured', { direction: 'received', ...data }, group)
        return !lost
      }
      const believe = (
        time: number,
        host: string,
        [old, now, trigger, certainty]: [string, string, string, string],
        silentMs?: number,
      ) =>
        add(
          time,
          host,
          'tcp-client',
          'belief:updated',
          {
            old,
            new: now,
            trigger,
            certainty,
            ...(silentMs === undefined ? {} : { silentMs }),
          } as EventData<'belief:updated'>,
          group,
        )
      believe(1000 + row, a, ['unknown', 'connecting', 'started', 'definite'])
      const open = { local: addresses[a] ?? '', remote: addresses[b] ?? '' }
      add(1009 + row, a, 'tcp-client', 'tcp:connected', open, group)
      believe(1010 + row, a, ['connecting', 'up', 'connected', 'definite'])
      believe(1011 + row, b, ['unknown', 'up', 'accepted', 'definite'])
      let lastHeard = 1010
      for (let number = 0, at = 1200 + random() * everyMs; at < strikeAt + WATCH_MS - 500; at += everyMs) {
        if (isStruck && at > strikeAt + 3500) break
        const jitter = random() * 0.3
        add(at, a, 'heartbeat', 'heartbeat:ping_sent', { number }, group)
        const arrived = send(at + jitter, a, payload ?? `PING ${number}`)
        if (arrived) {
          add(at + jitter + 0.1, b, 'heartbeat', 'heartbeat:ping_received', { number }, group)
          add(at + jitter + 0.2, b, 'heartbeat', 'heartbeat:pong_sent', { number }, group)
          if (send(at + jitter + 0.25, b, payload ?? `PONG ${number}`)) {
            lastHeard = at + jitter + 0.4
            add(
              lastHeard,
              a,
              'heartbeat',
              'heartbeat:pong_received',
              { number, roundTripMs: 0.4 + jitter },
              group,
            )
          }
        }
        number++
      }
      const own = `${pair}/${mechanism}/detected`
      const detected = (rest: Partial<Check>): Check => ({
        id: own,
        claim: `the client of ${mechanism} is down by heartbeat_missed in time`,
        formula: 'last heard + 3.5 s',
        expected: { min: 2000, max: 3800, unit: 'ms' },
        observed: { value: null, watchedMs: WATCH_MS },
        verdict: 'pass',
        because: 'the program counts silence',
        source: 'src/protocols/heartbeat/README.md',
        evidence: [],
        ...rest,
      })
      if (!isStruck) {
        checks.push(detected({ expected: { value: null }, formula: 'nothing, for the whole watch' }))
        continue
      }
      believe(lastHeard + 1500, a, ['up', 'suspect', 'heartbeat_missed', 'unknown'], 1500)
      const down = believe(lastHeard + 3500, a, ['suspect', 'down', 'heartbeat_missed', 'unknown'], 3500)
      const value = Math.round(down.time - strikeAt)
      checks.push(detected({ observed: { value, unit: 'ms' }, evidence: [addressOf(down)] }))
    }
  }
  events.sort((one, other) => one.time - other.time)
  const plan: Plan = {
    run: 'made-up',
    lab: 'keepalive',
    tier: impossible.length > 0 ? 'process' : 'netns',
    because: 'it is made up',
    pace: 'quick',
    strike: 'server',
    seed: 7,
    play: false,
    ...selectionOf(keepalive, cases, mechanisms),
    promises: Object.fromEntries(keepalive.cases.map(({ id, promise }) => [id, promise])),
    showFirst: [...keepalive.showFirst],
    settings: { keepalive: { idleMs: 2000, intervalMs: 1000, probes: 3 }, userTimeoutMs: 4000 },
    sysctls: {},
    watchMs: WATCH_MS,
    folder: '/home/somebody/secret/runs/made-up',
    programsBundle: '/home/somebody/secret/host.mjs',
    captureBundle: '/home/somebody/secret/capture.mjs',
    cableBundle: '/home/somebody/secret/cable.mjs',
    switchBundle: '/home/somebody/secret/switch.mjs',
    officeBundle: '/home/somebody/secret/office.mjs',
    bankBundle: '',
    environment: { os: 'linux', kernel: '6.18.44-somebodys-build', node: 'v20.20.2', cpus: 2 },
  }
  const report: Report = {
    schema: REPORT_SCHEMA,
    lab: plan.lab,
    run: plan.run,
    tier: plan.tier,
    tierBecause: plan.because,
    pace: plan.pace,
    strike: plan.strike,
    seed: plan.seed,
    environment: plan.environment,
    kernelSampledEveryMs: 50,
    startedAt: '2026-11-23T02:15:03.000Z',
    durationMs: Math.round(events.at(-1)?.time ?? 0),
    chainMs: null,
    checks,
    verdict: overall(checks),
  }
  return { plan, report, log: new LabLog(events) }
}
