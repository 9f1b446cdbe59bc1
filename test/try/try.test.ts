/** Programs that are not the project's, on real hosts, under real faults. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readLog } from '../../src/events/parse.ts'
import { findCapabilities, missingFirewall } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import type { CaseFindings } from '../../src/try/findings.ts'
import { allGone, descendants, run, start, temporaryFolder } from '../support/cli.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { named } from '../support/session.ts'
import {
  askProxyFor,
  CHATTERER,
  CONNECTS_ONCE,
  DATAGRAM_ECHO,
  DATAGRAM_TALKER,
  ECHO,
  IMPATIENT,
  KNOCKS_ONCE,
  knockAt,
  LOOKS_IN,
  LOOKS_UP_NOBODY,
  RETURNS_ALL,
  SLOW_TLS_SERVER,
  TALKER,
  TLS_UPLOADER,
  TWO_PORTS,
} from '../support/try-programs.ts'

const { isolation } = await findCapabilities()
const RUN_LIMIT_MS = 60_000

/** Listens wherever a program of this machine could be reached. */
async function listenEverywhere(abstract: string): Promise<{ port: number; knocks: () => number }> {
  let knocks = 0
  const count = (socket: net.Socket) => {
    knocks += 1
    socket.destroy()
  }
  const inet = net.createServer(count).listen(0)
  const unix = net.createServer(count).listen(`\0${abstract}`)
  await Promise.all([inet, unix].map((server) => new Promise((resolve) => server.once('listening', resolve))))
  onTestFinished(() => {
    inet.close()
    unix.close()
  })
  return { port: (inet.address() as net.AddressInfo).port, knocks: () => knocks }
}

const rowOf = (found: CaseFindings | undefined, name: string) => found?.rows.find((row) => row.name === name)

describeNeeding('network namespaces', isolation !== null)('npm run try', () => {
  test('tells what became of them, judges what was expected, and lets nothing out', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const abstract = `stillhere-${process.pid}`
    const outside = await listenEverywhere(abstract)
    const addresses = Object.values(networkInterfaces())
      .flat()
      .flatMap((one) => (one?.family === 'IPv4' ? [one.address] : []))
    const places = addresses.map((host) => ({ host, port: outside.port }))
    const out = temporaryFolder()
    const junit = join(out, 'junit.xml')
    const ended = await run([
      ...['try', '--server', `env | grep ^STILLHERE; pwd; ${ECHO}`, '--client', TALKER],
      ...['--client', knockAt(places, abstract)],
      ...['--name', 'echo', '--faults', 'kill,cut,freeze', '--down', '^lost it$'],
      ...['--pace', 'quick', '--watch', '6s', '--recover', '3s', '--settle', '1s'],
      ...['--expect', 'kill@client<1s', '--expect', 'kill@client:recovers<3s', '--expect', 'cut@client<6s'],
      ...['--expect', 'freeze:survives', '--expect', 'kill@client:unnoticed'],
      ...['--json', '--junit', junit, '--out', out],
    ])
    expect(ended.stderr).toBe('')
    const report = JSON.parse(ended.stdout) as Report
    const verdicts = Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]))
    expect(verdicts).toEqual({
      'kill/echo/detected-client': 'pass',
      'kill/echo/recovers-client': 'pass',
      'kill/echo/unnoticed-client': 'fail',
      'cut/echo/detected-client': 'pass',
      'freeze/echo/survives': 'pass',
    })
    expect(ended.status).toBe(1)
    expect(report).toMatchObject({ lab: 'try', strike: 'server', pace: 'quick' })

    const found = Object.fromEntries((report.findings as CaseFindings[]).map((one) => [one.id, one]))
    const [connection] = rowOf(found.cut, 'client')?.connections ?? []
    expect(connection?.options).toMatchObject({ keepalive: false, userTimeoutMs: 0 })
    expect(connection?.wrote).toEqual({ before: true, during: true })
    expect(rowOf(found.cut, 'client')?.signs.says).not.toBeNull()
    expect(rowOf(found.freeze, 'client')?.noticed).toBeNull()
    expect(rowOf(found.freeze, 'client')?.hasGhost).toBe(true)
    // Its pulse may be uneven where the machine is busy, but not for six seconds.
    const [heartbeat] = rowOf(found.freeze, 'client')?.heartbeats ?? []
    expect(heartbeat?.rhythm).toMatchObject({ starts: 'it', bytes: 10, answered: true })
    expect(heartbeat?.missedMs).toBeGreaterThan(4000)
    expect(found.kill?.recoveries.client?.afterMs).toBeLessThan(3000)

    const xml = readFileSync(junit, 'utf8')
    expect(xml).toContain('tests="5" failures="1" errors="0" skipped="0"')
    expect(xml).toContain('<testcase classname="try.echo.cut" name="cut: cut@client&#60;6s"/>')

    const folder = join(out, report.run)
    for (const file of ['report.html', 'timeline.svg', 'cut-a.pcapng', 'merged.pcapng']) {
      expect(existsSync(join(folder, file))).toBe(true)
    }
    const said = named(readLog(join(folder, 'events.ndjson')), 'command:said').map(({ data }) => data.line)
    expect(said.filter((line) => line.startsWith('STILLHERE_SERVER=10.0.'))).not.toEqual([])
    expect(said).toContain(process.cwd())

    const knocks = said.filter((line) => line.includes('reached'))
    expect(knocks.filter((line) => line.startsWith('reached'))).toEqual([])
    expect(knocks.length).toBeGreaterThanOrEqual(3 * (addresses.length + 1))
    expect(outside.knocks()).toBe(0)
  })

  test('an end is told by the packet that decides', { timeout: RUN_LIMIT_MS }, async () => {
    const { stdout, stderr } = await run([
      ...[
        'try',
        '--server',
        IMPATIENT,
        '--client',
        RETURNS_ALL,
        '--faults',
        'exit,cut',
        '--strike',
        'client',
      ],
      ...['--watch', '4s', '--recover', '1s', '--json'],
      ...['--out', temporaryFolder()],
    ])
    expect(stderr).toBe('')
    const { findings } = JSON.parse(stdout) as Report
    const [exit, cut] = findings as CaseFindings[]
    expect([exit, cut].map((one) => rowOf(one, 'server')?.noticed?.by)).toEqual(['fin', 'econnaborted'])
    expect(rowOf(cut, 'client')?.noticed).toBeNull()
    expect(cut?.recoveredAfterMs).toBeNull()
  })

  test('short connections are talk, and each client is judged by itself', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const { stdout } = await run([
      ...['try', '--name', 'echo', '--server', ECHO, '--client', LOOKS_IN, '--client', TALKER],
      ...['--faults', 'cut', '--down', '^(lost|broken)', '--pace', 'quick', '--watch', '4s'],
      ...['--recover', '3s', '--connect-within', '5s', '--json', '--out', temporaryFolder()],
      ...['--expect', 'cut@client:says<3s', '--expect', 'cut@client2<4s'],
      ...['--expect', 'cut@client2:recovers<3s'],
    ])
    const { checks, findings } = JSON.parse(stdout) as Report
    expect(checks.map(({ id, verdict }) => `${verdict} ${id}`)).toEqual([
      ...['pass cut/echo/says-client', 'pass cut/echo/detected-client2', 'pass cut/echo/recovers-client2'],
    ])
    const [cut] = findings as CaseFindings[]
    expect(rowOf(cut, 'client2')?.connections).toHaveLength(1)
    expect(rowOf(cut, 'client')?.said).toBe('broken')
    expect(cut?.connectionsOfNobody).toBeGreaterThan(3)
  })

  testNeeding('nftables', missingFirewall() === null)(
    'a router forgets also who speaks without a pause; a kernel waits for its timer, and keeps ICMP errors to itself',
    async () => {
      const { status, stdout } = await run([
        ...['try', '--server', ECHO, '--client', CHATTERER, '--watch', '2s'],
        ...['--faults', 'blip,reject,nat-forgets'],
        ...['--recover', '2s', '--json', '--out', temporaryFolder()],
      ])
      const found = (JSON.parse(stdout) as Report).findings as CaseFindings[]
      expect(found.map(({ fault }) => fault)).toEqual(['blip', 'reject', 'nat-forgets'])
      // 0.2, 0.6, 1.4, 3 s after it was lost: the cable is back after 1.5 s.
      expect(found[0]?.retransmission?.intervalMs).toBeGreaterThan(700)
      const rejected = rowOf(found[1], 'client')
      expect(rejected?.icmpErrors?.what).toEqual(['port unreachable'])
      expect(rejected?.noticed).toBeNull()
      expect(status).toBe(0)
    },
    RUN_LIMIT_MS,
  )

  test('by IPv6, by name, by TLS: in the middle of what they do, and with a third who comes later', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const { stdout, stderr } = await run([
      ...['try', '--server', SLOW_TLS_SERVER, '--server-ready', '^open for all', '--client', TLS_UPLOADER],
      ...['--strike-after', 'file [5]+300ms', '--family', '6', '--faults', 'reset,cut'],
      ...['--later', KNOCKS_ONCE, '--ask', `getent hosts client.test; ${LOOKS_UP_NOBODY}`],
      ...['--watch', '3s', '--recover', '1s', '--json', '--out', temporaryFolder()],
    ])
    expect(stderr).toBe('')
    const [reset, cut] = (JSON.parse(stdout) as Report).findings as CaseFindings[]
    expect(cut?.struckAfter).toMatchObject({ name: 'client', line: 'sending file 5' })
    // A command that cuts takes its time, on a busy machine.
    expect(cut?.struckAfter?.afterMs).toSatisfy((ms: number) => ms >= 295 && ms < 1000)
    const [connection] = rowOf(cut, 'client')?.connections ?? []
    expect(connection?.remote).toMatch(/^\[fd00:0:0:[\da-f]+::2\]:7000$/)
    expect(connection).toMatchObject({ options: { keepalive: false }, wrote: { before: true, during: true } })
    expect(rowOf(reset, 'client')?.noticed?.by).toBe('econnreset')
    // Another's connection to the server is no recovery of the client's.
    expect(reset?.recoveredAfterMs).toBeNull()
    expect(reset?.later?.lines).toEqual([expect.stringMatching(/^from fd00:0:0:[\da-f]+::4$/)])
    expect(cut?.later?.lines).toEqual(['no answer'])
    for (const one of [reset, cut]) {
      expect(one?.ask?.lines).toEqual([
        expect.stringMatching(/^fd00:0:0:[\da-f]+::1 +client\.test$/),
        // Not EAI_AGAIN: a program that is told so asks again and again.
        'ENOTFOUND',
      ])
      // At the end of the watch, which began when the command that strikes was started.
      expect(one?.ask?.startedAfterMs).toBeGreaterThan(2500)
      // Behind no name server that would be waited for.
      expect(one?.ask?.ended?.afterMs).toBeLessThan(2000)
    }
  })

  test('variants stand in one table; clients start when a server has opened the last of its ports', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const out = temporaryFolder()
    const [matrix, junit, markdown] = ['matrix.json', 'junit.xml', 'table.md'].map((name) => join(out, name))
    const variants = {
      one: { server: DATAGRAM_ECHO, client: [DATAGRAM_TALKER, DATAGRAM_TALKER] },
      two: { server: TWO_PORTS, expect: ['none<1s'] },
      three: { client: 'exit 3' },
    }
    writeFileSync(matrix ?? '', JSON.stringify(variants))
    const { status, stdout, stderr } = await run([
      ...[
        'try',
        '--server',
        ECHO,
        '--client',
        CONNECTS_ONCE,
        '--faults',
        'none',
        '--watch',
        '1s',
        '--recover',
        '1s',
      ],
      ...['--matrix', matrix, '--junit', junit, '--markdown', markdown, '--out', out].map(String),
    ])
    // The last one does not start, which takes nothing from what the others have shown.
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/stillhere: three: the client ended with status 3/),
    ])
    expect(stdout).toMatch(/^ +one +two$/m)
    expect(stdout).toMatch(/^none client +quiet +quiet\n +client2 +quiet\n/m)
    expect(stdout).not.toContain('client2 was seen to talk to nobody')
    expect(stdout).toContain('0 expectations passed, 1 failed')
    expect(readFileSync(junit ?? '', 'utf8').match(/<testsuite name="[^"]*"/g)).toHaveLength(2)
    expect(readFileSync(markdown ?? '', 'utf8')).toContain('| none: client | quiet | quiet |')
  })

  test('--allow-loopback is a proxy, for who asks it', { timeout: RUN_LIMIT_MS }, async () => {
    const abstract = `stillhere-out-${process.pid}`
    const outside = await listenEverywhere(abstract)
    const out = temporaryFolder()
    const { status, stderr } = await run([
      ...['try', '--server', ECHO, '--client', TALKER, '--client', askProxyFor(outside.port)],
      ...['--allow-loopback', '--faults', 'kill', '--watch', '1s', '--recover', '1s', '--out', out],
      ...['--connect-within', '3s'],
    ])
    expect(status).toBe(0)
    expect(stderr).toContain("the programs can reach this machine's network and loopback, by the proxy")
    const said = named(readLog(join(out, 'latest/events.ndjson')), 'command:said').map(
      ({ data }) => data.line,
    )
    expect(said).toContain('the proxy says 200')
    expect(outside.knocks()).toBeGreaterThan(0)
  })

  test('Ctrl-C keeps what was noticed until then', { timeout: RUN_LIMIT_MS }, async () => {
    const { child, says, ended } = start([
      ...['try', '--server', IMPATIENT, '--client', RETURNS_ALL, '--faults', 'cut', '--watch', '60s'],
      ...['--expect', 'cut<50s', '--out', temporaryFolder()],
    ])
    await says('the first fault strikes')
    await delay(3500)
    child.kill('SIGINT')
    const { status, stdout } = await ended
    // Two seconds after what it heard last, which may have been half a second before the fault.
    expect(stdout).toMatch(/server {5}ABO [12]\.\d/)
    expect(stdout).toMatch(/interrupted after \d\.\d s: so far/)
    expect(stdout).toContain('0 failed, 0 inconclusive, 1 skipped')
    expect(status).toBe(130)
  })

  test('ends with its launcher, and so does every daemon', { timeout: RUN_LIMIT_MS }, async () => {
    const daemon = `setsid sh -c "trap '' TERM HUP; exec sleep 98765" & `
    const { child, says } = start([
      ...['try', '--server', daemon + ECHO, '--client', TALKER, '--faults', 'freeze', '--watch', '30s'],
      ...['--out', temporaryFolder()],
    ])
    await says('the first fault strikes')
    const all = descendants(child.pid ?? 0)
    const sleeping = all.filter(
      (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\0' + '98765\0',
    )
    expect(sleeping).toHaveLength(1)
    child.kill('SIGKILL')
    expect(await allGone(all, 5000)).toEqual([])
  })

  test.each<[string, string[], string]>([
    [
      'is not there',
      ['--server', 'no-such-server', '--client', TALKER],
      "the server's command was not found",
    ],
    ['dies at once', ['--server', 'echo port is taken; exit 3', '--client', TALKER], '"port is taken"'],
    [
      'listens on the wrong address',
      [
        '--server',
        ECHO.replace('listen(7000)', 'listen(7000, "127.0.0.1")'),
        '--client',
        TALKER,
        '--connect-within',
        '2s',
      ],
      "the server listens on 127.0.0.1:7000, which the client's host cannot reach; have it bind {server}",
    ],
    [
      'ends before the fault',
      ['--server', ECHO, '--client', `${TALKER} & sleep 0.5; kill $!`],
      'the client ended with status 0 before anything could go wrong',
    ],
    [
      'wants a setting that there is not',
      ['--server', ECHO, '--client', TALKER, '--sysctl', 'net.ipv4.tcp_nonsense=1'],
      'a host has no such setting of its own',
    ],
  ])('a program that %s', { timeout: RUN_LIMIT_MS }, async (_, args, problem) => {
    const { status, stderr, stdout } = await run([
      'try',
      ...args,
      '--faults',
      'cut',
      '--out',
      temporaryFolder(),
    ])
    const [last = ''] = stderr.trim().split('\n').slice(-1)
    expect(last).toContain(`stillhere: `)
    expect(last).toContain(problem)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('without a run', () => {
  test('--help fits a terminal', async () => {
    const { status, stdout } = await run(['try', '--help'])
    expect(status).toBe(0)
    expect(stdout).toContain('npm run try -- --server COMMAND --client COMMAND')
    expect(stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
  })

  test('the container, whose command begins with "lab", knows it too', async () => {
    expect(await run(['lab', 'try', '--help'])).toEqual(await run(['try', '--help']))
  })

  test.each([
    [
      ['--junit', '/no/such/folder/x.xml'],
      '--junit /no/such/folder/x.xml: cannot write to the folder /no/such/folder',
    ],
    [
      ['--expect', 'kill@server<4s'],
      'kill ends the server itself, which then notices nothing; leave out "@server"',
    ],
    [['--expect', 'kill@client<4s', '--strike', 'client'], 'leave out "@client", or try --strike server'],
  ])('%j: said before anything starts', async (args, problem) => {
    const { status, stderr } = await run(['try', '--server', 'x', '--client', 'y', ...args])
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toContain(problem)
  })

  test('a file is looked for where the person stands, not where npm goes', async () => {
    const INIT_CWD = temporaryFolder()
    writeFileSync(join(INIT_CWD, 'mine.json'), '{"server": "x"}')
    const { stderr } = await run(['try', '--file', 'mine.json'], { INIT_CWD })
    expect(stderr).toContain('a client is missing')
  })

  test('a bad expectation is one line', async () => {
    const args = ['try', '--server', 'x', '--client', 'y', '--expect', 'cut<10']
    const { status, stderr } = await run(args)
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toContain('"10" is no time')
  })
})
