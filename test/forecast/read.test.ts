/** Reading processes of this machine from outside: what is found, and that nobody notices. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { isForbidden, isGone, isZombie } from '../../src/forecast/gone.ts'
import { type ConnectionReport, readAll, readOne } from '../../src/forecast/read.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { libc, libcProblem } from '../../src/kernel/libc.ts'
import { readSysctls } from '../../src/kernel/sysctls.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'

const { isolation } = await findCapabilities()
const canRead = process.platform === 'linux' && libcProblem() === null

const IPV6 = await hasIpv6()

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(host: string, options: net.ServerOpts = {}): Promise<net.Server> {
  const server = net.createServer(options, (socket) => {
    socket.on('error', () => {})
    closers.push(() => socket.destroy())
  })
  server.listen(0, host)
  await once(server, 'listening')
  closers.push(() => server.close())
  return server
}

const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port

async function connect(server: net.Server, host: string): Promise<net.Socket> {
  const socket = net.connect(portOf(server), host)
  socket.on('error', () => {})
  await once(socket, 'connect')
  closers.push(() => socket.destroy())
  return socket
}

/** Another process, until the test is over; resolves once it has printed a line. */
async function otherProcess(
  program: string,
  args: readonly string[],
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return child as ChildProcess & { pid: number }
}

/** Connects to a port and asks for keepalive as Node does. */
const CLIENT = `const socket = require('net').connect(Number(process.argv[1]), '127.0.0.1', () => {
  socket.setKeepAlive(true, 30000)
  console.log('connected')
})`
const client = (port: number) => otherProcess(process.execPath, ['-e', CLIENT, String(port)])

/** A connection that a second thread of it lives on with. */
const HEADLESS = `import ctypes, socket, sys, threading, time
one = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
threading.Thread(target=lambda: time.sleep(60)).start()
print('open', flush=True)
ctypes.CDLL(None).pthread_exit(None)`
const hasPython = spawnSync('python3', ['--version']).status === 0

const TCP_INFO = [6, 11] as const
/** How long ago things happened, which goes on by itself. */
const AGO = [44, 60] as const

/** All that the kernel counts of a connection of this process: segments in and out, timeouts, windows, ... */
function counters(socket: net.Socket): string {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  const info = Buffer.alloc(256)
  const bytes = libc()?.getsockopt(fd, ...TCP_INFO, info) ?? 0
  expect(bytes).toBeGreaterThan(144)
  return info.fill(0, ...AGO).toString('hex', 0, bytes)
}

describeNeeding('Linux and koffi', canRead)('the sockets of a process', () => {
  test('connections with their options, listeners, and datagram sockets', async () => {
    const server = await listen('0.0.0.0')
    const socket = await connect(server, '127.0.0.1')
    socket.setKeepAlive(true, 30_000)
    const connected = dgram.createSocket('udp4')
    const open = dgram.createSocket('udp4').bind(0, '127.0.0.1')
    await once(open, 'listening')
    connected.connect(open.address().port, '127.0.0.1')
    await once(connected, 'connect')
    closers.push(
      () => connected.close(),
      () => open.close(),
    )

    const { processes } = await readOne(process.pid)
    const [report] = processes
    expect(report).toMatchObject({
      pid: process.pid,
      source: 'options',
      problems: [],
      sysctls: readSysctls(),
    })
    expect(report?.listening).toBeGreaterThanOrEqual(1)
    const mine = report?.connections.find(({ local }) => local === `127.0.0.1:${socket.localPort}`)
    expect(mine).toMatchObject({
      remote: `127.0.0.1:${portOf(server)}`,
      facts: { state: 'ESTABLISHED', timer: 'keepalive' },
    })
    expect(mine?.facts.timerLeftMs).toBeLessThanOrEqual(30_000)
    expect(mine?.facts.reading?.options).toMatchObject({ keepalive: true, keepaliveIdleMs: 30_000 })
    expect(report?.datagrams.map(({ local, remote }) => [local, remote])).toEqual(
      expect.arrayContaining([
        [`127.0.0.1:${open.address().port}`, null],
        [`127.0.0.1:${connected.address().port}`, `127.0.0.1:${open.address().port}`],
      ]),
    )
  })

  test('a server on :: sees IPv4 clients under their addresses', async () => {
    const server = await listen('::')
    const socket = await connect(server, '127.0.0.1')
    const [report] = (await readOne(process.pid)).processes
    // Whichever port is the higher: somebody listens at one of them.
    expect(report?.connections).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ local: `127.0.0.1:${portOf(server)}`, isServed: true }),
        expect.objectContaining({ local: `127.0.0.1:${socket.localPort}`, isServed: false }),
      ]),
    )
  })

  testNeeding('IPv6 on loopback', IPV6)('IPv6', async () => {
    const server = await listen('::1')
    const socket = await connect(server, '::1')
    const [report] = (await readOne(process.pid)).processes
    expect(report?.connections.map(({ local, remote }) => [local, remote])).toContainEqual([
      `[::1]:${socket.localPort}`,
      `[::1]:${portOf(server)}`,
    ])
  })

  test('a peer that has closed, and a program that has not', async () => {
    const server = await listen('127.0.0.1', { allowHalfOpen: true })
    const accepted = once(server, 'connection')
    const socket = await connect(server, '127.0.0.1')
    const [other] = (await accepted) as [net.Socket]
    other.resume()
    socket.end()
    await once(other, 'end')
    const [report] = (await readOne(process.pid)).processes
    const found = report?.connections.find(({ remote }) => remote === `127.0.0.1:${socket.localPort}`)
    expect(found).toMatchObject({ facts: { state: 'CLOSE-WAIT' } })
    expect(found?.forecast.advice).toContain('it should close too')
  })

  test('nobody notices that they are read: no packet, no option, no timer, no descriptor changes', async () => {
    const server = await listen('127.0.0.1')
    const accepted = once(server, 'connection')
    const child = await client(portOf(server))
    const [socket] = (await accepted) as [net.Socket]
    const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length
    const before = {
      counters: counters(socket),
      own: descriptors(process.pid),
      theirs: descriptors(child.pid),
    }
    const seen: ConnectionReport[] = []
    for (let count = 0; count < 20; count++) {
      const [report] = (await readOne(child.pid)).processes
      seen.push(...(report?.connections ?? []))
    }
    expect(seen).toHaveLength(20)
    expect({
      counters: counters(socket),
      own: descriptors(process.pid),
      theirs: descriptors(child.pid),
    }).toEqual(before)
    const settled = seen.map(({ facts: { timerLeftMs, reading, ...facts } }) => ({
      ...facts,
      reading: { ...reading, heardAgoMs: 0, dataSentAgoMs: 0 },
    }))
    expect(new Set(settled.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(seen[0]?.facts.reading?.options).toMatchObject({ keepalive: true, keepaliveIdleMs: 30_000 })
    // A timer that was set anew would begin again.
    const left = seen.map(({ facts }) => facts.timerLeftMs)
    for (const [index, leftMs] of left.slice(1).entries()) {
      // The table cuts off at 10 ms, both times. One set anew would have its 30 s again.
      expect(leftMs).toBeLessThanOrEqual((left[index] ?? 0) + 20)
    }
    expect(child.exitCode).toBeNull()
    // One packet, and the counters tell.
    socket.write('x')
    await expect.poll(() => counters(socket)).not.toBe(before.counters)
  })

  test('all processes, while some come and go', async () => {
    const server = await listen('127.0.0.1')
    const child = await client(portOf(server))
    const fleeting = Array.from({ length: 40 }, () => spawn('true'))
    const { processes } = await readAll()
    await Promise.all(fleeting.map((one) => one.exitCode ?? once(one, 'exit')))
    expect(processes.map(({ pid }) => pid)).toContain(child.pid)
    // The reader is not among them.
    expect(processes.map(({ pid }) => pid)).not.toContain(process.pid)
  })

  test('a process that ended', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    const error = await readOne(child.pid ?? 0).catch((error: unknown) => error)
    expect(isGone(error)).toBe(true)
  })

  testNeeding('python3', hasPython)('a process whose first thread has ended, and others live', async () => {
    const server = await listen('127.0.0.1')
    const child = await otherProcess('python3', ['-c', HEADLESS, String(portOf(server))])
    await expect.poll(() => readFileSync(`/proc/${child.pid}/stat`, 'latin1')).toMatch(/\) Z /)
    const [report] = (await readOne(child.pid)).processes
    expect(report).toMatchObject({ pid: child.pid, connections: [{ facts: { state: 'ESTABLISHED' } }] })
    expect(report?.command).toContain('python3')
  })

  test('a process that has ended, and whose parent has not asked how', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      parent.kill('SIGKILL')
    })
    const [line] = await once(parent.stdout, 'data')
    await expect.poll(() => readFileSync(`/proc/${Number(line)}/stat`, 'latin1')).toMatch(/\) Z /)
    const error = await readOne(Number(line)).catch((error: unknown) => error)
    expect([isZombie(error), isGone(error)]).toEqual([true, false])
  })

  test("another user's process", async () => {
    const asRoot = process.getuid?.() === 0
    // Root may read everything: so it is nobody for a moment.
    if (asRoot) process.seteuid?.(65_534)
    const error = await readOne(asRoot ? process.ppid : 1)
      .catch((error: unknown) => error)
      .finally(() => asRoot && process.seteuid?.(0))
    expect(isForbidden(error)).toBe(true)
  })
})

describeNeeding('network namespaces', canRead && isolation !== null)('a network namespace of its own', () => {
  const UNSHARE = 'unshare'
  const INSIDE = `ip link set lo up && echo 7 > /proc/sys/net/ipv4/tcp_retries2 && exec "$0" -e "$1"`
  const PAIR = `const net = require('net')
  const server = net.createServer().listen(0, '127.0.0.1', () =>
    net.connect(server.address().port, '127.0.0.1', () => console.log('connected')))`

  test('its sockets and its sysctls, read from outside, as root or as the user who made it', async () => {
    const own = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const child = spawn(UNSHARE, [...own, '--net', 'sh', '-c', INSIDE, process.execPath, PAIR], {
      env: environmentWithSbin(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    await once(child.stdout, 'data')
    const [report] = (await readOne(child.pid ?? 0)).processes
    expect(report?.problems).toEqual([])
    expect(report?.connections).toHaveLength(2)
    expect(report?.sysctls).toMatchObject({ tcp_retries2: '7', tcp_keepalive_time: '7200' })
    expect(report?.connections[0]?.forecast.sending?.words).toContain('tcp_retries2 = 7')
    expect(readSysctls().tcp_retries2).not.toBe('7')
  })
})

describe('isGone() and isForbidden()', () => {
  test('tell errors apart', () => {
    const error = (code: string) => Object.assign(new Error(code), { code })
    expect([error('ENOENT'), error('ESRCH')].map(isGone)).toEqual([true, true])
    expect([error('EACCES'), error('EPERM')].map(isForbidden)).toEqual([true, true])
    expect(isGone(error('EACCES')) || isForbidden(error('ENOENT')) || isGone(new TypeError())).toBe(false)
  })
})

async function hasIpv6(): Promise<boolean> {
  const server = net.createServer().listen(0, '::1')
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.once('listening', () => server.close(() => resolve(true)))
  })
}
