/**
 * `node --import tsx bench/heartbeat-server.ts KIND`: one of the servers that bench/heartbeat.ts compares. Prints the port
 * that it listens at on 127.0.0.1, and serves until its standard input ends.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { type Emitter, openEventLog } from '../src/events/emit.ts'
import { PeerBelief } from '../src/programs/parts/belief.ts'
import { TcpConnection } from '../src/programs/parts/tcp-connection.ts'

const PATIENCE_MS = 10_000

/** The least that Node can do: cut lines, read the number, keep a deadline, answer. Nothing is checked or judged. */
function bare(): net.Server {
  return net.createServer({ noDelay: true }, (socket) => {
    let rest = ''
    const deadline = setTimeout(() => socket.destroy(), PATIENCE_MS)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        deadline.refresh()
        if (line.startsWith('PING ')) socket.write(`PONG ${Number(line.slice(5))}\n`)
      }
    })
    socket.on('error', () => {}).on('close', () => clearTimeout(deadline))
  })
}

/** The connection of `tcp-server --heartbeat`, without the limits on how many a server takes. */
function ours(emit: Emitter): net.Server {
  return net.createServer({ noDelay: true }, (socket) => {
    const connection = new TcpConnection(socket, { heartbeat: true }, emit, new PeerBelief(emit, 'tcp:1'))
    socket.on('error', () => connection.reset())
  })
}

/** `ws` answers pings by itself. */
function webSocket(): net.Server {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => socket.on('error', () => {}))
  return (server as unknown as { _server: net.Server })._server
}

const folder = mkdtempSync(join(tmpdir(), 'stillhere-bench-'))
const logged = () =>
  openEventLog({ file: join(folder, 'events.ndjson'), run: 'bench', lab: 'bench', host: 'b', incarnation: 1 })
const kinds: Record<string, () => net.Server> = {
  bare,
  ws: webSocket,
  ours: () => ours(() => {}),
  logged: () => ours(logged().emitter('tcp-server')),
}

const server = kinds[process.argv[2] ?? '']?.()
if (server === undefined) throw new Error(`no such kind; expected one of ${Object.keys(kinds).join(', ')}`)
if (process.argv[2] !== 'ws') server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`${(server.address() as net.AddressInfo).port}\n`)
process.stdin.resume().once('end', () => {
  rmSync(folder, { recursive: true })
  process.exit()
})
