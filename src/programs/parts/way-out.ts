/** A port on a host's loopback that leads, through a Unix socket, out of the host. */
import { once } from 'node:events'
import * as net from 'node:net'

/** Anybody who asks for more has no use for a lab. */
const CONNECTIONS_MAX = 200

/**
 * Passes each connection on to the socket at `path`.
 * @returns the port
 */
export async function startWayOut(path: string): Promise<number> {
  // An end that has no more to say may still listen.
  const server = net.createServer({ allowHalfOpen: true }, (inside) => {
    const outside = net.connect({ path, allowHalfOpen: true })
    inside.pipe(outside).pipe(inside)
    inside.on('error', () => outside.destroy())
    outside.on('error', () => inside.destroy())
  })
  server.maxConnections = CONNECTIONS_MAX
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}
