/**
 * Opens sockets as they were drawn, says so, and when told that the peer is silent does what each was drawn to do.
 * Prints a line of JSON whenever something happens; times are those of CLOCK_MONOTONIC in milliseconds.
 */
import { once } from 'node:events'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { loadKoffi } from '../../../src/kernel/libc.ts'
import type { Draw } from './draws.ts'
import { PORTS } from './ports.ts'

const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_KEEPALIVE = 9
const IPPROTO_TCP = 6
const TCP = { idle: 4, interval: 5, probes: 6, synCount: 7, userTimeout: 18, rtoMax: 44 } as const
const MSG_DONTWAIT = 0x40
const SHUT_WR = 1
const SEND_BUFFER_BYTES = 8192
/** A peer whose window closes tells so within its delayed acknowledgement. */
const SETTLE_MS = 300

const TCP_INFO = 11
/** TCP_CLOSE in include/net/tcp_states.h. */
const CLOSED = 7
const POLL_MS = 10

const c = loadKoffi().load(null)
const setsockopt = c.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)')
const getsockopt = c.func(
  'int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ uint32_t *bytes)',
)
const send = c.func('long send(int fd, const void *data, size_t bytes, int flags)')
const shutdown = c.func('int shutdown(int fd, int how)')

const [address = '', drawn = '[]'] = process.argv.slice(2)
const draws = JSON.parse(drawn) as Draw[]
const sockets = new Map<number, net.Socket>()

function say(line: object): void {
  process.stdout.write(`${JSON.stringify({ ...line, atMs: Number(process.hrtime.bigint()) / 1e6 })}\n`)
}

function fdOf(socket: net.Socket): number {
  return (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1
}

function set(fd: number, level: number, option: number, value: number): void {
  setsockopt(fd, level, option, Buffer.from(Int32Array.of(value).buffer), 4)
}

function applyOptions(fd: number, { keepalive, userTimeoutMs, rtoMaxMs, synCount }: Draw): void {
  if (keepalive !== null) {
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
    for (const name of ['idle', 'interval', 'probes'] as const) {
      const value = keepalive[name]
      if (value !== undefined) set(fd, IPPROTO_TCP, TCP[name], value)
    }
  }
  if (userTimeoutMs > 0) set(fd, IPPROTO_TCP, TCP.userTimeout, userTimeoutMs)
  if (rtoMaxMs > 0) set(fd, IPPROTO_TCP, TCP.rtoMax, rtoMaxMs)
  if (synCount > 0) set(fd, IPPROTO_TCP, TCP.synCount, synCount)
}

function connect(draw: Draw): net.Socket {
  const { id, scenario } = draw
  const port =
    scenario === 'window-closed' || scenario === 'fin-behind-window'
      ? PORTS['never-reads']
      : scenario === 'close-wait' || scenario === 'last-ack'
        ? PORTS.closes
        : PORTS.reads
  const socket = net.connect({ host: address, port, allowHalfOpen: true })
  socket.on('error', (error: NodeJS.ErrnoException) => say({ id, ended: error.code }))
  socket.on('close', (hadError) => hadError || say({ id, ended: 'closed' }))
  sockets.set(id, socket)
  return socket
}

async function open(draw: Draw): Promise<void> {
  const { id, scenario } = draw
  const socket = connect(draw)
  await once(socket, 'connect')
  const fd = fdOf(socket)
  applyOptions(fd, draw)
  say({ id, local: `${socket.localAddress}:${socket.localPort}` })
  socket.resume()
  // Node reads no more where the peer has closed, and so hears of nothing.
  if (scenario === 'close-wait' || scenario === 'last-ack') watchState(id, fd)
  if (scenario === 'window-closed' || scenario === 'fin-behind-window') {
    set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
    await fill(fd)
    if (scenario === 'fin-behind-window') shutdown(fd, SHUT_WR)
  } else if (scenario === 'half-closed') shutdown(fd, SHUT_WR)
  else if (scenario === 'idle' || scenario === 'busy') {
    // A round trip, as a connection in use has many.
    socket.write('hello')
  }
}

function watchState(id: number, fd: number): void {
  const info = Buffer.alloc(8)
  const timer = setInterval(() => {
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, [info.length]) === 0 && info[0] !== CLOSED) return
    clearInterval(timer)
    say({ id, ended: 'closed' })
  }, POLL_MS)
}

/** Until neither end has room. */
async function fill(fd: number): Promise<void> {
  const chunk = Buffer.alloc(4096)
  for (let full = 0; full < 3; ) {
    if (Number(send(fd, chunk, chunk.length, MSG_DONTWAIT)) > 0) full = 0
    else {
      full += 1
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS / 3))
    }
  }
}

/** What is lost. */
function act(draw: Draw): void {
  const { id, scenario } = draw
  const data = Buffer.from('lost')
  if (scenario === 'connecting') {
    say({ id, sent: true })
    const socket = connect(draw)
    setImmediate(() => {
      applyOptions(fdOf(socket), draw)
      say({ id, local: `connecting:${id}`, fd: fdOf(socket) })
    })
    return
  }
  const fd = fdOf(sockets.get(id) as net.Socket)
  if (fd < 0) return
  if (scenario === 'busy') send(fd, data, data.length, MSG_DONTWAIT)
  else if (scenario === 'several-in-flight') {
    for (let count = 0; count < 3; count++) send(fd, data, data.length, MSG_DONTWAIT)
  } else if (scenario === 'fin-lost' || scenario === 'last-ack') shutdown(fd, SHUT_WR)
  else return
  say({ id, sent: true })
}

await Promise.all(draws.filter(({ scenario }) => scenario !== 'connecting').map(open))
say({ ready: true })
createInterface({ input: process.stdin })
  .on('line', () => {
    for (const draw of draws) setTimeout(() => act(draw), draw.sendAfterMs)
  })
  .on('close', () => process.exit())
