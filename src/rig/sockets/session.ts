/** Servers and clients of the session protocol, led step by step. */
import type { SessionRequests } from '../../programs/scripts/session/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** A client of the session protocol. */
export interface SessionHandle {
  /**
   * Says the messages `first`, `first + 1`, ...; resolves when the last is taken, or the session is over.
   * @param withinMs how long it may take beyond its own rhythm, since a full queue has to wait
   */
  say(first: number, count: number, everyMs: number, withinMs?: number): Promise<{ taken: number }>
  /** Goes on over a new connection from another address of its host. */
  move(localAddress: string): Promise<void>
  /** Breaks its connection; it makes another. */
  drop(): Promise<void>
  /** Ends the session in order. */
  leave(): Promise<void>
}

/** @param host where they run */
export function sessions(host: LedHost) {
  return {
    /**
     * Keeps sessions, and answers each message with its count.
     * @param storeFolder where they survive the host's process; null: nowhere
     */
    serve: async (
      mechanism: string,
      options: Omit<SessionRequests['sessionServe']['ask'], 'mechanism'>,
    ): Promise<SocketAddress> => {
      const opened = await host.ask('sessionServe', mechanism, undefined, { mechanism, ...options })
      return host.serves(mechanism, opened.port)
    },

    /** Starts a client; what comes of it is in the log. @param name what this host calls it */
    open: async (
      mechanism: string,
      at: SocketAddress,
      { name, ...options }: Omit<SessionRequests['sessionOpen']['ask'], 'mechanism' | 'address' | 'port'>,
    ): Promise<SessionHandle> => {
      await host.calls(mechanism, at)
      const which = { mechanism, name }
      await host.ask('sessionOpen', mechanism, undefined, { ...which, ...at, ...options })
      return {
        say: (first, count, everyMs, withinMs = 0) => {
          const ask = { ...which, first, count, everyMs }
          return host.ask('sessionSay', mechanism, undefined, ask, count * everyMs + withinMs)
        },
        move: async (localAddress) => {
          await host.ask('sessionMove', mechanism, undefined, { ...which, localAddress })
        },
        drop: async () => {
          await host.ask('sessionDrop', mechanism, undefined, which)
        },
        leave: async () => {
          await host.ask('sessionLeave', mechanism, undefined, which)
        },
      }
    },
  }
}
