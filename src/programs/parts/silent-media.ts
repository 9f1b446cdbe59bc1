/** The ears of a telephone that neither speaks nor hears: a port that is there, so that nobody is told it is not. */
import * as dgram from 'node:dgram'
import { bindUdp } from './udp-socket.ts'

export async function openSilentMedia(host: string) {
  const socket = dgram.createSocket('udp4')
  const port = await bindUdp(socket, { host, port: 0 })
  return { port, agreed() {}, close: () => void socket.close() }
}
