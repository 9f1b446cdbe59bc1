/** Ends of a VPN that a lab leads step by step. */
import type { LedHost, SocketAddress } from './led-host.ts'

export interface VpnEnd {
  readonly at: SocketAddress
  /** From inside to an address inside. */
  ping(to: string): Promise<void>
  close(): Promise<void>
}

/** @param host where they are */
export function vpnPeers(host: LedHost) {
  return {
    /**
     * @param conf as a file of wg-quick(8) has it
     * @param to where its peer is, if it is to begin
     * @throws Error for a configuration that is wrong
     */
    open: async (
      mechanism: string,
      conf: string,
      { to, ...how }: { to?: SocketAddress; everywhere?: boolean; tun?: string; clockRate?: number } = {},
    ): Promise<VpnEnd> => {
      if (to !== undefined) await host.calls(mechanism, to)
      const { port } = await host.ask('vpnOpen', mechanism, undefined, { mechanism, conf, ...how })
      const at = to === undefined ? await host.serves(mechanism, port) : { address: host.address, port }
      return {
        at,
        ping: async (to) => {
          await host.ask('vpnPing', mechanism, undefined, { mechanism, to })
        },
        close: async () => {
          await host.ask('vpnClose', mechanism, undefined, { mechanism })
        },
      }
    },
  }
}
