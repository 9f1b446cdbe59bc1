/** TCP connections that a lab leads step by step. */
import type { EventData } from '../../events/vocabulary.ts'
import type { Keepalive } from '../../kernel/socket-options.ts'
import type { ConnectOutcome, TcpAct, TcpConduct, TcpSetting } from '../../programs/scripts/tcp/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** How a listening socket is opened; what is left out: any free port, Node's backlog, and it reads. */
export type ListenOptions = { port?: number; backlog?: number } & Partial<TcpConduct>

/** A backlog that is full, or an address that does not answer, leaves an attempt open for minutes. */
const OUTCOME_WITHIN_MS = 2000

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
  /** For a peer that does `number`. */
  writeLines(lines: number): Promise<{ waitingBytes: number }>
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

/** @param host where they are */
export function tcpSockets(host: LedHost) {
  return {
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
      const opened = await host.ask('tcpListen', mechanism, undefined, {
        mechanism,
        address: host.address,
        port,
        ...(backlog === undefined ? {} : { backlog }),
        conduct: { does: 'read', ...conduct },
      })
      const at = await host.serves(mechanism, opened.port)
      return {
        at,
        accepted: ({ groupId }) => connection(host, mechanism, groupId),
        stop: async () => {
          await host.ask('tcpStopListening', mechanism, undefined, { mechanism })
        },
      }
    },

    /** Begins to connect, and resolves as soon as the SYN is on its way: {@link TcpSocket.connected} waits. */
    connect: async (
      mechanism: string,
      { address, port }: SocketAddress,
      { localPort, ...conduct }: { localPort?: number } & Partial<TcpConduct> = {},
    ): Promise<TcpSocket> => {
      await host.calls(mechanism, { address, port })
      const { groupId } = await host.ask('tcpConnect', mechanism, undefined, {
        mechanism,
        address,
        port,
        ...(localPort === undefined ? {} : { localPort }),
        conduct: { does: 'read', ...conduct },
      })
      return connection(host, mechanism, groupId)
    },
  }
}

function connection(host: LedHost, mechanism: string, groupId: string): TcpSocket {
  const act = async (act: TcpAct) => {
    await host.ask('tcpAct', mechanism, groupId, { groupId, act })
  }
  const set = async (setting: TcpSetting) => {
    await host.ask('tcpSet', mechanism, groupId, { groupId, setting })
  }
  const write = (data: { text: string } | { bytes: number } | { lines: number }) =>
    host.ask('tcpWrite', mechanism, groupId, { groupId, ...data })
  return {
    groupId,
    port: Number(groupId.slice(groupId.lastIndexOf(':') + 1)),
    connected: (withinMs = OUTCOME_WITHIN_MS) =>
      host.ask('tcpOutcome', mechanism, groupId, { groupId, withinMs }, withinMs),
    accepted: async (withinMs = OUTCOME_WITHIN_MS) => {
      const wanted = { name: 'tcp:accepted', groupId } as const
      await host.ask('untilEvent', mechanism, groupId, { wanted, withinMs }, withinMs)
    },
    write: (text) => write({ text }),
    writeBytes: (bytes) => write({ bytes }),
    writeLines: (lines) => write({ lines }),
    stopReading: () => act('stopReading'),
    resumeReading: () => act('resumeReading'),
    end: () => act('end'),
    destroy: () => act('destroy'),
    resetAndDestroy: () => act('resetAndDestroy'),
    observe: () => host.ask('tcpObserve', mechanism, groupId, { groupId }),
    setKeepAlive: (enable, initialDelayMs) => set({ setKeepAlive: [enable, initialDelayMs] }),
    setTimeout: (ms) => set({ setTimeout: [ms] }),
    setNoDelay: (noDelay) => set({ setNoDelay: [noDelay] }),
    setKernelKeepalive: (keepalive) => set({ keepalive }),
    setUserTimeout: (userTimeoutMs) => set({ userTimeoutMs }),
  }
}
