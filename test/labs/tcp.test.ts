/** The lab itself, run as a person runs it; its own checks are the assertions, and tshark counts after it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { TcpSettings } from '../../labs/tcp/conditions.ts'
import { tcp } from '../../labs/tcp/lab.ts'
import { STATE_CHECKS } from '../../labs/tcp/story.ts'
import { readLog } from '../../src/events/parse.ts'
import { type EventOf, type LabEvent, tcpStates } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { notPassed, skipped } from '../support/checks.ts'
import { runsOf } from '../support/lab-runs.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const runs = runsOf('tcp', tier === 'netns')
const LAB_LIMIT_MS = 120_000

/** The asker's claims 5, 15 and 16. */
const ASKED = [
  'idle/silent/packets',
  'idle/silent/share',
  'idle/loud/same-wire',
  'idle/silent/alive',
  'frozen/unasked/connected',
  'frozen/unasked/not-asked',
  'handshake/open/one-sided',
  'orderly/client-first/fins',
]

describeNeeding('network namespaces', tier === 'netns')('lab:tcp on netns hosts', () => {
  testNeeding('tshark', hasTshark)(
    'nothing failed, all ten states are there, and tshark reads the same from the captures',
    async () => {
      const { report, ended, folder } = runs.netns()

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(report).toMatchObject({ tier: 'netns', verdict: 'pass', kernelSampledEveryMs: 50 })
      expect(checkIds(report)).toEqual(checkIds(recordedReport('tcp')))
      const passed = new Set(report.checks.flatMap(({ id, verdict }) => (verdict === 'pass' ? [id] : [])))
      expect([...passed]).toEqual(expect.arrayContaining(ASKED))
      const states = STATE_CHECKS.filter(([, , id]) => passed.has(id)).map(([state]) => state)
      expect(new Set(states)).toEqual(new Set(['LISTEN', ...tcpStates, '(CLOSED)']))
      const left = skipped(report).map(({ id }) => id)
      expect(left).toEqual(['time-wait/client-first/observed'])

      const events = readLog(join(folder, 'events.ndjson'))
      compareWithTshark(folder, events)
      const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan<TcpSettings>
      expectToFailWhenChanged(events, plan)
    },
    LAB_LIMIT_MS,
  )
})

describe('lab:tcp on process hosts', () => {
  const onLinux = testNeeding('Linux, whose /proc shows sockets', process.platform === 'linux')
  onLinux(
    'what needs a cable or a network of its own is skipped, the rest passes',
    async () => {
      const { report, ended } = runs.process()

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      // What is claimed of packets is skipped in all cases: here nobody sees any.
      const ofOthers = report.checks.filter(({ because }) => !because.startsWith('packets are not captured'))
      expect(ofOthers.length).toBeLessThan(report.checks.length)
      const casesOf = (verdict: string) =>
        new Set(ofOthers.filter((check) => check.verdict === verdict).map(({ id }) => id.split('/')[0]))
      expect(casesOf('pass')).toEqual(new Set(['frozen', 'idle', 'orderly', 'reset']))
      expect(casesOf('skipped')).toEqual(new Set(['handshake', 'close', 'both-close', 'port', 'time-wait']))
    },
    LAB_LIMIT_MS,
  )
})

/** The same run with something else in its log: the checks that it concerns fail, and no others. */
function expectToFailWhenChanged(events: readonly LabEvent[], plan: Plan<TcpSettings>): void {
  // On a busy machine what fails is inconclusive.
  const failed = (changed: readonly LabEvent[]) =>
    tcp
      .judge(new LabLog(changed), plan)
      .flatMap(({ id, verdict }) => (verdict === 'fail' || verdict === 'inconclusive' ? [id] : []))
  const isOf = (event: LabEvent, group: string) => event.group_id?.startsWith(`${group}:`) === true
  expect(failed(events)).toEqual([])

  // One packet more on the idle connection.
  const probe = events.find((event) => event.name === 'packet:captured' && isOf(event, 'silent'))
  const inSilence = events.findLast(
    (event) => event.name === 'tcp:received' && event.host === 'idle-b' && isOf(event, 'loud'),
  )
  if (probe === undefined || inSilence === undefined) throw new Error('no such events')
  const more = { ...probe, time: inSilence.time } as LabEvent
  expect(failed(events.toSpliced(events.indexOf(inSilence), 0, more))).toEqual([
    'idle/silent/packets',
    'idle/silent/share',
  ])

  // No FIN on the wire, though the states change.
  const noFin = events.filter(
    ({ name, host, data }) =>
      !(name === 'packet:captured' && host === 'close-a' && 'kind' in data && data.kind === 'fin'),
  )
  expect(failed(noFin)).toEqual(['close/client-first/fin-wait-1', 'close/client-first/time-wait'])

  // The program accepts before it goes on.
  const early = events.map((event) =>
    event.name === 'tcp:accepted' && event.host === 'frozen-b' && isOf(event, 'unasked')
      ? { ...event, time: event.time - 400 }
      : event,
  )
  expect(failed(early)).toEqual(['frozen/unasked/not-asked', 'frozen/unasked/accepted'])
}

/** One packet of a file, as tshark decodes it. */
interface Decoded {
  atMs: number
  flags: string
  bytes: number
}

const FLAGS: [bit: number, name: string][] = [
  [0x01, 'FIN'],
  [0x02, 'SYN'],
  [0x04, 'RST'],
  [0x08, 'PSH'],
  [0x10, 'ACK'],
]

/** The TCP packets of one host at a server's port; none: all. */
function decoded(folder: string, host: string, port?: string): Decoded[] {
  const filter = port === undefined ? 'tcp' : `tcp.port == ${port}`
  return tsharkFields(join(folder, `${host}.pcapng`), filter, [
    'frame.time_epoch',
    'tcp.flags',
    'tcp.len',
  ]).map(([time = '', flags = '', bytes = '']) => {
    const names = FLAGS.filter(([bit]) => (Number(flags) & bit) !== 0).map(([, name]) => name)
    return { atMs: Number(time) * 1000, flags: names.join(' '), bytes: Number(bytes) }
  })
}

/** The port of the server of a row. */
function portOf(events: readonly LabEvent[], host: string, mechanism: string): string {
  const told = events.find(
    (event): event is EventOf<'tcp:listening'> =>
      event.name === 'tcp:listening' && event.host === host && event.data.mechanism === mechanism,
  )
  return told?.data.local.split(':')[1] ?? ''
}

function compareWithTshark(folder: string, events: readonly LabEvent[]): void {
  const captured = events.filter(
    (event): event is EventOf<'packet:captured'> =>
      event.name === 'packet:captured' && event.data.protocol === 'tcp',
  )
  const hosts = [...new Set(captured.map(({ host }) => host))].sort()
  expect(hosts).toHaveLength(16)
  // Every packet of the log, with the flags and the bytes that tshark finds in it.
  for (const host of hosts) {
    const ours = captured
      .filter((event) => event.host === host)
      .sort((one, other) => one.data.frame - other.data.frame)
      .map(({ data }) => `${data.flags} ${data.bytes}`)
    expect(decoded(folder, host).map(({ flags, bytes }) => `${flags} ${bytes}`)).toEqual(ours)
  }

  // What the checks say, from the files alone. The last packets are those of the end of the run.
  const silent = portOf(events, 'idle-b', 'silent')
  for (const host of ['idle-a', 'idle-b']) {
    const [syn, synAck, ack, data] = decoded(folder, host, silent)
    expect([syn?.flags, synAck?.flags, ack?.flags]).toEqual(['SYN', 'SYN ACK', 'ACK'])
    expect(data?.bytes).toBeGreaterThan(0)
    expect((data?.atMs ?? 0) - (ack?.atMs ?? 0)).toBeGreaterThan(9_900)
  }
  const others = decoded(folder, 'idle-a', portOf(events, 'idle-b', 'loud'))
  expect(others.length).toBeGreaterThan(200)

  const handshake = decoded(folder, 'handshake-b', portOf(events, 'handshake-b', 'open'))
  const first = [...new Set(handshake.map(({ flags }) => flags))].slice(0, 3)
  expect(first).toEqual(['SYN', 'SYN ACK', 'ACK'])

  const resets = (mechanism: string) =>
    decoded(folder, 'reset-a', portOf(events, 'reset-b', mechanism))
      .map(({ flags }) => flags)
      .filter((flags) => /FIN|RST/.test(flags))
  expect(resets('abort')).toEqual(['RST ACK'])
  expect(resets('unread')).toEqual(['RST ACK'])
  expect(resets('late-data')).toEqual(['FIN ACK', 'RST'])
  const ends = (mechanism: string) =>
    decoded(folder, 'orderly-a', portOf(events, 'orderly-b', mechanism))
      .map(({ flags }) => flags)
      .filter((flags) => /FIN|RST/.test(flags))
  for (const mechanism of ['client-first', 'server-first', 'half-close']) {
    expect(ends(mechanism)).toEqual(['FIN ACK', 'FIN ACK'])
  }
}
