import { afterEach, describe, expect, test } from 'vitest'
import { startTcpServer } from '../../../src/programs/tcp-server.ts'
import { bundled } from '../../../src/project/bundle.mjs'
import { projectFile } from '../../../src/project/files.ts'
import { collectEvents } from '../../support/events.ts'
import { runNode, runTypeScript, type TestedProcess } from '../../support/process.ts'

const names = [
  'tcp-server',
  'tcp-client',
  'udp-server',
  'udp-client',
  'udp-heartbeat',
  'http-server',
  'http-client',
  'websocket-server',
  'websocket-client',
]

const processes: TestedProcess[] = []
afterEach(() => {
  for (const { child } of processes.splice(0)) child.kill('SIGKILL')
})

function run(name: string, ...args: string[]): TestedProcess {
  const started = runTypeScript(`src/programs/${name}.ts`, ...args)
  processes.push(started)
  return started
}

describe('a program run by hand', { timeout: 20_000 }, () => {
  test.each(names)('%s lists its options on --help', async (name) => {
    const program = run(name, '--help')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toContain(`npx tsx src/programs/${name}.ts`)
    expect(program.stderr()).toBe('')
  })

  test.each([
    ['tcp-server', ['--prot', '7000'], /Unknown option '--prot'/],
    ['tcp-server', ['--port', '70000'], /"--port" must be a whole number from 0 to 65535, is "70000"/],
    ['tcp-server', ['--host', 'localhost'], /"--host" must be an IPv4 address, is "localhost"/],
    ['tcp-server', ['--keepalive', '2500/1000/3'], /"--keepalive" must be like 2000\/1000\/3/],
    ['tcp-client', [], /"--port" is missing/],
    ['tcp-client', ['7000'], /Unexpected argument '7000'/],
    ['udp-heartbeat', [], /either "--listen" or "--to" is needed/],
    ['udp-heartbeat', ['--to', '127.0.0.1'], /"--to" must be like 127\.0\.0\.1:7000/],
  ])('%s %j says what is wrong in one line, with status 2', async (name, args, message) => {
    const program = run(name, ...args)
    expect(await program.ended).toBe(2)
    expect(program.stderr()).toMatch(message)
    expect(program.stderr().trim().split('\n')).toHaveLength(1)
  })

  test('says in one line that its port is in use, with status 3', async () => {
    const taken = await startTcpServer({ mechanism: 'tcp', host: '127.0.0.1', port: 0 }, collectEvents().emit)
    const program = run('tcp-server', '--port', String(taken.port))
    expect(await program.ended).toBe(3)
    expect(program.stderr()).toMatch(/^tcp-server: the port is in use .*127\.0\.0\.1:\d+.*\n$/)
    await taken.close()
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'on %s says goodbye by FIN and ends with status 0',
    async (signal) => {
      const server = run('tcp-server')
      const [, port] = await server.untilPrinted(/program:ready {2}ports={"tcp":(\d+)}/)
      const client = run('tcp-client', '--port', String(port))
      await server.untilPrinted(/trigger="accepted"/)
      await client.untilPrinted(/trigger="connected"/)
      server.child.kill(signal)
      expect(await server.ended).toBe(0)
      // The client has nothing left to do: it never connects again.
      expect(await client.ended).toBe(0)
      expect(client.stdout()).toMatch(/trigger="fin"/)
    },
  )
})

test('runsAsFile is false in a bundle, whatever the bundle is run as', { timeout: 20_000 }, async () => {
  const server = projectFile('src/programs/tcp-server.ts')
  const bundles = await bundled('alone', { server }, { packages: 'external' })
  const bundle = runNode([bundles.server, '--no-such-option'])
  processes.push(bundle)
  expect([await bundle.ended, bundle.stdout(), bundle.stderr()]).toEqual([0, '', ''])
})
