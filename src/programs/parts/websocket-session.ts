/**
 * The session protocol over WebSockets, both ends: each message is one line, without LF. The client's connections come
 * and go by `reconnecting-client.ts`; what the session makes of them is src/protocols/session/. There is no way to
 * start it by hand: `session-client.ts` and `session-server.ts` are for that, over TCP and UDP.
 */
import { randomBytes } from 'node:crypto'
import type { Emitter } from '../../events/emit.ts'
import type { HeartbeatTiming } from '../../protocols/heartbeat/constants.ts'
import { type ClientAction, SessionClient } from '../../protocols/session/client.ts'
import { SESSION_ID_HEX_DIGITS, TOKEN_HEX_DIGITS } from '../../protocols/session/constants.ts'
import { parseLine } from '../../protocols/session/lines.ts'
import { type ServerAction, SessionServer } from '../../protocols/session/server.ts'
import { type ReconnectingClientOptions, startReconnectingClient } from '../reconnecting-client.ts'
import { startWebSocketServer, type WebSocketServerOptions } from '../websocket-server.ts'
import { guard } from './liveness.ts'
import type { Program } from './program.ts'
import { logClientAction, logSaid, logServerAction } from './session-events.ts'
import { DueTimer } from './session-timing.ts'
import type { WebSocketConnection } from './websocket-connection.ts'

/** A line that finds no room is lost, and a stream that lost a line is over: the session goes on over another. */
function sendLine(connection: WebSocketConnection | undefined, line: string): void {
  if (connection?.send(line) === 'not-taken') connection.endBy('terminate')
}

export interface WebSocketSessionClient extends Program {
  /** Takes a message, which will be delivered once, or said to be lost. @throws RangeError when it cannot be sent */
  say(text: string): 'taken' | 'full' | 'over'
}

/** Resolves when the first attempt to connect has begun. */
export async function startWebSocketSessionClient(
  options: ReconnectingClientOptions & { sessionTiming: HeartbeatTiming },
  emit: Emitter,
): Promise<WebSocketSessionClient> {
  const makeToken = () => randomBytes(TOKEN_HEX_DIGITS / 2).toString('hex')
  const client = new SessionClient({ timing: options.sessionTiming, makeToken }, performance.now())
  let connection: WebSocketConnection | undefined
  let groupId: string | undefined
  const due = new DueTimer(
    () => client.dueAtMs,
    (nowMs) => perform(client.time(nowMs)),
  )
  guard.add(client, emit)

  function perform(actions: ClientAction[]): void {
    for (const action of actions) act(action)
    due.arm()
  }

  function act(action: ClientAction): void {
    logClientAction(action, client.session ?? '', emit, groupId)
    // The line may be dead: nobody waits for a close frame.
    if (action.do === 'close') connection?.endBy('terminate')
    if (action.do === 'send') sendLine(connection, action.line)
  }

  const connections = await startReconnectingClient(
    {
      ...options,
      onOpen(opened) {
        connection = opened
        groupId = opened.groupId
        opened.onMessage((text) => {
          if (connection === opened) perform(client.take(parseLine(text), performance.now()))
        })
        opened.onClose(() => {
          if (connection !== opened) return
          connection = undefined
          perform(client.lost('connection lost', performance.now()))
        })
        perform(client.connected('stream', performance.now()))
      },
    },
    emit,
  )
  return {
    ...connections,
    get port() {
      return connections.port
    },
    say(text) {
      const said = client.say(text, performance.now())
      logSaid(said, client.session ?? '', text, emit, groupId)
      if (typeof said === 'string') return said
      perform(said.actions)
      return 'taken'
    },
    async close() {
      due.stop()
      guard.remove(client)
      await connections.close()
    },
  }
}

/** Resolves when it listens. Its sessions end with this process. */
export async function startWebSocketSessionServer(
  options: WebSocketServerOptions & { sessionTiming: HeartbeatTiming },
  emit: Emitter,
): Promise<Program> {
  const connections = new Map<string, WebSocketConnection>()
  const server = new SessionServer({
    timing: options.sessionTiming,
    makeSessionId: () => randomBytes(SESSION_ID_HEX_DIGITS / 2).toString('hex'),
    makeChallenge: () => randomBytes(4).readUInt32BE(),
  })
  const due = new DueTimer(
    () => server.dueAtMs,
    (nowMs) => perform(server.time(nowMs)),
  )
  guard.add(server, emit)

  function perform(actions: ServerAction[]): void {
    for (const action of actions) act(action)
    due.arm()
  }

  function act(action: ServerAction): void {
    // A connection's key is its group id.
    const key = 'connection' in action ? (action.connection ?? undefined) : undefined
    const connection = key === undefined ? undefined : connections.get(key)
    logServerAction(action, emit, key)
    if (action.do === 'close') connection?.endBy('terminate')
    if (action.do === 'send') sendLine(connection, action.line)
  }

  const listening = await startWebSocketServer(
    {
      ...options,
      onOpen(opened) {
        const { groupId } = opened
        connections.set(groupId, opened)
        opened.onMessage((text) => perform(server.take(groupId, parseLine(text), performance.now())))
        opened.onClose(() => {
          connections.delete(groupId)
          perform(server.lost(groupId, 'connection lost', performance.now()))
        })
        perform(server.connected(groupId, 'stream', performance.now()))
      },
    },
    emit,
  )
  return {
    ...listening,
    async close() {
      due.stop()
      guard.remove(server)
      await listening.close()
    },
  }
}
