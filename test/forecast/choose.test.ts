import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { hasPort, isChosen, isNamed, processOfContainer } from '../../src/forecast/choose.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { readForeignProcess } from '../../src/kernel/foreign-process.ts'
import { testNeeding } from '../support/needs.ts'

test.each([
  ['/usr/lib/postgresql/15/bin/postgres -D /data', 'postgres', true],
  ['postgres: writer process', 'postgres', true],
  ['node --import tsx /srv/worker.js 1', 'node', true],
  ['node /srv/worker.js postgres', 'worker.js', true],
  ['node /srv/worker.js postgres', 'postgres', false],
  ['[kthreadd]', 'kthreadd', true],
])('%j is named %s: %s', (command, name, expected) => {
  expect(isNamed(command, name)).toBe(expected)
})

test('a port is the whole number after the colon', () => {
  expect([hasPort('10.0.0.1:80', 80), hasPort('[::1]:8080', 80), hasPort(null, 80)]).toEqual([
    true,
    false,
    false,
  ])
})

const { isolation } = await findCapabilities()

/** An engine that knows one container: so much of `docker inspect` as is asked for. */
function pretendEngine(pid: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-engine-'))
  writeFileSync(
    join(folder, 'docker'),
    `#!/bin/sh\n[ "$5" = box ] && echo ${pid} || { echo "No such object: $5" >&2; exit 1; }\n`,
  )
  chmodSync(join(folder, 'docker'), 0o755)
  const { PATH } = process.env
  process.env.PATH = `${folder}:${PATH}`
  onTestFinished(() => {
    process.env.PATH = PATH
    rmSync(folder, { recursive: true })
  })
}

testNeeding('namespaces', isolation !== null)('a container is a namespace of processes', async () => {
  const child = spawn(
    isolation?.commandPrefix[0] ?? '',
    [...(isolation?.commandPrefix.slice(1) ?? []), 'sh', '-c', 'sleep 60 & echo $$; wait'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  // The first one inside is a child of unshare(1), which stays outside.
  const { readFileSync } = await import('node:fs')
  const inside = Number(
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0],
  )
  pretendEngine(inside)
  expect(await processOfContainer('box')).toEqual({ pid: inside })
  expect(isChosen(readForeignProcess(inside, 10), { containerPid: inside })).toBe(true)
  expect(isChosen(readForeignProcess(process.pid, 10), { containerPid: inside })).toBe(false)
  expect(await processOfContainer('other')).toMatchObject({
    problem: expect.stringContaining('No such object: other'),
  })
})

testNeeding('Linux', process.platform === 'linux')(
  'a container without processes of its own is no choice',
  async () => {
    pretendEngine(process.pid)
    expect(await processOfContainer('box')).toMatchObject({ problem: expect.stringContaining('--pid') })
  },
)
