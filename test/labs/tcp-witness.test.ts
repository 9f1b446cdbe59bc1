/** Independent witnesses of what lab:tcp shows: ss for the states, nc and socat as clients of our servers. */
import { spawnSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { findCapabilities, type Isolation } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()
const tools = [
  ['ss', '-V'],
  ['nc', '-h'],
  ['socat', '-V'],
].every(
  ([program = '', ...args]) => spawnSync(program, args, { env: environmentWithSbin() }).error === undefined,
)

describeNeeding(
  'network namespaces, FFI, ss, nc and socat',
  isolation !== null && libcProblem() === null && tools,
)('what others see of it', () => {
  interface Witnessed {
    seen: Record<string, { a: string[]; b: string[] }>
    socat: string
    frozen: string
    listening: string[]
  }
  let report: Witnessed

  beforeAll(async () => {
    const file = new URL('../support/tcp-witness-session.ts', import.meta.url)
    report = (await runSession<Witnessed>(file, isolation as Isolation)).report
  }, 60_000)

  // As ss abbreviates them.
  test.each([
    ['LISTEN', [], ['LISTEN']],
    ['SYN-SENT', ['SYN-SENT'], ['LISTEN']],
    ['SYN-RECEIVED', ['SYN-SENT'], ['SYN-RECV', 'LISTEN']],
    ['one-sided', ['ESTAB'], ['SYN-RECV', 'LISTEN']],
    ['ESTABLISHED', ['ESTAB'], ['ESTAB', 'LISTEN']],
    ['FIN-WAIT-1', ['FIN-WAIT-1'], ['ESTAB', 'LISTEN']],
    ['CLOSE-WAIT', ['FIN-WAIT-1'], ['CLOSE-WAIT', 'LISTEN']],
    ['FIN-WAIT-2', ['FIN-WAIT-2'], ['CLOSE-WAIT', 'LISTEN']],
    ['LAST-ACK', ['FIN-WAIT-2'], ['LAST-ACK', 'LISTEN']],
    ['TIME-WAIT', ['TIME-WAIT'], ['LAST-ACK', 'LISTEN']],
    ['CLOSING', ['CLOSING'], ['CLOSING', 'LISTEN']],
  ])('%s, by ss at both ends, the client being nc', (name, a, b) => {
    expect(report.seen[name]).toEqual({ a, b })
  })

  test('socat has closed its end, and hears what our server says after that', () => {
    expect(report.socat).toBe('still here')
  })

  test('nc is connected to a server whose program is stopped, and ss counts it at the listening socket', () => {
    expect(report.frozen).toMatch(/succeeded!/)
    expect(report.listening).toEqual(['LISTEN', '1', '2'])
  })
})
