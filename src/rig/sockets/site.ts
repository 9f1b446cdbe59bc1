/** The programs of a web site, in the process of a host that a lab leads. */
import type { Policy } from '../../programs/balancer.ts'
import type { SiteRequests } from '../../programs/scripts/site/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** Some milliseconds; on a machine that starts dozens of processes some seconds. */
const SITE_STARTS_WITHIN_MS = 20_000

/** @param host where they run */
export function site(host: LedHost) {
  return {
    /** A web bank that runs in this host's process, with its sessions in memory. */
    async bank(
      mechanism: string,
      { name = 'bank', secure = false, sessions = {} }: Partial<SiteRequests['bankStart']['ask']> = {},
    ): Promise<SocketAddress & { certificate: string | null }> {
      const ask = { mechanism, address: host.address, name, secure, sessions }
      const { port, certificate } = await host.ask(
        'bankStart',
        mechanism,
        undefined,
        ask,
        SITE_STARTS_WITHIN_MS,
      )
      const at = await host.serves(mechanism, port)
      return { ...at, certificate }
    },

    /** Passes requests on to several servers; see `src/programs/balancer.ts`. @throws Error with EADDRINUSE, ... */
    async balancer(
      mechanism: string,
      backends: readonly SocketAddress[],
      how: { policy: Policy; connectionsMax?: number },
    ): Promise<SocketAddress> {
      for (const at of backends) await host.calls(mechanism, at)
      const ask = { mechanism, backends, ...how }
      const opened = await host.ask('balancerStart', mechanism, undefined, ask, SITE_STARTS_WITHIN_MS)
      return host.serves(mechanism, opened.port)
    },
  }
}
