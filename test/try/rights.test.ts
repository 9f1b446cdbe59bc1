/** What a program of `try` may do: no more than the person, and never what root may. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLog } from '../../src/events/parse.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { run, temporaryFolder } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'
import { named } from '../support/session.ts'
import { ECHO, MIGHT, OPEN_TUN, TALKER } from '../support/try-programs.ts'

const { isolation } = await findCapabilities()
const RUN_LIMIT_MS = 60_000

/** What root has in the container of the lab, as setpriv(1) writes it: `+net_admin`. */
function containerCapabilities(): string[] {
  const compose = readFileSync('docker-compose.yml', 'utf8')
  const [ofLab = ''] = /\n {2}lab:\n(?: {4}.*\n)+/.exec(compose) ?? []
  return [...ofLab.matchAll(/^ {6}- ([A-Z_]+)/gm)].map(([, name = '']) => `+${name.toLowerCase()}`)
}

/** What the server of a run printed that was started so. */
async function linesOfServer(
  server: string,
  environment: NodeJS.ProcessEnv,
  under: readonly string[] = [],
  more: readonly string[] = [],
) {
  const out = temporaryFolder()
  const ended = await run(
    [
      ...['try', '--server', `${server}; ${ECHO}`, '--client', TALKER, '--faults', 'kill'],
      ...['--watch', '1s', '--recover', '1s', '--out', out, ...more],
    ],
    environment,
    under,
  )
  expect([ended.status, ended.stderr]).toEqual([0, expect.any(String)])
  const said = named(readLog(join(out, 'latest/events.ndjson')), 'command:said')
  const lines = said.filter(({ program }) => program === 'server').map(({ data }) => data.line)
  return { lines, stderr: ended.stderr }
}

describeNeeding('network namespaces', isolation !== null)('whoever runs a program under `try`', () => {
  const isRoot = process.getuid?.() === 0
  const inUserNamespace = (uid: number, gid: number) => [
    'mounted: /proc/sys ro',
    `Uid: ${uid} ${uid} ${uid} ${uid}`,
    `Gid: ${gid} ${gid} ${gid} ${gid}`,
    `CapPrm: ${'0'.repeat(16)}`,
    `CapEff: ${'0'.repeat(16)}`,
    'NoNewPrivs: 1',
    `within: ${uid} ${uid} 1`,
  ]

  const asOrdinaryUser = async () => {
    const { lines } = await linesOfServer(MIGHT, { SUDO_UID: '4711', SUDO_GID: '4712' })
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
    const within = inUserNamespace(uid, gid).map((line) => line.replace(/^within: .*/, `within: ${uid} 0 1`))
    expect(lines).toEqual(expect.arrayContaining(within))
    expect(lines.filter((line) => line.startsWith('might'))).toEqual([])
  }

  const asRoot = () => {
    test.each<[string, NodeJS.ProcessEnv, number, number]>([
      ['whoever has typed sudo', { SUDO_UID: '4711', SUDO_GID: '4712' }, 4711, 4712],
      ['nobody, where there is no sudo', { SUDO_UID: undefined, SUDO_GID: undefined }, 65_534, 65_534],
    ])('a program runs as %s, without rights', { timeout: RUN_LIMIT_MS }, async (_, sudo, uid, gid) => {
      const { lines, stderr } = await linesOfServer(MIGHT, sudo)
      expect(lines).toEqual(expect.arrayContaining(inUserNamespace(uid, gid)))
      expect(lines.filter((line) => line.startsWith('might'))).toEqual([])
      expect(lines).not.toContain('home: /root')
      expect(stderr).toContain(`the programs run as ${uid === 65_534 ? 'nobody' : 'uid 4711'}`)
    })

    test('so it does with the few capabilities of the container', { timeout: RUN_LIMIT_MS }, async () => {
      const { lines } = await linesOfServer(MIGHT, { SUDO_UID: undefined }, [
        ...['setpriv', '--no-new-privs', `--bounding-set=-all,${containerCapabilities().join(',')}`],
      ])
      expect(lines).toEqual(expect.arrayContaining(inUserNamespace(65_534, 65_534)))
    })

    test('a TUN device is had by who asks for it, also after a reboot', {
      timeout: RUN_LIMIT_MS,
    }, async () => {
      const asks = (...more: string[]) => linesOfServer(OPEN_TUN, { SUDO_UID: undefined }, [], more)
      const { lines } = await asks('--allow-tun', '--faults', 'reboot')
      const opened = lines.filter((line) => line.startsWith('tun: '))
      expect(opened).toHaveLength(2)
      for (const line of opened) expect(line).toMatch(/^tun: opened .*10\.255\.0\.2 peer 10\.255\.0\.1/)
      const refused = (await asks()).lines.find((line) => line.startsWith('tun: '))
      expect(refused).toMatch(/^tun: (Permission denied|Operation not permitted)/)
    })

    test('a folder that they may not read is named', { timeout: RUN_LIMIT_MS }, async () => {
      const folder = temporaryFolder()
      const { status, stderr } = await run(
        ['try', '--server', 'cat secret', '--client', TALKER, '--faults', 'kill', '--out', temporaryFolder()],
        { SUDO_UID: undefined, INIT_CWD: folder },
      )
      const [last = ''] = stderr.trim().split('\n').slice(-1)
      expect(last).toContain(`the server ended with status 1 before anybody talked`)
      expect(last).toContain(`it ran as nobody, who may not read ${folder}`)
      expect(status).toBe(2)
    })
  }

  // Neither is there for the other, however much of a machine a run requires.
  if (isRoot) describe('as root', asRoot)
  else test('a program has no more rights than the person', { timeout: RUN_LIMIT_MS }, asOrdinaryUser)
})
