/**
 * What a server gives to those it does not know: a number of connections, some time, and an end.
 *
 * A client beyond the limit is not simply turned away: whoever takes all places first would then shut out
 * everybody who comes later. Instead the oldest stranger makes room. `keep` says who is no longer a stranger.
 */
import type * as net from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * For `http.createServer`: a request has to be there in time, however slowly it is sent, and who has
 * connected has to begin one. Node looks every 30 s unless it is told otherwise.
 */
export const HTTP_TIME_LIMITS = {
  /** From the first moment of a connection, or of a request, to the end of its headers. */
  headersTimeout: 5000,
  /** The same to the end of its body. */
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} as const

export interface Admission {
  /**
   * Asked first for each new connection. One stranger of the same address, or of any, may be destroyed for it.
   * @returns false when those who are kept have all places: the connection is destroyed, and there is nothing to do
   */
  admits(socket: net.Socket): boolean
  /** From now on nobody takes its place; a TLS socket stands for the connection it is on. */
  keep(socket: net.Socket): void
}

/** Limits the TCP connections of one server. @param perAddressMax of one client's address, of `connectionsMax` in all */
export function admission({
  connectionsMax,
  perAddressMax,
}: {
  connectionsMax: number
  perAddressMax: number
}): Admission {
  /** By peer, oldest first. */
  const places = new Map<string, { socket: net.Socket; address: string; isKept: boolean }>()

  /** Whether there is a place among those that count, or one was made. */
  function makeRoom(max: number, counts: (address: string) => boolean): boolean {
    const counted = [...places].filter(([, { address }]) => counts(address))
    if (counted.length < max) return true
    const stranger = counted.find(([, { isKept }]) => !isKept)
    if (stranger === undefined) return false
    const [peer, { socket }] = stranger
    places.delete(peer)
    socket.destroy()
    return true
  }

  return {
    admits(socket) {
      const address = socket.remoteAddress
      // No address: it was gone before anybody could ask it.
      const isAdmitted =
        address !== undefined &&
        makeRoom(perAddressMax, (other) => other === address) &&
        makeRoom(connectionsMax, () => true)
      if (!isAdmitted) {
        socket.destroy()
        return false
      }
      const peer = peerOf(socket)
      const place = { socket, address, isKept: false }
      places.set(peer, place)
      socket.once('close', () => {
        // Its port may be somebody else's by now.
        if (places.get(peer) === place) places.delete(peer)
      })
      return true
    },
    keep(socket) {
      const place = places.get(peerOf(socket))
      if (place !== undefined) place.isKept = true
    },
  }
}

function peerOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/**
 * Destroys a connection as soon as the last thing that was said is on its way. With `end` alone it stays half open,
 * and takes up a place, until the other end closes as well, which nobody can make it do.
 */
export function destroyOnceEnded(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
}

/** A last answer, and the end of the connection. */
export function endWith(socket: Duplex, answer: string): void {
  destroyOnceEnded(socket)
  socket.end(answer)
}
