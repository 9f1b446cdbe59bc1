/** Programs that are not the project's, on real hosts, under real faults. */
import { existsSync, readFileSync } from 'node:fs'
import * as net from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readLog } from '../../src/events/parse.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import type { CaseFindings } from '../../src/try/findings.ts'
import { allGone, descendants, run, start, temporaryFolder } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'
import { named } from '../support/session.ts'
import { askProxyFor, ECHO, knockAt, TALKER } from '../support/try-programs.ts'

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

describeNeeding('network namespaces', isolation !== null)('npm run try', () => {
  test('tells what became of them, judges what was expected, and lets nothing out', {
    timeout: RUN_LIMIT_MS,
  }, async () => {
    const abstract = `stillhere-${process.pid}`
    const outside = await listenEverywhere(abstract)
    const addresses = Object.values(networkInterfaces())
      .flat()
      .flatMap((one) => (one?.family === 'IPv4' ? [one.address] : []))
    const out = temporaryFolder()
    const junit = join(out, 'junit.xml')
    const ended = await run([
      ...['try', '--server', `env | grep ^STILLHERE; pwd; ${ECHO}`, '--client', TALKER],
      ...[
        '--client',
        knockAt(
          addresses.map((host) => ({ host, port: outside.port })),
          abstract,
        ),
      ],
      ...['--name', 'echo', '--faults', 'kill,cut,freeze', '--down', '^lost it$'],
      ...['--pace', 'quick', '--watch', '6s', '--recover', '3s', '--settle', '1s'],
      ...['--expect', 'kill<1s', '--expect', 'kill:recovers<3s', '--expect', 'cut<6s'],
      ...['--expect', 'freeze:survives', '--expect', 'kill:unnoticed'],
      ...['--json', '--junit', junit, '--out', out],
    ])
    expect(ended.stderr).toBe('')
    const report = JSON.parse(ended.stdout) as Report
    const verdicts = Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]))
    expect(verdicts).toEqual({
      'kill/echo/detected-client': 'pass',
      'kill/echo/recovers': 'pass',
      'kill/echo/unnoticed-client': 'fail',
      'cut/echo/detected-client': 'pass',
      'freeze/echo/survives': 'pass',
    })
    expect(ended.status).toBe(1)
    expect(report).toMatchObject({ lab: 'try', strike: 'server', pace: 'quick' })

    const found = Object.fromEntries((report.findings as CaseFindings[]).map((one) => [one.id, one]))
    const [connection] = found.cut?.ends.client.connections ?? []
    expect(connection?.options).toMatchObject({ keepalive: false, userTimeoutMs: 0 })
    expect(connection?.wasIdle).toBe(false)
    expect(found.cut?.ends.client.saidAfterMs).not.toBeNull()
    expect(found.freeze?.ends.client.noticed).toBeNull()
    expect(found.freeze?.ends.client.hasGhost).toBe(true)
    expect(found.kill?.recoveredAfterMs).toBeLessThan(3000)

    const xml = readFileSync(junit, 'utf8')
    expect(xml).toContain('tests="5" failures="1" errors="0" skipped="0"')
    expect(xml).toContain('<testcase classname="try.echo.cut" name="cut: cut&lt;6s"/>')

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

  test('--allow-outside is a proxy, for who asks it', { timeout: RUN_LIMIT_MS }, async () => {
    const abstract = `stillhere-out-${process.pid}`
    const outside = await listenEverywhere(abstract)
    const out = temporaryFolder()
    const { status, stderr } = await run([
      ...['try', '--server', ECHO, '--client', TALKER, '--client', askProxyFor(outside.port)],
      ...['--allow-outside', '--faults', 'kill', '--watch', '1s', '--recover', '1s', '--out', out],
    ])
    expect(status).toBe(0)
    expect(stderr).toContain("the programs can reach this machine's network, by the proxy")
    const said = named(readLog(join(out, 'latest/events.ndjson')), 'command:said').map(
      ({ data }) => data.line,
    )
    expect(said).toContain('the proxy says 200')
    expect(outside.knocks()).toBeGreaterThan(0)
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
    expect(stdout.split('\n').filter((line) => line.length > 90)).toEqual([])
  })

  test('a bad expectation is one line', async () => {
    const args = ['try', '--server', 'x', '--client', 'y', '--expect', 'cut<10']
    const { status, stderr } = await run(args)
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1])
    expect(stderr).toContain('"10" is no time')
  })
})
