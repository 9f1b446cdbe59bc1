/**
 * One end of what bench/wire-inside.ts measures. `serve ADDRESS`: takes any TCP stream, and answers each datagram.
 * `ask ADDRESS`: reads `stream MILLISECONDS` (bytes a second) or `ping COUNT` (milliseconds each) and answers on a line.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const TCP_PORT = 7001
const UDP_PORT = 7002
const CHUNK = Buffer.alloc(65_536)
const PING_EVERY_MS = 3
/** An answer that is not there by then is none, and no datagram should be lost here. */
const ANSWER_LIMIT_MS = 1000

const [role = '', address = ''] = process.argv.slice(2)
if (role === 'serve') serve()
else for await (const line of createInterface(process.stdin)) await answer(line)

function serve(): void {
  const datagrams = createSocket('udp4', (message, { port, address: from }) => {
    datagrams.send(message, port, from)
  })
  datagrams.bind(UDP_PORT, address)
  createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0
    socket.on('data', (data) => {
      bytes += data.length
    })
    // What has arrived is what counts, and not what was written.
    socket.on('end', () => socket.end(String(bytes)))
  }).listen(TCP_PORT, address, () => process.stdout.write('ready\n'))
}

async function answer(line: string): Promise<void> {
  const [what = '', amount = ''] = line.split(' ')
  const measured = what === 'stream' ? [await stream(Number(amount))] : await pings(Number(amount))
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}

async function stream(forMs: number): Promise<number> {
  const socket = connect({ port: TCP_PORT, host: address, allowHalfOpen: true })
  await once(socket, 'connect')
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const began = performance.now()
  while (performance.now() - began < forMs) if (!socket.write(CHUNK)) await once(socket, 'drain')
  socket.end()
  await once(socket, 'end')
  return (1000 * Number(said)) / (performance.now() - began)
}

async function pings(count: number): Promise<number[]> {
  const socket = createSocket('udp4')
  socket.connect(UDP_PORT, address)
  await once(socket, 'connect')
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const began = performance.now()
    socket.send(Buffer.of(0))
    await once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    times.push(performance.now() - began)
    await delay(PING_EVERY_MS)
  }
  socket.close()
  return times
}
