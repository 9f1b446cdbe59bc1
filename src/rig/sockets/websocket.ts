/** WebSockets that a lab leads step by step, and sessions over them. */
import type { EventData } from '../../events/vocabulary.ts'
import type { WebSocketRequests } from '../../programs/scripts/websocket/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** Some milliseconds; on a machine that does much else, one after the other, a second or two for a dozen. */
const CLIENT_STARTS_MS = 200

export interface WebSocketListener {
  readonly at: SocketAddress
  /** This host's end of a client's connection; its steps reject unless it is open. */
  accepted(groupId: string): WebSocketEnd
}

/** One end of a WebSocket. A server's steps reject once it is over. */
export interface WebSocketEnd {
  /** `<mechanism>:<client port>`, the same at both ends. */
  readonly groupId: string
  send(text: string): Promise<void>
  /** `close`: says goodbye and waits for the peer's; `terminate`: gives the socket up. */
  end(call: 'close' | 'terminate'): Promise<void>
  /** Logs what the object says of itself, and what its kernel says. */
  read(): Promise<EventData<'websocket:state_read'>>
}

/** @param host where they are */
export function webSockets(host: LedHost) {
  return {
    /** Accepts WebSockets. @param timings on these paths it pings and judges, on others it does not */
    listen: async (
      mechanism: string,
      {
        port = 0,
        timings = {},
      }: Partial<Pick<WebSocketRequests['webSocketListen']['ask'], 'port' | 'timings'>> = {},
    ): Promise<WebSocketListener> => {
      const opened = await host.ask('webSocketListen', mechanism, undefined, { mechanism, port, timings })
      const at = await host.serves(mechanism, opened.port)
      return { at, accepted: (groupId) => webSocketEnd(host, mechanism, groupId) }
    },

    /** Serves a page to a browser, at a port of its own. @returns its URL */
    page: async (mechanism: string, html: string): Promise<string> => {
      const { port } = await host.ask('webSocketPage', mechanism, undefined, { html })
      return `http://${host.address}:${port}/`
    },

    /** Resolves when it is open. @throws Error when it comes to nothing */
    connect: async (
      mechanism: string,
      at: SocketAddress,
      { path, closeTimeoutMs }: { path: string; closeTimeoutMs?: number },
    ): Promise<WebSocketEnd> => {
      await host.calls(mechanism, at)
      const limit = closeTimeoutMs === undefined ? {} : { closeTimeoutMs }
      const ask = { mechanism, ...at, path, ...limit }
      const { groupId } = await host.ask('webSocketConnect', mechanism, undefined, ask)
      return webSocketEnd(host, mechanism, groupId)
    },

    /** Clients that connect again whenever they are over, until the host ends; resolves when all have begun. */
    reconnecting: async (
      mechanism: string,
      at: SocketAddress,
      clients: Pick<WebSocketRequests['webSocketReconnecting']['ask'], 'limits' | 'draws'>,
    ): Promise<void> => {
      await host.calls(mechanism, at)
      const ask = { mechanism, ...at, ...clients }
      await host.ask(
        'webSocketReconnecting',
        mechanism,
        undefined,
        ask,
        CLIENT_STARTS_MS * clients.draws.length,
      )
    },

    /** Keeps sessions over WebSockets. */
    serveSessions: async (
      mechanism: string,
      sessionTiming: WebSocketRequests['webSocketSessionServe']['ask']['sessionTiming'],
    ): Promise<SocketAddress> => {
      const ask = { mechanism, port: 0, sessionTiming }
      const { port } = await host.ask('webSocketSessionServe', mechanism, undefined, ask)
      return host.serves(mechanism, port)
    },

    /** A client with a session, which connects again whenever its connection is over. */
    openSession: async (
      mechanism: string,
      at: SocketAddress,
      settings: Pick<WebSocketRequests['webSocketSessionOpen']['ask'], 'sessionTiming' | 'limits' | 'draws'>,
    ): Promise<{ say(count: number, everyMs: number): Promise<void> }> => {
      await host.calls(mechanism, at)
      await host.ask('webSocketSessionOpen', mechanism, undefined, { mechanism, ...at, ...settings })
      return {
        say: async (count, everyMs) => {
          const ask = { mechanism, count, everyMs }
          await host.ask('webSocketSessionSay', mechanism, undefined, ask, 2 * count * everyMs)
        },
      }
    },

    /** The whole process of the host computes for so long. Resolves when it is over. */
    block: async (mechanism: string, blockMs: number): Promise<void> => {
      await host.ask('webSocketBlock', mechanism, undefined, { blockMs }, blockMs)
    },
  }
}

function webSocketEnd(host: LedHost, mechanism: string, groupId: string): WebSocketEnd {
  return {
    groupId,
    send: async (text) => {
      await host.ask('webSocketSend', mechanism, groupId, { groupId, text })
    },
    end: async (call) => {
      await host.ask('webSocketEnd', mechanism, groupId, { groupId, call })
    },
    read: () => host.ask('webSocketRead', mechanism, groupId, { groupId }),
  }
}
