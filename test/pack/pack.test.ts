/** What others install: it is whole, holds nothing else, and works in a folder that knows nothing of this project. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labs } from '../../labs/index.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import {
  filesBelow,
  firstLineMs,
  hasRegistry,
  type Installed,
  install,
  stillhere,
  textsBelow,
} from './installed.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const INSTALL_LIMIT_MS = 120_000
const RUN_LIMIT_MS = 60_000
const INSTALLED_BYTES_MAX = 70_000_000
/** Beside what Node itself takes. */
const FIRST_LINE_MAX_MS = 300
const TRIES = 5

/** All that a package may have. What is built is named by esbuild, in parts. */
const EXPECTED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
  /^dist\/(kit\.cjs|types\/[a-z-]+\.d\.ts)$/,
  /^dist\/(stillhere|kit|runner|host|capture|cable|switch|office|bank|part-[A-Z\d]{8})\.mjs$/,
  /^dist\/(page\.json|report\.json|sorted\.json|LICENSES\.txt)$/,
  /^labs\/([a-z]+\/)?README\.md$/,
  /^labs\/[a-z]+\/(answers\.md|recorded\/(cells\.json|[a-z]+\.svg))$/,
  /^labs\/keepalive\/recorded\/ladder\.png$/,
  /^labs\/try\/[a-z-]+\.(json|conf|sh)$/,
]
const SERVER = `require('node:net').createServer((c) => c.on('data', (d) => c.write(d)).on('error', () => {})).listen(7000)`
const CLIENT = `
const socket = require('node:net').connect(7000, process.argv[2], () => setInterval(() => socket.write('.'), 200))
socket.on('error', ({ code }) => { console.log('lost', code); process.exit() }).on('end', () => console.log('lost')).resume()`

const hasNetns = (await findCapabilities()).tier === 'netns'

describeNeeding('a package registry', hasRegistry)('the installed package', () => {
  let installed: Installed
  let before: ReturnType<typeof filesBelow>
  let elsewhere = ''

  beforeAll(async () => {
    installed = await install()
    before = filesBelow(installed.own)
    // Not the project's root: whoever stands in a folder of theirs finds its runs there.
    elsewhere = join(installed.folder, 'some/where')
    mkdirSync(elsewhere, { recursive: true })
    writeFileSync(join(elsewhere, 'server.cjs'), SERVER)
    writeFileSync(join(elsewhere, 'client.cjs'), CLIENT)
  }, INSTALL_LIMIT_MS)
  afterAll(() => rmSync(dirname(installed.folder), { recursive: true, force: true }))

  const run = (...args: string[]) => stillhere(installed, args, { cwd: elsewhere })

  test('the tarball has what is read at run time, and nothing else', () => {
    const { files } = installed
    expect(files.filter((file) => !EXPECTED.some((pattern) => pattern.test(file)))).toEqual([])
    for (const id of Object.keys(labs)) {
      for (const page of ['README.md', 'answers.md', 'recorded/cells.json'])
        expect(files).toContain(`labs/${id}/${page}`)
    }
  })

  test('nothing in it names the folder that it was made in, and nothing needs a compiler', () => {
    const texts = textsBelow(installed.own)
    expect([...texts].filter(([, text]) => text.includes(ROOT)).map(([path]) => path)).toEqual([])
    const imports = [...texts].flatMap(([path, text]) =>
      path.endsWith('.mjs')
        ? [...text.matchAll(/(?:from|import)"([^".]+)"/g)].flatMap(([, name = '']) =>
            name.startsWith('node:') ? [] : [name],
          )
        : [],
    )
    expect(imports.filter((name) => ['esbuild', 'tsx', 'typescript'].includes(name))).toEqual([])
    for (const name of ['esbuild', 'tsx'])
      expect(existsSync(join(installed.folder, 'node_modules', name))).toBe(false)
  })

  test('it weighs less than 70 MB, with all that it brings', () => {
    const bytes = filesBelow(join(installed.folder, 'node_modules')).reduce(
      (sum, file) => sum + file.bytes,
      0,
    )
    expect(bytes).toBeLessThan(INSTALLED_BYTES_MAX)
  })

  test('doctor, lab and their help say what to type there', async () => {
    expect((await run('doctor')).stdout).toMatch(/^system +\S/)
    const { stdout } = await run('lab')
    for (const id of Object.keys(labs)) expect(stdout).toContain(`npx stillhere lab ${id}`)
    for (const command of ['lab tcp', 'try', 'forecast', 'watch', 'report']) {
      const help = await run(...command.split(' '), '--help')
      expect([help.status, help.stderr]).toEqual([0, ''])
      expect(help.stdout).toContain(`npx stillhere ${command} `)
      expect(help.stdout).not.toContain('npm run')
    }
    expect((await run('lab', 'nothing')).stderr).toMatch(/no lab "nothing"/)
  })

  test('its first line comes at once', async () => {
    const least = async (...argv: string[]) => {
      const times: number[] = []
      for (let turn = 0; turn < TRIES; turn += 1)
        times.push(await firstLineMs(elsewhere, [process.execPath, ...argv]))
      return Math.min(...times)
    }
    const nodeItself = await least('--eval', 'console.log(1)')
    const command = join(installed.folder, 'node_modules/.bin/stillhere')
    for (const args of [['doctor'], ['lab', 'keepalive', '--help'], ['try', '--help']])
      expect(await least(command, ...args)).toBeLessThan(nodeItself + FIRST_LINE_MAX_MS)
  })

  test('a lab runs, and its report has all that a page needs', { timeout: RUN_LIMIT_MS }, async () => {
    const lab = await run('lab', 'session', '--hosts', 'process', '--only', 'one', '--no-predict')
    expect([lab.status, lab.stdout]).toEqual([0, expect.stringContaining(' checks passed, 0 failed')])
    const { status, stdout } = await run('report')
    expect([status, stdout]).toEqual([0, expect.stringContaining('lab:session')])
    const page = readFileSync(join(elsewhere, 'runs/latest/report.html'), 'utf8')
    expect(page).toMatch(/<script>.{10000}/s)
  })

  testNeeding('network namespaces', hasNetns)(
    'try runs the programs of whoever stands there',
    async () => {
      const [server, client] = ['node server.cjs', 'node client.cjs {server}']
      const args = [
        '--server',
        server,
        '--client',
        client,
        '--faults',
        'kill,cut',
        '--watch',
        '2s',
        '--recover',
        '1s',
      ]
      const { status, stdout, stderr } = await run('try', ...args, '--expect', 'kill<1s')
      expect([status, stdout], stderr).toEqual([0, expect.stringMatching(/^client +\S+ 0\.\d +quiet/m)])
    },
    RUN_LIMIT_MS,
  )

  test('the live page opens', async () => {
    const command = join(installed.folder, 'node_modules/.bin/stillhere')
    const child = spawn(process.execPath, [command, 'watch', '--port', '0'], { cwd: elsewhere })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    const address = /http:\S+/.exec(String(text))?.[0] ?? ''
    const page = await fetch(address)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')])
    const script = await fetch(new URL('/main.js', address))
    expect([script.status, (await script.text()).length > 50_000]).toEqual([200, true])
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([0, null])
  })

  test('nothing of all this was written where the package is', () => {
    expect(filesBelow(installed.own)).toEqual(before)
    expect(existsSync(join(elsewhere, 'runs/latest/report.html'))).toBe(true)
  })
})
