/**
 * A series of numbered datagrams to another host's echo port: what the network between did to them is seen
 * from what comes back. This is how a fault of the network is proved, apart from the act and from the
 * connections under test.
 */
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface EchoSeries {
  address: string
  port: number
  /** How many datagrams. */
  count: number
  /** How far apart, at least. */
  everyMs: number
  /** How many bytes of payload each has. */
  bytes: number
  /** After this time from the last one on, what has not come back is taken for lost. */
  withinMs: number
}

export interface EchoResult {
  /** In the order in which they came back; one that was doubled comes twice. */
  echoes: { number: number; afterMs: number }[]
  /** What the socket failed with: an ICMP error came back for an earlier datagram (RFC 1122 4.1.3.3). */
  errors: string[]
}

/** Doubled on the way there and back, a datagram comes four times. More is somebody else's. */
const ECHOES_OF_ONE_MAX = 4
const ERRORS_MAX = 10

/** Never rejects: a network that takes nothing is a result. */
export async function measureEcho(series: EchoSeries): Promise<EchoResult> {
  const { address, port, count, everyMs, bytes, withinMs } = series
  const result: EchoResult = { echoes: [], errors: [] }
  const sentAt: number[] = []
  const socket = dgram.createSocket('udp4')
  const failed = (error: NodeJS.ErrnoException | null) => {
    if (error !== null && result.errors.length < ERRORS_MAX) result.errors.push(error.code ?? error.message)
  }
  socket.on('error', failed)
  socket.on('message', (message) => {
    const number = Number(/^probe (\d{1,9}) /.exec(message.toString('latin1', 0, 20))?.[1])
    const sent = sentAt[number]
    if (sent === undefined || result.echoes.length >= ECHOES_OF_ONE_MAX * count) return
    result.echoes.push({ number, afterMs: performance.now() - sent })
  })
  try {
    // Connected, since only then the kernel tells of ICMP errors.
    socket.connect(port, address)
    await once(socket, 'connect')
    for (let number = 0; number < count; number++) {
      sentAt.push(performance.now())
      socket.send(`probe ${number} `.padEnd(bytes, '.'), failed)
      await delay(everyMs)
    }
    await delay(withinMs)
  } catch (error) {
    failed(error as NodeJS.ErrnoException)
  } finally {
    socket.close()
  }
  return result
}
