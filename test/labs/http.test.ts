/** The lab itself, run as a person runs it; its own checks are the assertions, and tshark counts after it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { HttpSettings } from '../../labs/http/conditions.ts'
import { http } from '../../labs/http/lab.ts'
import { readLog } from '../../src/events/parse.ts'
import type { EventName, EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities, isInPath } from '../../src/hosts/capabilities.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Report } from '../../src/lab/report.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { notPassed } from '../support/checks.ts'
import { allGone, descendants, runLab, start, temporaryFolder } from '../support/cli.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { checkIds, recordedReport } from '../support/recorded.ts'
import { hasTshark, tshark, tsharkFields } from '../support/tshark.ts'

const { tier } = await findCapabilities()
const LAB_LIMIT_MS = 150_000
const hasRedis = isInPath('redis-server')

/** Claims 20 and 22 of the page. */
const ASKED = [
  'many-conns/per-request/sessions',
  'one-conn/proxied/sessions',
  'one-conn/proxied/own-account',
  'cookie/resources/own',
  'cookie/resources/without',
  'cookie/session-cookie/lives-on',
  'keep-alive/probes/session',
  'restart/durable/session',
  'expiry/idle/ended',
  'expiry/absolute/ended',
  'sign-out/everywhere/other-browser',
  'theft/copied/works',
  'tls/ticket/no-cookie',
]

/** What only packets can tell, which process hosts do not show. */
const ABOUT_PACKETS = ['handshakes', 'packets', 'probes', 'answers', 'bytes', 'certificate', 'readable']

function casesOf({ checks }: Report, verdict: string): Set<string | undefined> {
  return new Set(checks.filter((check) => check.verdict === verdict).map(({ id }) => id.split('/')[0]))
}

describeNeeding('network namespaces', tier === 'netns')('lab:http on netns hosts', () => {
  testNeeding('tshark and redis-server', hasTshark && hasRedis)(
    'nothing failed or was skipped, tshark counts the same, and no session id is in the log',
    async () => {
      const { report, ended, folder } = await runLab(['http'])

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      expect(report).toMatchObject({ lab: 'http', tier: 'netns', verdict: 'pass' })
      expect(casesOf(report, 'skipped')).toEqual(new Set())
      expect(checkIds(report)).toEqual(expect.arrayContaining(ASKED))
      expect(checkIds(report)).toEqual(checkIds(recordedReport('http')))

      const events = readLog(join(folder, 'events.ndjson'))
      compareWithTshark(folder, events)
      expectNoSecrets(folder, events)
      expect(existsSync(join(folder, 'store-durable'))).toBe(false)
      const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as Plan<HttpSettings>
      expectToFailWhenChanged(events, plan)
    },
    LAB_LIMIT_MS,
  )
})

describe('lab:http on process hosts', () => {
  test(
    'what needs a cable or packets is skipped and says why, the rest passes',
    async () => {
      const { report, ended } = await runLab(['http', '--hosts', 'process'])

      expect(notPassed(report)).toEqual([])
      expect(ended.status).toBe(0)
      const missing = ['cut-answer', ...(hasRedis ? [] : ['shared'])]
      expect([...casesOf(report, 'skipped')].filter((id) => !casesOf(report, 'pass').has(id))).toEqual(
        missing,
      )
      const unwatched = report.checks.filter(
        ({ id, verdict }) => verdict === 'skipped' && !missing.includes(id.split('/')[0] ?? ''),
      )
      expect(new Set(unwatched.map(({ because }) => because))).toEqual(
        new Set(['packets are not captured on these hosts']),
      )
      expect(new Set(unwatched.map(({ id }) => id.split('/')[2]))).toEqual(new Set(ABOUT_PACKETS))
      expect(checkIds(report)).toEqual(expect.arrayContaining(ASKED))
    },
    LAB_LIMIT_MS,
  )

  test(
    '--play opens the bank at an address of this machine, again after it was killed, and leaves nothing',
    async () => {
      const out = temporaryFolder()
      const { child, ended } = start(['lab', 'http', '--play', '--plain', '--out', out])
      const opened = await said(child, /http:\/\/127\.0\.0\.1:\d+\/ is open; kill -9 \d+/g, 1)
      const [, address = '', pid = ''] = /(http:\S+) is open; kill -9 (\d+)/.exec(opened) ?? []
      const page = await fetch(address)
      expect(page.status).toBe(200)
      expect(await page.text()).toContain('Who banks here?')

      process.kill(Number(pid), 'SIGKILL')
      const again = await said(child, /http:\/\/127\.0\.0\.1:\d+\/ is open; kill -9 \d+/g, 2)
      expect(again).toContain(address)
      expect((await fetch(address)).status).toBe(200)

      const started = descendants(child.pid ?? 0)
      child.kill('SIGINT')
      await ended
      expect(await allGone(started, 5000)).toEqual([])
      expect(existsSync(join(out, 'latest', 'stores'))).toBe(false)

      const report = readFileSync(join(out, 'latest', 'report.html'), 'utf8')
      const played = /<section class="played">.*?<\/section>/s.exec(report)?.[0] ?? ''
      expect(played).toMatch(/http +\d+ +connection opened\n.*http +\d+ +GET \/\n/)
      expect(played).toContain('the http bank has ended; it opens again')
      // The bank that was visited, and no row of a lab that did not run.
      expect([...report.matchAll(/<th scope="row">([^<]*)/g)].map(([, row]) => row)).toEqual(['http'])
      expect(report).toContain('nothing was claimed, so nothing was judged.')
    },
    LAB_LIMIT_MS,
  )
})

/** A match in what a process prints. @param occurrence 1 for the first, 2 for the second */
function said(
  child: ReturnType<typeof start>['child'],
  pattern: RegExp,
  occurrence: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = printed.get(child) ?? ''
    const limit = setTimeout(() => reject(new Error(`not printed: ${pattern}; but: ${text}`)), 30_000)
    const look = () => {
      const match = [...text.matchAll(pattern)][occurrence - 1]?.[0]
      if (match === undefined) return
      clearTimeout(limit)
      child.stdout?.off('data', listen)
      resolve(match)
    }
    const listen = (chunk: string) => {
      text += chunk
      printed.set(child, text)
      look()
    }
    child.stdout?.on('data', listen)
    look()
  })
}
const printed = new WeakMap<object, string>()

// ---- other witnesses ------------------------------------------------------------------------------------

/** How many packets of a host's capture fit a filter. */
function counted(folder: string, host: string, filter: string): number {
  return tshark(join(folder, `${host}.pcapng`), filter).length
}

/** Where the servers of a row listened. */
function portsOf(events: readonly LabEvent[], host: string, mechanism: string): string[] {
  const accepted = events.filter(
    (event): event is EventOf<'tcp:accepted'> =>
      event.name === 'tcp:accepted' &&
      event.host === host &&
      event.group_id?.startsWith(`${mechanism}:`) === true,
  )
  return [...new Set(accepted.map(({ data }) => data.local.split(':')[1] ?? ''))]
}

function compareWithTshark(folder: string, events: readonly LabEvent[]): void {
  const connections = (caseId: string, mechanism: string) => {
    const [port] = portsOf(events, `${caseId}-b`, mechanism)
    return counted(
      folder,
      `${caseId}-b`,
      `tcp.dstport == ${port} && tcp.flags.syn == 1 && tcp.flags.ack == 0`,
    )
  }
  expect(connections('many-conns', 'per-request')).toBe(7)
  expect(connections('many-conns', 'kept')).toBe(1)
  expect(connections('many-conns', 'parallel')).toBe(3)
  expect(connections('one-conn', 'proxied')).toBe(1)
  expect(connections('tls', 'ticket')).toBe(4)

  // Three customers' cookies in one TCP stream, for whoever can read it.
  const [proxied] = portsOf(events, 'one-conn-b', 'proxied')
  expect(counted(folder, 'one-conn-b', `tcp.dstport == ${proxied} && http.cookie contains "session="`)).toBe(
    6,
  )
  expect(counted(folder, 'tls-b', `tcp.port == ${portsOf(events, 'tls-b', 'ticket')[0]} && http`)).toBe(0)

  const probes = (mechanism: string) => {
    const [port] = portsOf(events, 'keep-alive-b', mechanism)
    return counted(folder, 'keep-alive-a', `tcp.dstport == ${port} && tcp.analysis.keep_alive`)
  }
  expect(probes('probes')).toBeGreaterThanOrEqual(3)
  for (const mechanism of ['persistent', 'header', 'heartbeat']) expect(probes(mechanism)).toBe(0)
}

/** Whoever reads the log can use no session: ids are there as digests. */
function expectNoSecrets(folder: string, events: readonly LabEvent[]): void {
  const cookies = tsharkFields(join(folder, 'one-conn-b.pcapng'), 'http.cookie', ['http.cookie']).join('\n')
  const ids = [...cookies.matchAll(/session=([\da-f]{32})/g)].map(([, id = '']) => id)
  expect(new Set(ids).size).toBe(6)
  const log = JSON.stringify(events)
  expect(ids.filter((id) => log.includes(id))).toEqual([])
}

// ---- checks that can fail -------------------------------------------------------------------------------

/** The same run with something else in its log: the checks that it concerns fail, and no others. */
function expectToFailWhenChanged(events: readonly LabEvent[], plan: Plan<HttpSettings>): void {
  const failed = (changed: readonly LabEvent[]) =>
    http
      .judge(new LabLog(changed), plan)
      .flatMap(({ id, verdict }) => (verdict === 'fail' || verdict === 'inconclusive' ? [id] : []))
  const find = <N extends EventName>(
    name: N,
    host: string,
    mechanism: string,
    where: (event: EventOf<N>) => boolean = () => true,
  ) => {
    const found = events.find(
      (event): event is EventOf<N> =>
        event.name === name &&
        event.host === host &&
        event.group_id?.startsWith(`${mechanism}:`) === true &&
        where(event as EventOf<N>),
    )
    if (found === undefined) throw new Error(`no ${name} of ${host}, ${mechanism}`)
    return found
  }
  const after = (event: LabEvent, ...more: unknown[]) =>
    events.toSpliced(events.indexOf(event) + 1, 0, ...(more as LabEvent[]))
  const changed = (event: LabEvent, data: object) =>
    events.map((one) => (one === event ? ({ ...one, data: { ...one.data, ...data } } as LabEvent) : one))
  expect(failed(events)).toEqual([])

  // One connection more to the bank behind the balancer.
  const syn = find('packet:captured', 'one-conn-b', 'proxied', ({ data }) => data.kind === 'syn')
  expect(failed(after(syn, { ...syn, group_id: 'proxied:1' }))).toEqual(['one-conn/proxied/handshakes'])

  // One answer shows somebody else's account.
  const page = find(
    'http:response_received',
    'one-conn-a',
    'proxied',
    ({ data }) => data.body?.includes('balance') === true,
  )
  expect(
    failed(changed(page, { body: page.data.body?.replace(/"user":"\w+"/, '"user":"mallory"') })),
  ).toEqual(['one-conn/proxied/own-account'])

  // One packet in the silence of a persistent connection.
  const second = events.findLast(
    (event) =>
      event.name === 'host:asked' &&
      event.host === 'keep-alive-a' &&
      event.group_id?.startsWith('persistent:') === true,
  )
  const quiet = find(
    'packet:captured',
    'keep-alive-a',
    'persistent',
    ({ group_id }) => group_id === second?.group_id,
  )
  const inSilence = { ...quiet, time: (second?.time ?? 0) - 1000 }
  expect(failed([...events, inSilence as LabEvent].sort((one, other) => one.time - other.time))).toEqual([
    'keep-alive/persistent/packets',
  ])

  // The bank does it twice.
  const done = find('bank:transfer_done', 'cut-answer-b', 'same-key')
  expect(failed(after(done, { ...done }))).toEqual(['cut-answer/same-key/done', 'cut-answer/same-key/in-all'])

  // A session is ended by the wrong limit; a thief is refused; a dead server's transfer is tried at the other.
  const expired = find('http-session:expired', 'expiry-b', 'absolute')
  expect(failed(changed(expired, { because: 'idle' }))).toEqual(['expiry/absolute/reason'])
  const forwarded = find('balancer:forwarded', 'shared-a', 'sticky-redis', ({ time }) => {
    const cutOff = find(
      'http:request_sent',
      'shared-a',
      'sticky-redis',
      ({ data }) => data.path === '/transfer',
    )
    return time > cutOff.time
  })
  expect(failed(after(forwarded, { ...forwarded }))).toEqual(['shared/sticky-redis/not-again'])
}
