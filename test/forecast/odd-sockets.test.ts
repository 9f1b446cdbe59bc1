/** What the kernel knows beside ESTABLISHED and keepalive: each of these was once told wrong, or not at all. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { ConnectionReport, ProcessReport } from '../../src/forecast/read.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import { describeNeeding } from '../support/needs.ts'
import type { OddSockets } from '../support/odd-sockets.ts'

const { isolation } = await findCapabilities()
const canRead = isolation !== null && libcProblem() === null

describeNeeding('network namespaces and koffi', canRead)('sockets that Node cannot make', () => {
  let seen: OddSockets
  beforeAll(() => {
    const [program = '', ...prefix] = isolation?.commandPrefix ?? []
    const file = fileURLToPath(new URL('../support/odd-sockets.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(
      program,
      [...prefix, process.execPath, '--import', 'tsx', file],
      {
        env: environmentWithSbin(),
        encoding: 'utf8',
        maxBuffer: 10_000_000,
      },
    )
    if (status !== 0) throw new Error(stderr)
    seen = JSON.parse(stdout)
  }, 60_000)

  function connectionTo(report: ProcessReport | null, remote: string, state: string): ConnectionReport {
    const found = report?.connections.filter((one) => one.remote === remote && one.facts.state === state)
    if (found?.length !== 1) throw new Error(`${found?.length} connections to ${remote}`)
    return found[0] as ConnectionReport
  }

  test('Multipath TCP: what its subflow comes to is no forecast of the connection', (context) => {
    if (seen.multipath === null) context.skip('this kernel has no MPTCP')
    const { forecast, facts } = connectionTo(seen.multipath, '127.0.0.1:7101', 'ESTABLISHED')
    expect(facts.reading?.multipath).toBe(true)
    expect(forecast.sending).toMatchObject({ notices: 'unknown', within: null })
    expect(forecast.sending?.unless).toContain('other subflows')
  })

  test('fast open that waits for the first write: no SYN, no timer, never', () => {
    const { forecast } = connectionTo(seen.fastOpen, '127.0.0.1:7102', 'SYN-SENT')
    expect(forecast.now).toMatchObject({
      notices: 'never',
      within: null,
      decidedBy: ['TCP_FASTOPEN_CONNECT'],
    })
  })

  test.each([
    [4, '10.9.0.9:9'],
    [6, '[fd00:9::9]:9'],
  ] as const)(
    'a neighbour over IPv%d who does not exist: EHOSTUNREACH in three seconds',
    (family, remote) => {
      const one = seen.neighbours.find((each) => each.family === family)
      const { now } = connectionTo(one?.report ?? null, remote, 'SYN-SENT').forecast
      expect(one?.code).toBe('EHOSTUNREACH')
      expect(now?.words).toContain('EHOSTUNREACH')
      expect(one?.afterMs).toBeGreaterThanOrEqual(now?.within?.minMs ?? Number.NaN)
      expect(one?.afterMs).toBeLessThanOrEqual((now?.within?.maxMs ?? Number.NaN) + SLACK_MS)
      expect(now?.within?.maxMs).toBeLessThan(4000)
    },
  )

  test('connections of another network namespace than the process is in are counted as that', () => {
    expect(seen.moved.connections).toEqual([])
    expect(seen.moved.problems.join()).toMatch(/made in another network namespace, .*: [2-9]/)
  })
})
