import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { libcProblem } from '../../src/kernel/libc.ts'
import { run } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'

describeNeeding('Linux and koffi', process.platform === 'linux' && libcProblem() === null)(
  'npm run forecast',
  () => {
    let server: net.Server
    let socket: net.Socket
    beforeAll(async () => {
      server = net.createServer((one) => one.on('error', () => {})).listen(0, '127.0.0.1')
      await once(server, 'listening')
      socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
      await once(socket, 'connect')
      socket.setKeepAlive(true, 60_000)
    })
    afterAll(() => {
      socket.destroy()
      server.close()
    })

    const pid = String(process.pid)

    test('tells each connection in lines of at most 100 columns, without colours in a pipe', async () => {
      const { status, stdout, stderr } = await run(['forecast', '--pid', pid])
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`127.0.0.1:${socket.localPort} -> 127.0.0.1:${socket.remotePort}  ESTABLISHED`)
      // What this Node sets beside the idle time.
      expect(stdout).toMatch(/^ {4}idle {9}\d+ .* \(60 s \+ \d+ x \d+ s\)$/m)
      expect(stdout).toMatch(/^ {4}sending {6}.*tcp_retries2 = \d+, RTO \d+ ms\)$/m)
      expect(stdout).toMatch(/^ {4}peer frozen {2}never by TCP/m)
      expect(stdout).toMatch(/^ {4}to change {4}for what is sent: TCP_USER_TIMEOUT /m)
      expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
      expect(stdout).not.toContain('\u001b')
    })

    test('--json is one document', async () => {
      const { status, stdout } = await run(['forecast', '--pid', pid, '--json'])
      expect(status).toBe(0)
      const document = JSON.parse(stdout)
      expect(document).toMatchObject({
        schema: 'stillhere/forecast@1',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        jiffyMs: expect.any(Number),
        processes: [{ pid: process.pid, source: 'options', problems: [] }],
        leftOut: [],
      })
      const found = document.processes[0].connections.find(
        ({ local }: { local: string }) => local === `127.0.0.1:${socket.localPort}`,
      )
      expect(found).toMatchObject({
        state: 'ESTABLISHED',
        timer: 'keepalive',
        options: { keepalive: true, keepaliveIdleMs: 60_000, userTimeoutMs: 0 },
        idle: { notices: 'within', within: { since: 'silence' }, unless: null },
        sending: { within: { since: 'lost-send' }, decidedBy: ['net.ipv4.tcp_retries2'] },
        frozen: { notices: 'never', within: null },
        now: null,
      })
      expect(found.idle.within.maxMs).toBeGreaterThan(60_000)
    })

    test('by port and by name, those that are meant', async () => {
      const byPort = await run(['forecast', '--port', String(socket.localPort), '--json'])
      const [found] = JSON.parse(byPort.stdout).processes
      // Both ends are in this process.
      expect(found.connections).toHaveLength(2)
      const byName = await run(['forecast', '--name', 'no-such-program'])
      expect([byName.status, byName.stdout]).toEqual([0, expect.stringMatching(/^No process /)])
    })

    test('--watch tells whether the program has a heartbeat of its own', async () => {
      const beat = setInterval(() => socket.write('hi'), 400)
      const { status, stdout } = await run(['forecast', '--port', String(socket.localPort), '--watch', '3s'])
      clearInterval(beat)
      expect(status).toBe(0)
      // A busy machine beats later than it was told.
      expect(stdout).toMatch(
        /^ {4}heartbeat {4}sends 2 bytes (every 0\.[3-6] s|\d times in 3 s), not answered$/m,
      )
      expect(stdout).toMatch(
        /^ {4}heartbeat {4}receives 2 bytes (every 0\.[3-6] s|\d times in 3 s), not answered$/m,
      )
    })

    test('all processes, of which this is one', async () => {
      const { status, stdout } = await run(['forecast', '--all', '--plain'])
      expect(status).toBe(0)
      expect(stdout).toContain(`pid ${pid} `)
    })
  },
)

describe('npm run forecast, asked wrongly', () => {
  test.each([
    [[], 'say which process, --pid N, --name, --port, --container or --all'],
    [['--pid', 'x'], '--pid x: expected the number of a process'],
    [['--pid', '0'], '--pid 0: expected the number of a process'],
    [['--pid', '1', '--all'], '--pid is one process: leave out --all'],
    [['--all', '--port', '80'], '--all chooses nothing: leave it out'],
    [['--port', '70000'], '--port 70000: expected a number from 1 to 65535'],
    [['--all', '--watch', 'long'], '--watch long: expected a time from 1s to 60m'],
    [['--slow'], "Unknown option '--slow'"],
    [['7'], "Unexpected argument '7'"],
    ...(process.platform === 'linux'
      ? [[['--pid', '9999999999'], 'there is no process 9999999999'] as const]
      : []),
  ] as const)('%j: one line, status 2', async (args, message) => {
    const { status, stdout, stderr } = await run(['forecast', ...args])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('--help says what it touches, on one screen', async () => {
    const { status, stdout } = await run(['forecast', '--help'])
    expect(status).toBe(0)
    expect(stdout.trim().split('\n').length).toBeLessThanOrEqual(24)
    expect(stdout.split('\n').filter((line) => line.length > 88)).toEqual([])
    expect(stdout).toContain('It changes nothing')
  })
})
