/** The three calls on a UDP socket that Node offers only with callbacks. */
import type { Socket } from 'node:dgram'

/**
 * connect() on a UDP socket sends nothing: the kernel notes the peer's address, lets in only what comes
 * from there, and reports ICMP errors. @returns the local port that the kernel chose
 */
export function connectUdp(socket: Socket, to: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.connect(to.port, to.host, (error?: Error) =>
      error ? reject(error) : resolve(socket.address().port),
    )
  })
}

/** @returns the port; rejects with EADDRINUSE, EADDRNOTAVAIL, EACCES */
export function bindUdp(socket: Socket, at: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(at.port, at.host, () => {
      socket.off('error', reject)
      resolve(socket.address().port)
    })
  })
}

/** Nobody is told: UDP has no goodbye. */
export function closeUdp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve())
  })
}
