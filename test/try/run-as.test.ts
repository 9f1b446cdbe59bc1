import { describe, expect, test } from 'vitest'
import { blameWords, commandPrefix, idsFor, runAsWords } from '../../src/try/run-as.ts'

const NOBODY = { uid: 65_534, gid: 65_534 }

describe('whoever the programs run as', () => {
  test('is the person, whatever the environment says', () => {
    const self = { uid: 1001, gid: 1002 }
    expect(idsFor(self, { SUDO_UID: '4711', SUDO_GID: '4712' })).toEqual(self)
  })

  test.each([
    [
      { SUDO_UID: '4711', SUDO_GID: '4712' },
      { uid: 4711, gid: 4712 },
    ],
    [
      { SUDO_UID: '4711', SUDO_GID: '0' },
      { uid: 4711, gid: 65_534 },
    ],
    [{ SUDO_UID: '4711' }, { uid: 4711, gid: 65_534 }],
    [{}, NOBODY],
    [{ SUDO_UID: '0', SUDO_GID: '0' }, NOBODY],
    [{ SUDO_UID: '-1' }, NOBODY],
    [{ SUDO_UID: '4294967295' }, NOBODY], // setresuid(2) would leave it at root's
    [{ SUDO_UID: '4294967296' }, NOBODY], // zero in 32 bits
    [{ SUDO_UID: '0x10' }, NOBODY],
    [{ SUDO_UID: 'root' }, NOBODY],
    [{ SUDO_UID: '' }, NOBODY],
  ])('of root by %o is never root', (sudo, ids) => {
    expect(idsFor({ uid: 0, gid: 0 }, sudo)).toEqual(ids)
  })
})

test('only root becomes somebody else', () => {
  expect(commandPrefix({ uid: 7, gid: 8 }, true)).toContain('--reuid=7')
  expect(commandPrefix({ uid: 7, gid: 8 }, false).filter((word) => word.includes('uid='))).toEqual([])
})

test('is named with the folder that they may not read', () => {
  const runAs = { uid: 65_534, prefix: [], environment: {}, name: 'nobody', cannotRead: '/root/project' }
  expect(runAsWords(runAs)).toContain(
    'not as root: the programs run as nobody, who may not read /root/project',
  )
  expect(blameWords(runAs)).toContain('it ran as nobody, who may not read /root/project: start try with sudo')
  expect(runAsWords({ ...runAs, name: null })).toBeNull()
  expect(blameWords({ ...runAs, name: null })).toBe('')
})
