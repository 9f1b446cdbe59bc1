/** HTTP servers and clients with Node's own limits, led step by step. */
import type { HttpClientKind, HttpConduct, HttpLimits } from '../../programs/scripts/http/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** @param host where they are */
export function httpSockets(host: LedHost) {
  return {
    /** Serves. @param limits what is left out is as Node has it. @throws Error with EADDRINUSE, ... when it cannot */
    listen: async (
      mechanism: string,
      { does = 'answer', ...limits }: { does?: HttpConduct } & Partial<HttpLimits> = {},
    ): Promise<SocketAddress> => {
      const opened = await host.ask('httpListen', mechanism, undefined, { mechanism, port: 0, does, limits })
      return host.serves(mechanism, opened.port)
    },

    /** Asks for `/`, over the connection of the request before where there is one; resolves when it is begun. */
    get: async (
      mechanism: string,
      at: SocketAddress,
      { by, headersTimeoutMs }: { by: HttpClientKind; headersTimeoutMs?: number | undefined },
    ): Promise<void> => {
      await host.calls(mechanism, at)
      const limit = headersTimeoutMs === undefined ? {} : { headersTimeoutMs }
      await host.ask('httpGet', mechanism, undefined, { mechanism, ...at, by, ...limit })
    },
  }
}
