/** UDP sockets that a lab leads step by step. */
import type { UdpRequests } from '../../programs/scripts/udp/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

export interface UdpSocket {
  readonly at: SocketAddress
  /** Undefined for a server's, whose events are each in the group of the sender's port. */
  readonly groupId: string | undefined
  sendText(text: string, to?: SocketAddress): Promise<void>
  /** Numbered datagrams; resolves when the kernel has taken or refused the last. `to`: as opened. */
  send(what: { count?: number; bytes?: number; intervalMs?: number; to?: SocketAddress }): Promise<void>
  /** What arrived so far, by sender; also logged. */
  count(): Promise<UdpRequests['udpCount']['answer']>
  close(): Promise<void>
}

/** @param host where they are */
export function udpSockets(host: LedHost) {
  return {
    /**
     * Opens a socket: with `to` a client's, without a server's, which answers whoever sends.
     * @throws Error with EADDRINUSE, ... when it cannot
     */
    open: async (
      mechanism: string,
      options: Partial<Omit<UdpRequests['udpOpen']['ask'], 'mechanism'>> = {},
    ): Promise<UdpSocket> => {
      const { port } = await host.ask('udpOpen', mechanism, undefined, { mechanism, port: 0, ...options })
      const { to } = options
      const isServer = to === undefined
      if (!isServer) await host.calls(mechanism, to)
      const at = isServer ? await host.serves(mechanism, port) : { address: host.address, port }
      const groupId = isServer ? undefined : `${mechanism}:${port}`
      return {
        at,
        groupId,
        sendText: async (text, to) => {
          const ask = { mechanism, port, text, ...(to === undefined ? {} : { to }) }
          await host.ask('udpSend', mechanism, groupId, ask)
        },
        send: async ({ count = 1, bytes = 0, intervalMs = 0, to }) => {
          const ask = { mechanism, port, count, bytes, intervalMs, ...(to === undefined ? {} : { to }) }
          await host.ask('udpSend', mechanism, groupId, ask, count * intervalMs)
        },
        count: () => host.ask('udpCount', mechanism, groupId, { mechanism, port }),
        close: async () => {
          await host.ask('udpClose', mechanism, groupId, { mechanism, port })
        },
      }
    },
  }
}
