/**
 * Sockets of one host that a lab leads step by step, so that it reads as what happens:
 *
 *   const listener = await rig.sockets(b).tcp.listen('handshake')
 *   const client = await rig.sockets(a).tcp.connect('handshake', listener.at)
 *   await client.connected()
 *   await client.write('one')
 *   await listener.accepted(client).end()
 *
 * What each step led to is in the log, in the group of its connection. Steps reject only when the host's process
 * has ended, or was asked for nonsense: an error of a socket is a result, and an event.
 */
import type { Emitter } from '../events/emit.ts'
import type { EventData, RelayDirection } from '../events/vocabulary.ts'
import type { Host } from '../hosts/host.ts'
import type { Keepalive } from '../kernel/socket-options.ts'
import type { Policy } from '../programs/balancer.ts'
import type { LaneMode } from '../programs/relay/lane.ts'
import type { HostRequests, RequestName } from '../programs/scripts/host-messages.ts'
import type {
  ConnectOutcome,
  HttpClientKind,
  HttpConduct,
  HttpLimits,
  TcpAct,
  TcpConduct,
  TcpSetting,
  UserAnswer,
  UserAsk,
} from '../programs/scripts/requests.ts'

export interface SocketAddress {
  address: string
  port: number
}

/** How a listening socket is opened; what is left out: any free port, Node's backlog, and it reads. */
export type ListenOptions = { port?: number; backlog?: number } & Partial<TcpConduct>

/** A backlog that is full, or an address that does not answer, leaves an attempt open for minutes. */
const OUTCOME_WITHIN_MS = 2000

/** A browser waits for minutes as well. Passwords are checked slowly, and on a busy machine one after the other. */
const USER_WAITS_MS = 60_000
/** Some milliseconds; on a machine that starts dozens of processes some seconds. */
const SITE_STARTS_WITHIN_MS = 20_000

type Announce = (server: 'own' | 'remote', at: SocketAddress, mechanism: string) => Promise<void>

export class Sockets {
  readonly #host: Host
  readonly #emit: Emitter
  readonly #announce: Announce

  /**
   * @param emit logs what the lab asks
   * @param announce tells packet capture and kernel observer what this host speaks at a server's port
   */
  constructor(host: Host, emit: Emitter, announce: Announce) {
    this.#host = host
    this.#emit = emit
    this.#announce = announce
  }

  readonly tcp = {
    /**
     * Listens.
     * @param mechanism the lab's own name for this row: its connections are `<mechanism>:<client port>`. Captured
     *   packets are told apart by the server's address and port, TCP and UDP alike: so one mechanism a port
     * @throws Error with EADDRINUSE, ... when it cannot
     */
    listen: async (
      mechanism: string,
      { port = 0, backlog, ...conduct }: ListenOptions = {},
    ): Promise<TcpListener> => {
      const opened = await this.#ask('tcpListen', mechanism, undefined, {
        mechanism,
        port,
        ...(backlog === undefined ? {} : { backlog }),
        conduct: { does: 'read', ...conduct },
      })
      const at = { address: this.#host.address, port: opened.port }
      await this.#announce('own', at, mechanism)
      return {
        at,
        accepted: ({ groupId }) => this.#connection(mechanism, groupId),
        stop: async () => {
          await this.#ask('tcpStopListening', mechanism, undefined, { mechanism })
        },
      }
    },

    /** Begins to connect, and resolves as soon as the SYN is on its way: {@link TcpSocket.connected} waits. */
    connect: async (
      mechanism: string,
      { address, port }: SocketAddress,
      { localPort, ...conduct }: { localPort?: number } & Partial<TcpConduct> = {},
    ): Promise<TcpSocket> => {
      await this.#announce('remote', { address, port }, mechanism)
      const { groupId } = await this.#ask('tcpConnect', mechanism, undefined, {
        mechanism,
        address,
        port,
        ...(localPort === undefined ? {} : { localPort }),
        conduct: { does: 'read', ...conduct },
      })
      return this.#connection(mechanism, groupId)
    },
  }

  readonly udp = {
    /**
     * Opens a socket: with `to` a client's, without a server's, which answers whoever sends.
     * @throws Error with EADDRINUSE, ... when it cannot
     */
    open: async (
      mechanism: string,
      options: Partial<Omit<HostRequests['udpOpen']['ask'], 'mechanism'>> = {},
    ): Promise<UdpSocket> => {
      const { port } = await this.#ask('udpOpen', mechanism, undefined, { mechanism, port: 0, ...options })
      const at = { address: this.#host.address, port }
      if (options.to === undefined) await this.#announce('own', at, mechanism)
      else await this.#announce('remote', options.to, mechanism)
      const groupId = options.to === undefined ? undefined : `${mechanism}:${port}`
      return {
        at,
        groupId,
        sendText: async (text, to) => {
          const ask = { mechanism, port, text, ...(to === undefined ? {} : { to }) }
          await this.#ask('udpSend', mechanism, groupId, ask)
        },
        send: async ({ count = 1, bytes = 0, intervalMs = 0, to }) => {
          const ask = { mechanism, port, count, bytes, intervalMs, ...(to === undefined ? {} : { to }) }
          await this.#ask('udpSend', mechanism, groupId, ask, count * intervalMs)
        },
        count: () => this.#ask('udpCount', mechanism, groupId, { mechanism, port }),
        close: async () => {
          await this.#ask('udpClose', mechanism, groupId, { mechanism, port })
        },
      }
    },
  }

  readonly http = {
    /** Serves. @param limits what is left out is as Node has it. @throws Error with EADDRINUSE, ... when it cannot */
    listen: async (
      mechanism: string,
      { does = 'answer', ...limits }: { does?: HttpConduct } & Partial<HttpLimits> = {},
    ): Promise<SocketAddress> => {
      const opened = await this.#ask('httpListen', mechanism, undefined, { mechanism, port: 0, does, limits })
      const at = { address: this.#host.address, port: opened.port }
      await this.#announce('own', at, mechanism)
      return at
    },

    /** Asks for `/`, over the connection of the request before where there is one; resolves when it is begun. */
    get: async (
      mechanism: string,
      at: SocketAddress,
      { by, headersTimeoutMs }: { by: HttpClientKind; headersTimeoutMs?: number | undefined },
    ): Promise<void> => {
      await this.#announce('remote', at, mechanism)
      const limit = headersTimeoutMs === undefined ? {} : { headersTimeoutMs }
      await this.#ask('httpGet', mechanism, undefined, { mechanism, ...at, by, ...limit })
    },
  }

  /** Somebody with a browser on this host. The same name is the same person: they have one cookie jar. */
  user(user: string): User {
    return {
      ask: async (mechanism, at, { method = 'GET', path, answerWithinMs = USER_WAITS_MS, ...how }) => {
        await this.#announce('remote', at, mechanism)
        const ask = { mechanism, user, ...at, method, path, answerWithinMs, ...how }
        return this.#ask('userAsk', mechanism, undefined, ask, answerWithinMs)
      },
      cookie: async ({ address }, { path = '/', isSecure = false } = {}) =>
        (await this.#ask('userCookie', user, undefined, { user, address, path, isSecure })).cookie,
      hangUp: async (mechanism, connection) => {
        await this.#ask('userHangsUp', mechanism, undefined, { mechanism, connection })
      },
      isGiven: async ({ address }, setCookie) => {
        await this.#ask('userIsGiven', user, undefined, { user, address, setCookie })
      },
      closeBrowser: async () => {
        await this.#ask('userClosesBrowser', user, undefined, { user })
      },
    }
  }

  /** A web bank that runs in this host's process, with its sessions in memory. */
  async bank(
    mechanism: string,
    { name = 'bank', secure = false, sessions = {} }: Partial<HostRequests['bankStart']['ask']> = {},
  ): Promise<SocketAddress & { certificate: string | null }> {
    const ask = { mechanism, name, secure, sessions }
    const { port, certificate } = await this.#ask(
      'bankStart',
      mechanism,
      undefined,
      ask,
      SITE_STARTS_WITHIN_MS,
    )
    const at = { address: this.#host.address, port }
    await this.#announce('own', at, mechanism)
    return { ...at, certificate }
  }

  /** Passes requests on to several servers; see `src/programs/balancer.ts`. @throws Error with EADDRINUSE, ... */
  async balancer(
    mechanism: string,
    backends: readonly SocketAddress[],
    how: { policy: Policy; connectionsMax?: number },
  ): Promise<SocketAddress> {
    for (const at of backends) await this.#announce('remote', at, mechanism)
    const ask = { mechanism, backends, ...how }
    const opened = await this.#ask('balancerStart', mechanism, undefined, ask, SITE_STARTS_WITHIN_MS)
    const at = { address: this.#host.address, port: opened.port }
    await this.#announce('own', at, mechanism)
    return at
  }

  readonly webSocket = {
    /** Accepts WebSockets. @param timings on these paths it pings and judges, on others it does not */
    listen: async (
      mechanism: string,
      {
        port = 0,
        timings = {},
      }: Partial<Pick<HostRequests['webSocketListen']['ask'], 'port' | 'timings'>> = {},
    ): Promise<WebSocketListener> => {
      const opened = await this.#ask('webSocketListen', mechanism, undefined, { mechanism, port, timings })
      const at = { address: this.#host.address, port: opened.port }
      await this.#announce('own', at, mechanism)
      return { at, accepted: (groupId) => this.#webSocket(mechanism, groupId) }
    },

    /** Serves a page to a browser, at a port of its own. @returns its URL */
    page: async (mechanism: string, html: string): Promise<string> => {
      const { port } = await this.#ask('webSocketPage', mechanism, undefined, { html })
      return `http://${this.#host.address}:${port}/`
    },

    /** Resolves when it is open. @throws Error when it comes to nothing */
    connect: async (
      mechanism: string,
      at: SocketAddress,
      { path, closeTimeoutMs }: { path: string; closeTimeoutMs?: number },
    ): Promise<WebSocketEnd> => {
      await this.#announce('remote', at, mechanism)
      const limit = closeTimeoutMs === undefined ? {} : { closeTimeoutMs }
      const ask = { mechanism, ...at, path, ...limit }
      const { groupId } = await this.#ask('webSocketConnect', mechanism, undefined, ask)
      return this.#webSocket(mechanism, groupId)
    },

    /** Clients that connect again whenever they are over, until the host ends; resolves when all have begun. */
    reconnecting: async (
      mechanism: string,
      at: SocketAddress,
      clients: Pick<HostRequests['webSocketReconnecting']['ask'], 'limits' | 'draws'>,
    ): Promise<void> => {
      await this.#announce('remote', at, mechanism)
      await this.#ask('webSocketReconnecting', mechanism, undefined, { mechanism, ...at, ...clients })
    },

    /** Keeps sessions over WebSockets. */
    serveSessions: async (
      mechanism: string,
      sessionTiming: HostRequests['webSocketSessionServe']['ask']['sessionTiming'],
    ): Promise<SocketAddress> => {
      const ask = { mechanism, port: 0, sessionTiming }
      const { port } = await this.#ask('webSocketSessionServe', mechanism, undefined, ask)
      const at = { address: this.#host.address, port }
      await this.#announce('own', at, mechanism)
      return at
    },

    /** A client with a session, which connects again whenever its connection is over. */
    openSession: async (
      mechanism: string,
      at: SocketAddress,
      settings: Pick<HostRequests['webSocketSessionOpen']['ask'], 'sessionTiming' | 'limits' | 'draws'>,
    ): Promise<{ say(count: number, everyMs: number): Promise<void> }> => {
      await this.#announce('remote', at, mechanism)
      await this.#ask('webSocketSessionOpen', mechanism, undefined, { mechanism, ...at, ...settings })
      return {
        say: async (count, everyMs) => {
          const ask = { mechanism, count, everyMs }
          await this.#ask('webSocketSessionSay', mechanism, undefined, ask, 2 * count * everyMs)
        },
      }
    },

    /** The whole process of the host computes for so long. Resolves when it is over. */
    block: async (mechanism: string, blockMs: number): Promise<void> => {
      await this.#ask('webSocketBlock', mechanism, undefined, { blockMs }, blockMs)
    },
  }

  readonly stopAndWait = {
    /** Takes messages from whoever sends, acknowledges each and hands it over once. */
    receive: async (mechanism: string, { port = 0 }: { port?: number } = {}): Promise<SocketAddress> => {
      const opened = await this.#ask('stopAndWaitReceive', mechanism, undefined, { mechanism, port })
      const at = { address: this.#host.address, port: opened.port }
      await this.#announce('own', at, mechanism)
      return at
    },

    /** Sends messages one after the other, each until it is acknowledged; resolves when that is over. */
    send: async (
      mechanism: string,
      to: SocketAddress,
      { bytes, ...limits }: Omit<HostRequests['stopAndWaitSend']['ask'], 'mechanism' | 'to'>,
    ): Promise<'all-acknowledged' | 'given-up'> => {
      await this.#announce('remote', to, mechanism)
      const { count, timeoutMs, triesMax } = limits
      const ask = { mechanism, to, bytes, ...limits }
      const longestMs = count * timeoutMs * triesMax
      return (await this.#ask('stopAndWaitSend', mechanism, undefined, ask, longestMs)).outcome
    },
  }

  readonly session = {
    /**
     * Keeps sessions, and answers each message with its count.
     * @param storeFolder where they survive the host's process; null: nowhere
     */
    serve: async (
      mechanism: string,
      options: Omit<HostRequests['sessionServe']['ask'], 'mechanism'>,
    ): Promise<SocketAddress> => {
      const opened = await this.#ask('sessionServe', mechanism, undefined, { mechanism, ...options })
      const at = { address: this.#host.address, port: opened.port }
      await this.#announce('own', at, mechanism)
      return at
    },

    /** Starts a client; what comes of it is in the log. @param name what this host calls it */
    open: async (
      mechanism: string,
      at: SocketAddress,
      { name, ...options }: Omit<HostRequests['sessionOpen']['ask'], 'mechanism' | 'address' | 'port'>,
    ): Promise<SessionHandle> => {
      await this.#announce('remote', at, mechanism)
      const which = { mechanism, name }
      await this.#ask('sessionOpen', mechanism, undefined, { ...which, ...at, ...options })
      return {
        say: (first, count, everyMs, withinMs = 0) => {
          const ask = { ...which, first, count, everyMs }
          return this.#ask('sessionSay', mechanism, undefined, ask, count * everyMs + withinMs)
        },
        move: async (localAddress) => {
          await this.#ask('sessionMove', mechanism, undefined, { ...which, localAddress })
        },
        drop: async () => {
          await this.#ask('sessionDrop', mechanism, undefined, which)
        },
        leave: async () => {
          await this.#ask('sessionLeave', mechanism, undefined, which)
        },
      }
    },
  }

  /**
   * Listens at `at` and passes on to a server; see `src/programs/relay/relay.ts` for what it cannot do.
   * @param onward what its second leg is called, where it is not a row with the first
   */
  async relay(
    mechanism: string,
    protocol: 'tcp' | 'udp',
    to: SocketAddress,
    { port = 0, onward = mechanism }: { port?: number; onward?: string } = {},
  ): Promise<Relay> {
    const opened = await this.#ask('relayStart', mechanism, undefined, { mechanism, protocol, port, to })
    const at = { address: this.#host.address, port: opened.port }
    await this.#announce('own', at, mechanism)
    await this.#announce('remote', to, onward)
    return {
      at,
      set: async (mode, direction) => {
        const both = direction === undefined ? {} : { direction }
        await this.#ask('relaySet', mechanism, undefined, { mechanism, mode, ...both })
      },
      reset: async () => {
        await this.#ask('relayReset', mechanism, undefined, { mechanism })
      },
    }
  }

  #webSocket(mechanism: string, groupId: string): WebSocketEnd {
    return {
      groupId,
      send: async (text) => {
        await this.#ask('webSocketSend', mechanism, groupId, { groupId, text })
      },
      end: async (call) => {
        await this.#ask('webSocketEnd', mechanism, groupId, { groupId, call })
      },
      read: () => this.#ask('webSocketRead', mechanism, groupId, { groupId }),
    }
  }

  #connection(mechanism: string, groupId: string): TcpSocket {
    const act = async (act: TcpAct) => {
      await this.#ask('tcpAct', mechanism, groupId, { groupId, act })
    }
    const set = async (setting: TcpSetting) => {
      await this.#ask('tcpSet', mechanism, groupId, { groupId, setting })
    }
    const write = (data: { text: string } | { bytes: number }) =>
      this.#ask('tcpWrite', mechanism, groupId, { groupId, ...data })
    return {
      groupId,
      port: Number(groupId.slice(groupId.lastIndexOf(':') + 1)),
      connected: (withinMs = OUTCOME_WITHIN_MS) =>
        this.#ask('tcpOutcome', mechanism, groupId, { groupId, withinMs }, withinMs),
      accepted: async (withinMs = OUTCOME_WITHIN_MS) => {
        const wanted = { name: 'tcp:accepted', groupId } as const
        await this.#ask('untilEvent', mechanism, groupId, { wanted, withinMs }, withinMs)
      },
      write: (text) => write({ text }),
      writeBytes: (bytes) => write({ bytes }),
      stopReading: () => act('stopReading'),
      resumeReading: () => act('resumeReading'),
      end: () => act('end'),
      destroy: () => act('destroy'),
      resetAndDestroy: () => act('resetAndDestroy'),
      observe: () => this.#ask('tcpObserve', mechanism, groupId, { groupId }),
      setKeepAlive: (enable, initialDelayMs) => set({ setKeepAlive: [enable, initialDelayMs] }),
      setTimeout: (ms) => set({ setTimeout: [ms] }),
      setNoDelay: (noDelay) => set({ setNoDelay: [noDelay] }),
      setKernelKeepalive: (keepalive) => set({ keepalive }),
      setUserTimeout: (userTimeoutMs) => set({ userTimeoutMs }),
    }
  }

  get #process() {
    const { process, name } = this.#host
    if (process === null) throw new Error(`Host ${name} has no process`)
    return process
  }

  /** What the lab asked is a line of the log too, beside what came of it. */
  #ask<N extends RequestName>(
    request: N,
    mechanism: string,
    groupId: string | undefined,
    ask: HostRequests[N]['ask'],
    takesMs = 0,
  ): Promise<HostRequests[N]['answer']> {
    const what = 'act' in (ask ?? {}) ? `${request} ${(ask as { act: TcpAct }).act}` : request
    this.#emit('host:asked', { request: what, mechanisms: [mechanism] }, groupId)
    return this.#process.ask(request, ask, takesMs)
  }
}

/** A user, with a browser. */
export interface User {
  /** Asks, and waits for the answer or for what went wrong. */
  ask(
    mechanism: string,
    at: SocketAddress,
    what: Pick<UserAsk, 'path'> & Partial<Omit<UserAsk, 'mechanism' | 'user' | 'address' | 'port'>>,
  ): Promise<UserAnswer>
  /** What the browser would send there. */
  cookie(at: SocketAddress, where?: { path?: string; isSecure?: boolean }): Promise<string | undefined>
  /** Closes a connection that was kept. */
  hangUp(mechanism: string, connection: string): Promise<void>
  /** Somebody else of that host name gives it a cookie. */
  isGiven(at: SocketAddress, setCookie: string): Promise<void>
  /** Closes every connection, and forgets what has no date. */
  closeBrowser(): Promise<void>
}

export interface TcpListener {
  /** Where clients connect to. */
  readonly at: SocketAddress
  /** This host's end of a client's connection. Its steps reject until the program has accepted it. */
  accepted(client: { groupId: string }): TcpSocket
  /** Listens no more; connections live on. */
  stop(): Promise<void>
}

/** One end of a TCP connection. */
export interface TcpSocket {
  /** `<mechanism>:<client port>`, the same at both ends. */
  readonly groupId: string
  /** The client's port, also to connect from again. */
  readonly port: number
  /** Waits for the outcome of an attempt. */
  connected(withinMs?: number): Promise<ConnectOutcome>
  /** Waits until this host's program has accepted the connection. @throws Error when it has not in time */
  accepted(withinMs?: number): Promise<void>
  /** `waitingBytes` did not fit into the kernel's send queue any more. */
  write(text: string): Promise<{ waitingBytes: number }>
  writeBytes(bytes: number): Promise<{ waitingBytes: number }>
  /** What arrives from now on stays in this host's kernel, FIN too. */
  stopReading(): Promise<void>
  resumeReading(): Promise<void>
  /** FIN after all that was written. With `allowHalfOpen` it goes on receiving. */
  end(): Promise<void>
  /** close(2): with unread data in the kernel that is a RST. */
  destroy(): Promise<void>
  /** RST. */
  resetAndDestroy(): Promise<void>
  /** Logs options and TCP_INFO; null where there is nothing to ask any more, or no way to. */
  observe(): Promise<EventData<'kernel:tcp_info_read'> | null>
  setKeepAlive(enable: boolean, initialDelayMs: number): Promise<void>
  setTimeout(ms: number): Promise<void>
  setNoDelay(noDelay: boolean): Promise<void>
  /** All three values, which this Node may not offer. */
  setKernelKeepalive(keepalive: Keepalive): Promise<void>
  setUserTimeout(userTimeoutMs: number): Promise<void>
}

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

export interface UdpSocket {
  readonly at: SocketAddress
  /** Undefined for a server's, whose events are each in the group of the sender's port. */
  readonly groupId: string | undefined
  sendText(text: string, to?: SocketAddress): Promise<void>
  /** Numbered datagrams; resolves when the kernel has taken or refused the last. `to`: as opened. */
  send(what: { count?: number; bytes?: number; intervalMs?: number; to?: SocketAddress }): Promise<void>
  /** What arrived so far, by sender; also logged. */
  count(): Promise<HostRequests['udpCount']['answer']>
  close(): Promise<void>
}

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

export interface Relay {
  /** Where clients connect to instead of the server. */
  readonly at: SocketAddress
  /** Both directions where none is given. */
  set(mode: LaneMode, direction?: RelayDirection): Promise<void>
  /** RST to both ends of every TCP connection. */
  reset(): Promise<void>
}
