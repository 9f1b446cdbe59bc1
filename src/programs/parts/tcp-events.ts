/**
 * What every program with a TCP socket does alike: report what happens to the socket, and end it.
 */
import * as net from 'node:net'
import type { Emitter } from '../../events/emit.ts'
import { observeTcp } from '../../kernel/socket-options.ts'
import { PeerBelief, triggerOf } from './belief.ts'
import { type Admission, admission } from './connection-limits.ts'
import type { Program } from './program.ts'

/** How many connections a server has room for; its kernel accepts and closes what is beyond. */
const CONNECTIONS_MAX = 1000

/** How many of these are in use: so a burst finds room until those that were destroyed for it are gone. */
const ADMITTED_MAX = 800

/**
 * Of one address. All clients of a lab share one, and so do containers behind one router: labs open fifty at a time,
 * and tests with a hundred more should not notice it either.
 */
export const ADMITTED_PER_ADDRESS_MAX = 200

/** A peer that is frozen or cut off never answers our FIN: after this time we stop waiting for it. */
const CLOSE_LIMIT_MS = 500

/** A number both ends can read off the connection without a word: the client's port. */
export function groupIdOf(mechanism: string, clientPort: number | undefined): string {
  // No port: the socket died before anybody could ask it.
  return `${mechanism}:${clientPort ?? 0}`
}

export function addressesOf(socket: net.Socket): { local: string; remote: string } {
  return {
    local: `${socket.localAddress ?? '?'}:${socket.localPort ?? 0}`,
    remote: `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`,
  }
}

/** What an event tells of a socket error. */
export function errorData(error: NodeJS.ErrnoException): { code: string; syscall?: string } {
  const code = error.code ?? error.name
  return error.syscall === undefined ? { code } : { code, syscall: error.syscall }
}

export interface TcpTarget {
  host: string
  port: number
  /** Any free one where left out. */
  localPort?: number | undefined
  /** The one that leads to the peer where left out. */
  localAddress?: string | undefined
  /** Goes on sending after the peer's FIN. Without it Node answers FIN with FIN. */
  allowHalfOpen?: boolean
}

/**
 * Opens a connection, and resolves with what `begun` makes of it as soon as the connection *tries*: a
 * SYN may go unanswered for minutes, and events tell what became of it.
 *
 * The kernel chooses the local port inside connect(), which Node calls one tick later: from then on
 * the connection has its name. Errors come another tick later, so `begun` can still listen for them.
 */
export function openTcp<T>(
  { host, port, localPort, localAddress, allowHalfOpen = false }: TcpTarget,
  begun: (socket: net.Socket) => T,
): Promise<T> {
  // Without noDelay Nagle's algorithm holds a second small line back until the first is acknowledged.
  const socket = net.connect({
    host,
    port,
    noDelay: true,
    allowHalfOpen,
    ...(localPort === undefined ? {} : { localPort }),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  return new Promise((resolve, reject) => {
    process.nextTick(() => {
      try {
        resolve(begun(socket))
      } catch (error) {
        // Whatever becomes of it now, nobody waits for it.
        socket.on('error', () => {}).destroy()
        reject(error)
      }
    })
  })
}

/** @returns the port it listens on; rejects with EADDRINUSE, EADDRNOTAVAIL, EACCES */
export function listen(
  server: net.Server,
  { host, port, backlog }: { host: string; port: number; backlog?: number | undefined },
): Promise<number> {
  server.maxConnections = CONNECTIONS_MAX
  return new Promise((resolve, reject) => {
    // Stays for good: without a listener any later error would end the process.
    server.on('error', reject)
    server.listen({ host, port, ...(backlog === undefined ? {} : { backlog }) }, () =>
      resolve((server.address() as net.AddressInfo).port),
    )
  })
}

/** Limits for a server to which anybody may connect. */
export function admitTcp(): Admission {
  return admission({ connectionsMax: ADMITTED_MAX, perAddressMax: ADMITTED_PER_ADDRESS_MAX })
}

/**
 * Emits what happens to a socket, and lets it change the belief. A socket error is a result like any
 * other here: only an error nobody listens for ends a process.
 */
export function reportTcp(socket: net.Socket, emit: Emitter, groupId: string, belief: PeerBelief): void {
  let told = false
  // FIN does not say who sent it: a program that closed, or the kernel that swept up after its death.
  socket.once('end', () => {
    told = true
    emit('tcp:end_received', {}, groupId)
    // Half open it is still of use.
    if (!socket.allowHalfOpen) belief.become('down', 'fin')
  })
  socket.on('error', (error) => {
    told = true
    const data = errorData(error)
    emit('tcp:error_received', data, groupId)
    belief.become('down', triggerOf(data.code))
  })
  socket.once('close', (hadError) => {
    emit('tcp:closed', { hadError }, groupId)
    // Neither FIN nor error came: it was this end that closed.
    belief.become('down', told ? 'fin' : 'user_closed')
  })
}

/** From the first moment of a connection, at either end: whoever it is, it has answered. */
export function takeTcp(
  socket: net.Socket,
  emit: Emitter,
  groupId: string,
  how: 'accepted' | 'connected',
): PeerBelief {
  const belief = new PeerBelief(emit, groupId)
  reportTcp(socket, emit, groupId, belief)
  emit(`tcp:${how}`, addressesOf(socket), groupId)
  belief.become('up', how)
  return belief
}

/** What a lab may ask of all connections that a script keeps, each with what is believed of its peer. */
export function ofAllTcp(
  sockets: ReadonlyMap<net.Socket, PeerBelief>,
  emit: Emitter,
): Pick<Program, 'observe' | 'reset'> {
  return {
    observe() {
      for (const [socket, { groupId }] of sockets) observeTcp(socket, emit, groupId)
    },
    reset() {
      for (const [socket, belief] of sockets) {
        belief.become('down', 'user_closed')
        socket.resetAndDestroy()
      }
    },
  }
}

/** Runs `goodbye` and waits until the socket is closed, by force in the end. */
export function closeInOrder(socket: net.Socket, goodbye: () => void): Promise<void> {
  if (socket.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const limit = setTimeout(() => socket.destroy(), CLOSE_LIMIT_MS)
    socket.once('close', () => {
      clearTimeout(limit)
      resolve()
    })
    goodbye()
  })
}

/** Stops listening. The caller ends the connections, since `close` would wait for them for ever. */
export function stopListening(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
