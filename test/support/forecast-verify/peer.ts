/** The servers of one host: one reads, one never does, one closes its side at once. Ended by its input. */
import net from 'node:net'
import { loadKoffi } from '../../../src/kernel/libc.ts'
import { PORTS } from './ports.ts'

const SOL_SOCKET = 1
const SO_RCVBUF = 8
/** Small, so that a client fills it soon. */
const RECEIVE_BUFFER_BYTES = 4096

const setsockopt = loadKoffi()
  .load(null)
  .func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)')

async function serve(port: number, onConnection: (socket: net.Socket) => void, pauseOnConnect = false) {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect }, (socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port, host: '0.0.0.0', backlog: 4096 }, resolve))
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  if (pauseOnConnect) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, Buffer.from(Int32Array.of(RECEIVE_BUFFER_BYTES).buffer), 4)
  }
}

await serve(PORTS.reads, (socket) => socket.resume())
await serve(PORTS['never-reads'], () => {}, true)
await serve(PORTS.closes, (socket) => socket.resume().end())
process.stdin.resume().on('end', () => process.exit())
process.stdout.write('listening\n')
