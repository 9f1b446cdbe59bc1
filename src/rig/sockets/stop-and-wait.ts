/** Stop-and-wait over UDP, led step by step. */
import type { StopAndWaitRequests } from '../../programs/scripts/stop-and-wait/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** @param host where it is spoken */
export function stopAndWait(host: LedHost) {
  return {
    /** Takes messages from whoever sends, acknowledges each and hands it over once. */
    receive: async (mechanism: string, { port = 0 }: { port?: number } = {}): Promise<SocketAddress> => {
      const opened = await host.ask('stopAndWaitReceive', mechanism, undefined, { mechanism, port })
      return host.serves(mechanism, opened.port)
    },

    /** Sends messages one after the other, each until it is acknowledged; resolves when that is over. */
    send: async (
      mechanism: string,
      to: SocketAddress,
      { bytes, ...limits }: Omit<StopAndWaitRequests['stopAndWaitSend']['ask'], 'mechanism' | 'to'>,
    ): Promise<'all-acknowledged' | 'given-up'> => {
      await host.calls(mechanism, to)
      const { count, timeoutMs, triesMax } = limits
      const ask = { mechanism, to, bytes, ...limits }
      const longestMs = count * timeoutMs * triesMax
      return (await host.ask('stopAndWaitSend', mechanism, undefined, ask, longestMs)).outcome
    },
  }
}
