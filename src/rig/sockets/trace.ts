/** Traceroute that a lab starts. */
import type { Hop } from '../../programs/traceroute.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** Hops that say nothing are waited for. */
const TAKES_MS = 4000

/** @param host where it runs */
export function traces(host: LedHost) {
  /** Which way does the flow from that port of this host to there take? Both ports have to be free. */
  return async (mechanism: string, port: number, to: SocketAddress): Promise<Hop[]> => {
    await host.calls(mechanism, to)
    const ask = { mechanism, port, to }
    return (await host.ask('traceRoute', mechanism, `${mechanism}:${port}`, ask, TAKES_MS)).hops
  }
}
