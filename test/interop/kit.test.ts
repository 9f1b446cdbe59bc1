/** The kit as somebody has it in their own tests: from the package, in each test runner, by `import` and `require`. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environment, hasRegistry, type Installed, install } from '../pack/installed.ts'
import { describeNeeding } from '../support/needs.ts'

const INSTALL_LIMIT_MS = 300_000
const RUN_LIMIT_MS = 120_000
const RUNNERS = ['vitest@4', 'jest@30', 'typescript@5', '@types/node@20']
const { isolation } = await findCapabilities()

describeNeeding('network namespaces and a package registry', hasRegistry && isolation !== null)(
  'the kit',
  () => {
    let installed: Installed
    beforeAll(async () => {
      installed = await install(...RUNNERS)
      cpSync(join(import.meta.dirname, '../support/kit-project'), installed.folder, { recursive: true })
      // By default its cache is by the user's number, which in a user namespace is somebody else's.
      const config = { testMatch: ['**/*.jest.cjs'], transform: {}, cacheDirectory: '.jest-cache' }
      writeFileSync(join(installed.folder, 'jest.config.json'), JSON.stringify(config))
      writeFileSync(
        join(installed.folder, 'vitest.config.mjs'),
        "export default { test: { include: ['**/*.vitest.ts'], testTimeout: 20_000 } }\n",
      )
    }, INSTALL_LIMIT_MS)
    afterAll(() => rmSync(dirname(installed.folder), { recursive: true, force: true }))

    /** Runs it in the project. */
    const run = (argv: readonly string[], own: NodeJS.ProcessEnv = {}) =>
      new Promise<{ status: number; text: string }>((resolve) => {
        const [program = '', ...args] = argv
        const options = { cwd: installed.folder, env: { ...environment(), ...own }, timeout: RUN_LIMIT_MS }
        execFile(program, args, options, (error, stdout, stderr) => {
          resolve({ status: error === null ? 0 : Number(error.code), text: stdout + stderr })
        })
      })
    const bin = (name: string) => join(installed.folder, 'node_modules/.bin', name)

    const runners = {
      'node:test': () => [process.execPath, '--test', 'cut.test.mjs'],
      vitest: () => [bin('vitest'), 'run'],
      jest: () => [bin('jest'), '--testTimeout=20000'],
    }
    for (const [name, argv] of Object.entries(runners)) {
      test(`works with ${name}`, { timeout: RUN_LIMIT_MS }, async () => {
        const { status, text } = await run(argv())
        expect([status, text]).toEqual([0, expect.stringMatching(/1 passed|pass 1/)])
      })

      test(`says in ${name} where to look at a test that failed`, { timeout: RUN_LIMIT_MS }, async () => {
        const { status, text } = await run(argv(), { FAILING: 'yes' })
        const [, report = ''] = /what each end saw: (\S+report\.html)/.exec(text) ?? []
        expect([status, text]).toEqual([1, expect.stringContaining('what each end saw: ')])
        expect(existsSync(report)).toBe(true)
      })
    }

    test("runs the README's example", { timeout: RUN_LIMIT_MS }, async () => {
      const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
      const [, example = ''] =
        /<!-- run by test\/interop\/kit\.test\.ts -->\n```ts\n(.*?)```/s.exec(readme) ?? []
      writeFileSync(join(installed.folder, 'readme.vitest.ts'), example)
      const { status, text } = await run([...runners.vitest(), 'readme'])
      expect([status, text]).toEqual([0, expect.stringContaining('1 passed')])
    })

    /** Where nobody may make a network namespace, as in a container without rights. */
    const barred = (argv: readonly string[]) => {
      const bar = 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"'
      return ['unshare', '--user', '--map-root-user', 'sh', '-c', bar, 'sh', ...argv]
    }

    test('skips where there can be no hosts, and says why', { timeout: RUN_LIMIT_MS }, async () => {
      const ofNode = await run(barred(runners['node:test']()), { STILLHERE_REQUIRE: '' })
      expect([ofNode.status, ofNode.text]).toEqual([0, expect.stringMatching(/SKIP|﹣/)])
      const ofVitest = await run(barred([...runners.vitest(), '--reporter=verbose']), {
        STILLHERE_REQUIRE: '',
      })
      expect([ofVitest.status, ofVitest.text]).toEqual([0, expect.stringContaining('hosts of their own')])
      const ofJest = await run(barred(runners.jest()), { STILLHERE_REQUIRE: '' })
      expect([ofJest.status, ofJest.text]).toEqual([1, expect.stringContaining(`CannotOpenError: `)])
      expect(ofJest.text).toContain('whyNot()')
    })

    test('fails there where nothing may be skipped', { timeout: RUN_LIMIT_MS }, async () => {
      for (const name of ['node:test', 'vitest'] as const) {
        const { status, text } = await run(barred(runners[name]()), { STILLHERE_REQUIRE: 'all' })
        expect([status, text]).toEqual([1, expect.stringContaining('CannotOpenError')])
      }
    })

    test('has types', { timeout: RUN_LIMIT_MS }, async () => {
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,esnext.disposable']
      for (const kind of [
        ['--module', 'nodenext'],
        ['--module', 'esnext', '--moduleResolution', 'bundler'],
      ])
        expect(await run([bin('tsc'), ...options, ...kind, 'types.ts'])).toEqual({ status: 0, text: '' })
    })
  },
)
