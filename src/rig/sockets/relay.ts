/** Relays that a lab starts and sets. */
import type { RelayDirection } from '../../events/vocabulary.ts'
import type { LaneMode } from '../../programs/relay/lane.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

export interface Relay {
  /** Where clients connect to instead of the server. */
  readonly at: SocketAddress
  /** Both directions where none is given. */
  set(mode: LaneMode, direction?: RelayDirection): Promise<void>
  /** RST to both ends of every TCP connection. */
  reset(): Promise<void>
}

/** @param host where they run */
export function relays(host: LedHost) {
  /**
   * Listens at `at` and passes on to a server; see `src/programs/relay/relay.ts` for what it cannot do.
   * @param onward what its second leg is called, where it is not a row with the first
   */
  return async (
    mechanism: string,
    protocol: 'tcp' | 'udp',
    to: SocketAddress,
    { port = 0, onward = mechanism }: { port?: number; onward?: string } = {},
  ): Promise<Relay> => {
    const opened = await host.ask('relayStart', mechanism, undefined, { mechanism, protocol, port, to })
    const at = await host.serves(mechanism, opened.port)
    await host.calls(onward, to)
    return {
      at,
      set: async (mode, direction) => {
        const both = direction === undefined ? {} : { direction }
        await host.ask('relaySet', mechanism, undefined, { mechanism, mode, ...both })
      },
      reset: async () => {
        await host.ask('relayReset', mechanism, undefined, { mechanism })
      },
    }
  }
}
