import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'
import { parseSysctls, readSysctls, sysctlsCommand } from '../../src/kernel/sysctls.ts'
import { testNeeding } from '../support/needs.ts'

testNeeding('Linux', process.platform === 'linux')(
  'a command in another namespace prints what is read in one’s own',
  () => {
    const [program = '', ...args] = sysctlsCommand
    const read = parseSysctls(spawnSync(program, args, { encoding: 'utf8' }).stdout)
    expect(Number(read.tcp_retries2)).toBeGreaterThan(0)
    expect(read).toEqual(readSysctls())
  },
)
