import { describe, expect, test } from 'vitest'
import { problemOf, retagsSockets } from '../../src/kernel/foreign-process.ts'

describe('retagsSockets()', () => {
  const unified = '0::/user.slice/user-1001.slice\n'
  const own = '4:net_cls,net_prio:/\n3:memory:/a\n'

  test('not where those control groups are not in use, or are the same', () => {
    expect(retagsSockets(unified, '0::/system.slice/redis.service\n')).toBe(false)
    expect(retagsSockets(own, '4:net_cls,net_prio:/\n3:memory:/b\n')).toBe(false)
  })

  test('where a process is in a traffic class of its own', () => {
    expect(retagsSockets(own, '4:net_cls,net_prio:/bulk\n3:memory:/a\n')).toBe(true)
    expect(retagsSockets('5:net_prio:/\n', '5:net_prio:/x\n')).toBe(true)
  })
})

test('problemOf() says what would help', () => {
  const error = (code: string) => Object.assign(new Error(`system call 438 failed: ${code}`), { code })
  expect(problemOf(error('EPERM'))).toContain('as root')
  expect(problemOf(error('ENOSYS'))).toContain('Linux 5.6')
  expect(problemOf(error('EMFILE'))).toBe('system call 438 failed: EMFILE')
})
