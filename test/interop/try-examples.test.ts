/** The examples of labs/try, with the programs they are about, as Debian packages them. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import type { Report } from '../../src/lab/report.ts'
import { isInstalled, testNeeding } from '../support/needs.ts'

/** All of them, each perhaps twice. */
const LIMIT_MS = 400_000
const INCONCLUSIVE = 4
const FOLDER = 'labs/try'
/** They spend their time waiting; but many programs that start at once start late. */
const AT_ONCE = 2

/** What has to be installed for each. */
const PROGRAMS: Record<string, string[]> = {
  'redis.json': ['redis-server', 'redis-cli'],
  'postgresql.json': ['psql', 'initdb'],
  'postgresql-keepalive.json': ['psql', 'initdb'],
  'ssh.json': ['sshd', 'ssh'],
  'ssh-alive.json': ['sshd', 'ssh'],
  'mosquitto.json': ['mosquitto', 'mosquitto_sub'],
  'curl.json': ['nginx', 'curl'],
  'curl-speed.json': ['nginx', 'curl'],
  'nginx.json': ['nginx', 'curl'],
}

interface Ended {
  status: number
  stdout: string
  stderr: string
}

const { isolation } = await findCapabilities()
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const needs = (file: string) => PROGRAMS[file] ?? [`the programs of ${file}, named in this test`]
const has = (file: string) => isolation !== null && needs(file).every(isThere)

describe('an example does what its expectations say', () => {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-examples-'))
  const ended = new Map<string, Ended>()

  beforeAll(async () => {
    const waiting = files.filter(has)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
          let result = await tryFile(file, out)
          // A run that a busy machine spoiled is made again.
          if (result.status === INCONCLUSIVE) result = await tryFile(file, out)
          ended.set(file, result)
        }
      }),
    )
  }, LIMIT_MS)

  afterAll(() => rmSync(out, { recursive: true }))

  for (const file of files) {
    testNeeding(`network namespaces, ${needs(file).join(', ')}`, has(file))(file, () => {
      const { status, stdout, stderr } = ended.get(file) ?? { status: null, stdout: '', stderr: 'not run' }
      expect(stderr).toBe('')
      const { checks } = JSON.parse(stdout) as Report
      expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
      expect(checks.length).toBeGreaterThan(2)
      expect(status).toBe(0)
    })
  }
})

function tryFile(file: string, out: string): Promise<Ended> {
  const args = ['src/start.mjs', 'try', '--file', join(FOLDER, file), '--json', '--out', out]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { maxBuffer: 10_000_000 }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

/** Debian keeps the server of PostgreSQL where nobody's PATH leads. */
function isThere(program: string): boolean {
  const versions = '/usr/lib/postgresql'
  const kept = existsSync(versions) ? readdirSync(versions) : []
  return isInstalled(
    program,
    kept.map((version) => join(versions, version, 'bin')),
  )
}
