/**
 * Sockets that Node cannot make, opened and read by one process in namespaces of its own: Multipath TCP, fast open
 * that waits, a neighbour who does not exist, and a connection whose process went to another network namespace.
 * Started by test/forecast/odd-sockets.test.ts.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { type ProcessReport, readOne } from '../../src/forecast/read.ts'
import { loadKoffi } from '../../src/kernel/libc.ts'

export interface OddSockets {
  /** Of each by its port. */
  multipath: ProcessReport | null
  fastOpen: ProcessReport
  /** By address family, with the error that came, and when, after the reading. */
  neighbours: { family: 4 | 6; report: ProcessReport; code: string; afterMs: number }[]
  moved: ProcessReport
}

const AF_INET = 2
const SOCK_STREAM = 1
const IPPROTO_TCP = 6
const IPPROTO_MPTCP = 262
const TCP_FASTOPEN = 23
const TCP_FASTOPEN_CONNECT = 30
const CLONE_NEWNET = 0x40000000

const c = loadKoffi().load(null)
const socket = c.func('int socket(int family, int type, int protocol)')
const bind = c.func('int bind(int fd, const void *address, uint32_t bytes)')
const listen = c.func('int listen(int fd, int backlog)')
const connect = c.func('int connect(int fd, const void *address, uint32_t bytes)')
const accept = c.func('int accept(int fd, void *address, void *bytes)')
const send = c.func('long send(int fd, const void *data, size_t bytes, int flags)')
const setsockopt = c.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)')
const unshare = c.func('int unshare(int what)')

const one = Buffer.from(Int32Array.of(1).buffer)

/** struct sockaddr_in of 127.0.0.1. */
function loopback(port: number): Buffer {
  const address = Buffer.alloc(16)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  Buffer.from([127, 0, 0, 1]).copy(address, 4)
  return address
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' })
}

async function look(): Promise<ProcessReport> {
  const [report] = (await readOne(process.pid)).processes
  if (report === undefined) throw new Error('nothing was read')
  return report
}

async function openMultipath(port: number): Promise<ProcessReport | null> {
  const [server, client] = [0, 0].map(() => socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)) as [number, number]
  if (server < 0 || client < 0) return null
  bind(server, loopback(port), 16)
  listen(server, 1)
  connect(client, loopback(port), 16)
  return await look()
}

/** The first connection gets a cookie; the second needs no SYN until something is written. */
async function openFast(port: number): Promise<ProcessReport> {
  writeFileSync('/proc/sys/net/ipv4/tcp_fastopen', '3')
  const server = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
  bind(server, loopback(port), 16)
  setsockopt(server, IPPROTO_TCP, TCP_FASTOPEN, one, one.length)
  listen(server, 2)
  for (const isFirst of [true, false]) {
    const client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    setsockopt(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, one, one.length)
    connect(client, loopback(port), 16)
    if (!isFirst) continue
    send(client, one, one.length, 0)
    accept(server, null, null)
  }
  return await look()
}

async function askNobody(family: 4 | 6, host: string): Promise<OddSockets['neighbours'][number]> {
  const client = net.connect(9, host)
  const ended = once(client, 'error').catch((error: NodeJS.ErrnoException) => [error])
  await new Promise((resolve) => setTimeout(resolve, 200))
  const report = await look()
  const readMs = performance.now()
  const [error] = await ended
  return { family, report, code: error.code ?? '', afterMs: performance.now() - readMs }
}

ip('link', 'set', 'lo', 'up')
ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
ip('link', 'set', 'dev', 'eth1', 'up')
ip('link', 'set', 'dev', 'eth0', 'up')
ip('addr', 'add', '10.9.0.1/24', 'dev', 'eth0')
ip('addr', 'add', 'fd00:9::1/64', 'dev', 'eth0', 'nodad')
const neighbours = await Promise.all([askNobody(4, '10.9.0.9'), askNobody(6, 'fd00:9::9')])
const multipath = await openMultipath(7101)
const fastOpen = await openFast(7102)
unshare(CLONE_NEWNET)
const moved = await look()
const result: OddSockets = { multipath, fastOpen, neighbours, moved }
process.stdout.write(JSON.stringify(result), () => process.exit())
