/** Every mechanism: what runs at its two ends. */
import type { Emitter } from '../events/emit.ts'
import { canSetUserTimeout } from '../kernel/socket-options.ts'
import type { Program } from './parts/program.ts'
import { WRITE_EVERY_MS } from './parts/timing.ts'
import type { ClientSettings, Mechanism } from './scripts/host-messages.ts'
import { startTcpClient } from './tcp-client.ts'
import { startTcpServer } from './tcp-server.ts'
import { startUdpClient } from './udp-client.ts'
import { startUdpHeartbeat } from './udp-heartbeat.ts'
import { startUdpServer } from './udp-server.ts'
import { startWebSocketClient } from './websocket-client.ts'
import { startWebSocketServer } from './websocket-server.ts'

// What speaks HTTP is large, and each host has one half of it at most: that is loaded when it is asked for.

type At = { mechanism: Mechanism; host: string; port: number }

/** The servers, mechanism by mechanism. Only the heartbeat makes them more than plain listeners. */
export const servers: Record<Mechanism, (at: At, emit: Emitter) => Promise<Program>> = {
  udp: startUdpServer,
  'udp-heartbeat': (at, emit) => startUdpHeartbeat({ ...at, role: 'listen' }, emit),
  'tcp-idle': startTcpServer,
  'tcp-keepalive': startTcpServer,
  'tcp-busy': startTcpServer,
  'tcp-user-timeout': startTcpServer,
  'tcp-heartbeat': (at, emit) => startTcpServer({ ...at, heartbeat: true }, emit),
  'http-session': async (at, emit) => (await import('./http-server.ts')).startHttpServer(at, emit),
  websocket: startWebSocketServer,
}

/**
 * The clients, which decide what is asked of TCP: keepalive and user timeout are theirs alone. Each resolves when
 * it has begun to try.
 */
export const clients: Record<
  Mechanism,
  (at: At, emit: Emitter, settings: ClientSettings) => Promise<Program>
> = {
  udp: startUdpClient,
  'udp-heartbeat': (at, emit) => startUdpHeartbeat({ ...at, role: 'connect' }, emit),
  'tcp-idle': startTcpClient,
  'tcp-keepalive': (at, emit, { keepalive }) => startTcpClient({ ...at, keepalive }, emit),
  'tcp-busy': (at, emit, { keepalive }) =>
    startTcpClient({ ...at, keepalive, writeEveryMs: WRITE_EVERY_MS }, emit),
  'tcp-user-timeout': (at, emit, { userTimeoutMs }) =>
    startTcpClient(
      { ...at, userTimeoutMs: canSetUserTimeout() ? userTimeoutMs : undefined, writeEveryMs: WRITE_EVERY_MS },
      emit,
    ),
  'tcp-heartbeat': (at, emit) => startTcpClient({ ...at, heartbeat: true }, emit),
  'http-session': async (at, emit) => (await import('./http-client.ts')).startHttpClient(at, emit),
  websocket: startWebSocketClient,
}

/** The program file whose events a mechanism's are. */
export const programName: Record<Mechanism, { server: string; client: string }> = {
  udp: { server: 'udp-server', client: 'udp-client' },
  'udp-heartbeat': { server: 'udp-heartbeat', client: 'udp-heartbeat' },
  'tcp-idle': { server: 'tcp-server', client: 'tcp-client' },
  'tcp-keepalive': { server: 'tcp-server', client: 'tcp-client' },
  'tcp-busy': { server: 'tcp-server', client: 'tcp-client' },
  'tcp-user-timeout': { server: 'tcp-server', client: 'tcp-client' },
  'tcp-heartbeat': { server: 'tcp-server', client: 'tcp-client' },
  'http-session': { server: 'http-server', client: 'http-client' },
  websocket: { server: 'websocket-server', client: 'websocket-client' },
}
