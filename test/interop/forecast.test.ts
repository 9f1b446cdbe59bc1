/** What programs that nobody here wrote ask of their kernels, read while they run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { type ConnectionReport, readOne } from '../../src/forecast/read.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { testNeeding } from '../support/needs.ts'

const canRead = process.platform === 'linux' && libcProblem() === null
const testWith = (program: string) =>
  testNeeding(
    `Linux, koffi and ${program}`,
    canRead && spawnSync('sh', ['-c', `command -v ${program}`]).status === 0,
  )

function start(program: string, ...args: string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

/** A server that lets everybody connect, says `greeting`, and nothing more. */
async function silentServer(greeting = ''): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as net.AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The only connection of a process, as soon as it is open. */
async function connectionOf({ pid = 0 }: ChildProcess): Promise<ConnectionReport> {
  let found: ConnectionReport[] = []
  await expect
    .poll(
      async () => {
        const [report] = (await readOne(pid)).processes
        expect(report?.problems).toEqual([])
        found = report?.connections ?? []
        return found.map(({ facts }) => facts.state)
      },
      { timeout: 10_000 },
    )
    .toEqual(['ESTABLISHED'])
  return found[0] as ConnectionReport
}

testWith('nc')('nc asks for nothing: it would believe for ever', async () => {
  const { forecast } = await connectionOf(start('nc', '-d', '127.0.0.1', String(await silentServer())))
  expect(forecast.idle).toMatchObject({ notices: 'never', words: 'never: keepalive is off' })
  expect(forecast.frozen?.notices).toBe('never')
})

testWith('curl')('curl asks after a minute, or after --keepalive-time', async () => {
  const port = await silentServer('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
  const usual = await connectionOf(start('curl', '-s', `http://127.0.0.1:${port}/`))
  expect(usual.facts.reading?.options).toMatchObject({ keepalive: true, keepaliveIdleMs: 60_000 })
  const sooner = await connectionOf(start('curl', '-s', '--keepalive-time', '7', `http://127.0.0.1:${port}/`))
  expect(sooner.forecast.idle?.words).toMatch(/ \(7 s \+ \d+ x 7 s\)$/)
  const silent = await connectionOf(start('curl', '-s', '--no-keepalive', `http://127.0.0.1:${port}/`))
  expect(silent.forecast.idle?.notices).toBe('never')
})

testWith('redis-server')('redis-server asks as its tcp-keepalive says, redis-cli by itself', async () => {
  const port = String(await freePort())
  const server = start('redis-server', '--port', port, '--save', '', '--tcp-keepalive', '30')
  await expect
    .poll(async () => (await readOne(server.pid ?? 0)).processes[0]?.listening, { timeout: 10_000 })
    .toBeGreaterThan(0)
  const client = start('redis-cli', '-p', port, 'subscribe', 'news')
  // A third of tcp-keepalive between probes, and three of them: "two times the specified value", as it says.
  expect((await connectionOf(server)).forecast.idle?.words).toBe('1 min (30 s + 3 x 10 s)')
  expect((await connectionOf(client)).forecast.idle).toMatchObject({ notices: 'within' })
})
