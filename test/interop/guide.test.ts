/** A sample of the field guide, made again for real: its package comes from npm. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { testNeeding } from '../support/needs.ts'

const LIMIT_MS = 240_000
const INCONCLUSIVE = 4
const { isolation } = await findCapabilities()

describe('the field guide', () => {
  testNeeding('network namespaces', isolation !== null)(
    'ws does again what the guide says',
    () => {
      const out = mkdtempSync(join(tmpdir(), 'stillhere-guide-'))
      const check = () => {
        const args = ['src/start.mjs', 'guide', '--check', 'ws', '--plain', '--out', out]
        return spawnSync(process.execPath, args, { encoding: 'utf8' })
      }
      try {
        let made = check()
        // A run that a busy machine spoiled is made again.
        if (made.status === INCONCLUSIVE) made = check()
        expect(made.stdout).toBe('ws: as its formula says, and as it was\n')
        expect(made.status).toBe(0)
      } finally {
        rmSync(out, { recursive: true })
      }
    },
    LIMIT_MS,
  )
})
