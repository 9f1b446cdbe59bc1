/** The bank as a person starts it, and as a lab does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parseEvent } from '../../../src/events/parse.ts'
import { bundlePrograms } from '../../../src/processes/bundle.ts'
import { EVENT_LOG_VARIABLE, type LoggedProgram } from '../../../src/programs/parts/command-line.ts'
import { BankUser } from '../../support/bank-user.ts'
import { runNode } from '../../support/process.ts'

const FILE = fileURLToPath(new URL('../../../src/programs/bank/main.ts', import.meta.url))
let bundle = ''
beforeAll(async () => {
  bundle = (await bundlePrograms()).bank
})

/** From its bundle: through tsx it takes six times as long. */
function start(args: string[], environment: NodeJS.ProcessEnv = {}, file = [bundle]) {
  const bank = runNode([...file, ...args], { ...process.env, ...environment })
  onTestFinished(() => void bank.child.kill('SIGKILL'))
  return bank
}

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-bank-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('the bank in a process of its own', () => {
  test('can be started by hand', async () => {
    const bank = start(['--help'], {}, ['--import', 'tsx', FILE])
    expect(await bank.ended).toBe(0)
    expect(bank.stdout()).toContain('npx tsx src/programs/bank/main.ts [options]')
  })

  test('over TLS says where it listens, writes the certificate and no key, and ends in order', async () => {
    const certificate = join(folderForTest(), 'bank.pem')
    const bank = start(['--tls', '--certificate', certificate, '--name', 'bank-7'])
    const [, url = ''] = await bank.untilPrinted(/^bank-7 listens at (https:\S+)$/m)
    const written = readFileSync(certificate, 'utf8')
    expect(written).not.toContain('PRIVATE')
    const alice = new BankUser(url, written)
    expect((await alice.ask('GET', '/')).headers['x-served-by']).toBe('bank-7')
    bank.child.kill('SIGTERM')
    expect(await bank.ended).toBe(0)
    expect(bank.stdout()).toContain('tls:accepted')
  })

  test('signed in before it is killed is signed in after it is started again, with a durable store', async () => {
    const args = ['--store', join(folderForTest(), 'books')]
    const first = start(args)
    const [, url = ''] = await first.untilPrinted(/listens at (\S+)/)
    const alice = new BankUser(url)
    await alice.signIn('alice')
    first.child.kill('SIGKILL')
    await first.ended
    const second = start(args)
    const [, again = ''] = await second.untilPrinted(/listens at (\S+)/)
    alice.url = new URL(again)
    expect((await alice.account()).json.user).toBe('alice')
  })

  test('in a lab writes into its log', async () => {
    const file = join(folderForTest(), 'b.1.bank.ndjson')
    const log: LoggedProgram = { file, run: 'r', lab: 'http', host: 'b', incarnation: 1, program: 'bank-1' }
    const bank = start(['--mechanism', 'web'], { [EVENT_LOG_VARIABLE]: JSON.stringify(log) })
    const [, url = ''] = await bank.untilPrinted(/listens at (\S+)/)
    await new BankUser(url).ask('GET', '/')
    bank.child.kill('SIGTERM')
    await bank.ended
    const events = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(parseEvent)
      .map((parsed) => ('problem' in parsed ? parsed.problem : `${parsed.program} ${parsed.name}`))
    const expected = ['program:ready', 'tcp:accepted', 'http:request_received', 'program:stopping']
    expect(events).toEqual(expect.arrayContaining(expected.map((name) => `bank-1 ${name}`)))
    expect(events.filter((event) => !event.startsWith('bank-1 '))).toEqual([])
    expect(bank.stdout()).toBe(`bank listens at ${url}\n`)
  })

  test.each([
    [['--bogus'], 2, /Unknown option '--bogus'/],
    [['--proxy', 'somewhere'], 2, /"--proxy" must be an IPv4 address/],
    [['--certificate', '/tmp/x'], 2, /of use with "--tls" only/],
    [['--idle-ms', '1'], 2, /"--idle-ms" must be a whole number/],
    [['--store', '/dev/null/books'], 3, /ENOTDIR/],
  ])('%j ends with %i and a sentence', async (args, status, said) => {
    const bank = start(args)
    expect(await bank.ended).toBe(status)
    expect(bank.stderr()).toMatch(said)
    expect(bank.stderr().trim().split('\n')).toHaveLength(1)
  })

  test('a port in use ends it with 3', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const bank = start(['--port', String((server.address() as net.AddressInfo).port)])
    expect(await bank.ended).toBe(3)
    expect(bank.stderr()).toContain('the port is in use')
  })
})
