/** What the two kinds of clients have in common. */
import type * as net from 'node:net'

/** `sent` is called with the socket that the request travels on; resolves with the status of its answer. */
export type Get = (sent: (socket: net.Socket) => void) => Promise<number>

export interface HttpClient {
  get: Get
  close(): void
}
