/** What happens between the hosts of a try: the link, routers and faults that only it has. On real hosts. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readOwnLog } from '../../src/events/parse.ts'
import { findCapabilities, missingFirewall } from '../../src/hosts/capabilities.ts'
import { tunProblem } from '../../src/kernel/tun.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Report } from '../../src/lab/report.ts'
import type { CaseFindings } from '../../src/try/findings.ts'
import { run, temporaryFolder } from '../support/cli.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { CHATTERER, ECHO, GOES_ELSEWHERE, speaksAgainAfter, TALKER } from '../support/try-programs.ts'

const { isolation } = await findCapabilities()
const RUN_LIMIT_MS = 60_000

const clientOf = (found: CaseFindings | undefined) => found?.rows.find(({ name }) => name === 'client')

describeNeeding('network namespaces', isolation !== null)('between the hosts of a try', () => {
  test('what a client notices of it, and that it comes back', { timeout: RUN_LIMIT_MS }, async () => {
    const { stdout } = await run([
      ...['try', '--name', 'echo', '--server', ECHO, '--client', TALKER],
      ...['--faults', 'move,hold=1s,after-bytes=14', '--pace', 'quick', '--watch', '6s', '--recover', '3s'],
      ...['--expect', 'move@client:loses<6s', '--expect', 'hold:survives'],
      ...['--json', '--out', temporaryFolder()],
    ])
    const { checks, findings } = JSON.parse(stdout) as Report
    expect(checks.map(({ id, verdict }) => `${verdict} ${id}`)).toEqual([
      ...['pass move/echo/loses-client', 'pass hold/echo/survives'],
    ])
    const found = Object.fromEntries((findings as CaseFindings[]).map((one) => [one.id, one]))
    // Its kernel can send nothing from an address that it has not; from the new one the client comes back.
    expect(clientOf(found.move)?.noticed?.by).toBe('kernel_gave_up')
    expect(found.move?.verifiedBy).toMatch(/^10\.0\.\d\.3 is answered, and 10\.0\.\d\.1 answers no more$/)
    expect(found.move?.recoveredAfterMs).toBeGreaterThan(0)
    // The talker's words are ten bytes long, and come back: the second time four of them.
    expect(found['cut-after']?.verifiedBy).toContain('14 bytes have passed')
    expect(clientOf(found['cut-after'])?.noticed?.by).toBe('kernel_gave_up')
    expect(found.hold?.verifiedBy).toContain('the cable has what the struck host sends')
    expect(found.hold?.recoveredAfterMs).toBeLessThan(1000)
  })

  testNeeding('nftables', missingFirewall() === null)(
    'a router forgets by itself what is idle, and then answers RST',
    async () => {
      const { status, stdout } = await run([
        ...['try', '--server', ECHO, '--client', speaksAgainAfter(4000), '--faults', 'nat-forgets=2s/reset'],
        ...['--watch', '3s', '--recover', '500ms', '--down', 'ECONNRESET'],
        ...['--expect', 'nat-forgets@client<3s'],
        ...['--expect', 'nat-forgets@server:unnoticed', '--json', '--out', temporaryFolder()],
      ])
      const { checks, findings } = JSON.parse(stdout) as Report
      const [found] = findings as CaseFindings[]
      expect(found?.verifiedBy).toMatch(
        /had tcp 10\.0\.\d\.1:\d+ > 10\.1\.\d\.2:7000 until nothing had passed for 2 s/,
      )
      expect(clientOf(found)?.signs.loses?.by).toBe('econnreset')
      expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
      expect(status).toBe(0)
    },
    RUN_LIMIT_MS,
  )

  test.each([
    {
      told: 'server',
      options: ['--faults', 'lb-forgets=2s/close-server'],
      expect: ['lb-forgets@server:loses<1s', 'lb-forgets@client:unnoticed'],
      by: 'fin',
    },
    {
      told: 'client',
      options: ['--faults', 'lb-forgets=2s/reset-client', '--family', '6'],
      expect: ['lb-forgets@client:says<1s', 'lb-forgets@server:unnoticed'],
      by: 'econnreset',
    },
  ])(
    'a balancer forgets what is idle, and tells the $told alone',
    {
      timeout: RUN_LIMIT_MS,
    },
    async ({ told, options, expect: rules, by }) => {
      const { status, stdout } = await run([
        ...['try', '--server', ECHO, '--client', speaksAgainAfter(4000), ...options],
        ...[
          '--watch',
          '3s',
          '--recover',
          '500ms',
          '--down',
          'ECONNRESET',
          '--json',
          '--out',
          temporaryFolder(),
        ],
        ...rules.flatMap((rule) => ['--expect', rule]),
      ])
      const { checks, findings } = JSON.parse(stdout) as Report
      const [found] = findings as CaseFindings[]
      const other = told === 'client' ? 'server' : 'client'
      const rowOf = (name: string) => found?.rows.find((row) => row.name === name)
      expect(found?.verifiedBy).toContain(`1 connection forgotten, the ${told} told by`)
      expect(found?.verifiedBy).toContain(`the ${other}'s half is ESTABLISHED`)
      expect(rowOf(told)?.signs.loses?.by).toBe(by)
      expect(rowOf(other)).toMatchObject({ noticed: null, hasGhost: true, connectionsLeft: 1 })
      // What the client says later is acknowledged by the balancer, and reaches nobody.
      expect(found?.recoveredAfterMs).toBeNull()
      expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
      expect(status).toBe(0)
    },
  )

  test('a second server is gone to while the first is struck', { timeout: RUN_LIMIT_MS }, async () => {
    const { status, stdout, stderr } = await run([
      ...['try', '--server', ECHO, '--server', ECHO, '--client', GOES_ELSEWHERE, '--faults', 'kill,freeze'],
      ...['--watch', '4s', '--recover', '1s', '--json', '--out', temporaryFolder()],
      ...['--expect', 'kill:recovers<1s', '--expect', 'freeze:recovers<3s'],
      ...['--expect', 'freeze@server2:unnoticed'],
    ])
    expect(stderr).toBe('')
    const { checks, findings } = JSON.parse(stdout) as Report
    for (const found of findings as CaseFindings[]) {
      expect(found.rows.map(({ name }) => name)).toEqual(['client', 'server', 'server2'])
      expect(found.recoveredBy).toBe('server2')
      expect(found.recoveries.client?.afterMs).toBeGreaterThan(found.fault === 'kill' ? 90 : 1000)
      expect(found.rows.at(-1)).toMatchObject({ connections: [], counts: false, noticed: null })
    }
    expect(checks.map(({ id, verdict }) => `${verdict} ${id.split('/').at(-1)}`)).toEqual([
      ...['pass recovers', 'pass recovers', 'pass unnoticed-server2'],
    ])
    expect(status).toBe(0)
  })

  testNeeding('nftables', missingFirewall() === null)(
    'a link underneath is measured, whatever stands there',
    async () => {
      const out = temporaryFolder()
      const { status, stdout } = await run([
        ...['try', '--server', ECHO, '--client', CHATTERER, '--faults', 'cut,loss,nat-forgets'],
        ...['--watch', '1s', '--recover', '1s', '--link', 'delay=50ms,loss=1%'],
        ...['--json', '--out', out],
      ])
      const found = (JSON.parse(stdout) as Report).findings as CaseFindings[]
      const log = new LabLog(readOwnLog(join(out, 'latest/events.ndjson')))
      const notSeen = [...log.all('fault:unverified'), ...log.all('case:skipped')].map(({ data }) => data)
      expect({ found: found.map(({ id }) => id), notSeen }).toEqual({
        found: ['cut', 'loss', 'nat-forgets'],
        notSeen: [],
      })
      for (const { link, rows } of found) {
        expect(rows.map(({ connections }) => connections.length)).toEqual([1, 1])
        expect(link).toMatchObject({ delayMs: 50, loss: 0.01, sent: 150 })
        expect(link?.medianMs).toBeGreaterThanOrEqual(100)
      }
      expect(status).toBe(0)
    },
    RUN_LIMIT_MS,
  )

  testNeeding('nftables and a TUN device', missingFirewall() === null && tunProblem() === null)(
    'programs in a tunnel do not notice another address, nor a router that forgets; a cut they outlast',
    async () => {
      const { status, stdout } = await run([
        ...['try', '--server', ECHO, '--client', CHATTERER, '--faults', 'cut=2s,move,nat-forgets'],
        ...['--watch', '4s', '--recover', '4s', '--link', 'wireguard', '--json', '--out', temporaryFolder()],
        ...['cut', 'move', 'nat-forgets'].flatMap((fault) => ['--expect', `${fault}:survives`]),
      ])
      const { checks, findings } = JSON.parse(stdout) as Report
      expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass'])
      for (const { rows } of findings as CaseFindings[]) {
        const places = rows.flatMap(({ connections }) => connections).map(({ local }) => local)
        // They know no other addresses than those inside.
        expect(places.map((place) => place.replace(/:\d+$/, ''))).toEqual(
          expect.arrayContaining(['10.255.1.1', '10.255.1.2']),
        )
      }
      expect(status).toBe(0)
    },
    RUN_LIMIT_MS,
  )
})
