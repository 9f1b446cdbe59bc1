/** The installed package on each Node that it is promised for: the oldest, those that are maintained, the newest. */
import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { environment, hasRegistry, type Installed, install, stillhere } from '../pack/installed.ts'
import { describeNeeding } from '../support/needs.ts'

const VERSIONS = ['20.19', '22', '24', 'latest'] as const
const RUN_LIMIT_MS = 60_000
/** A Node is 100 MB and more. */
const INSTALL_LIMIT_MS = 300_000
const folderOf = (version: string) => `node-${version}`
/** The package of the npm registry that is nothing but a binary. */
const BINARY = `node-${process.platform}-${process.arch}`

describeNeeding('a package registry', hasRegistry)('the installed package', () => {
  let installed: Installed
  beforeAll(async () => {
    installed = await install(...VERSIONS.map((version) => `${folderOf(version)}@npm:${BINARY}@${version}`))
    cpSync(join(import.meta.dirname, '../support/kit-project'), installed.folder, { recursive: true })
  }, INSTALL_LIMIT_MS)
  afterAll(() => rmSync(dirname(installed.folder), { recursive: true, force: true }))

  for (const version of VERSIONS) {
    test(`runs on Node ${version}`, { timeout: RUN_LIMIT_MS }, async () => {
      const node = join(installed.folder, 'node_modules', folderOf(version), 'bin/node')
      const doctor = await stillhere(installed, ['doctor'], { node })
      const named =
        version === 'latest' ? /, node v\d+/ : new RegExp(`, node v${version.replace('.', '\\.')}\\.`)
      expect([doctor.status, doctor.stdout]).toEqual([0, expect.stringMatching(named)])
      expect(doctor.stdout).toContain('socket options, TCP_INFO and socket tables can be read')
      const lab = await stillhere(installed, ['lab', 'udp', '--only', 'nobody', '--no-predict'], { node })
      expect([lab.status, lab.stdout, lab.stderr]).toEqual([
        0,
        expect.stringMatching(/, 0 failed, 0 inc/),
        expect.any(String),
      ])
      const argv = ['--test', 'cut.test.mjs']
      const own = { cwd: installed.folder, env: environment() }
      const kit = await promisify(execFile)(node, argv, own)
      expect(kit.stdout).toMatch(/pass 1\n/)
    })
  }
})
