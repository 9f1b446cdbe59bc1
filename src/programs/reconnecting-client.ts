/**
 * A WebSocket client that connects again whenever its connection is over, after a wait that backs off. What a
 * connection carried is lost with it: to go on where it broke off is for a session above.
 */
import type { Emitter } from '../events/emit.ts'
import { Backoff, type BackoffLimits, boundMs } from '../protocols/reconnect/backoff.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { groupIdOf } from './parts/tcp-events.ts'
import {
  startWebSocketClient,
  type WebSocketClient,
  type WebSocketClientOptions,
} from './websocket-client.ts'

export interface ReconnectingClientOptions extends WebSocketClientOptions {
  limits: BackoffLimits
  /** The next number in [0, 1). */
  random: () => number
}

/** Doubles from half a second to half a minute; who lasted five seconds begins anew. */
const BACKOFF: BackoffLimits = { baseMs: 500, capMs: 30_000, jitter: 'full', steadyAfterMs: 5000 }

/** Resolves when the first attempt has begun. It tries until it is closed. */
export async function startReconnectingClient(
  options: ReconnectingClientOptions,
  emit: Emitter,
): Promise<Program> {
  const { mechanism, limits, random } = options
  const backoff = new Backoff(limits, random)
  let timer: NodeJS.Timeout | undefined
  let isWanted = true
  let client = await attempt()

  async function attempt(): Promise<WebSocketClient> {
    const started = await startWebSocketClient(options, emit)
    let openedAtMs: number | undefined
    started.opened.then(
      () => {
        openedAtMs = performance.now()
      },
      () => {},
    )
    void started.closed.then(() => {
      if (openedAtMs !== undefined) backoff.lasted(performance.now() - openedAtMs)
      if (isWanted) waitAndTryAgain()
    })
    return started
  }

  function waitAndTryAgain(): void {
    const { attempt: number, delayMs } = backoff.next()
    const waiting = { attempt: number, boundMs: boundMs(limits, number), delayMs }
    const groupId = groupIdOf(mechanism, client.port)
    const dueAtMs = performance.now() + delayMs
    emit('reconnect:waiting', waiting, groupId)
    timer = setTimeout(async () => {
      emit('reconnect:tried', { attempt: number, lateMs: Math.max(0, performance.now() - dueAtMs) }, groupId)
      const next = await attempt()
      if (isWanted) client = next
      else await next.close()
    }, delayMs)
  }

  return {
    get port() {
      return client.port
    },
    async close() {
      isWanted = false
      clearTimeout(timer)
      await client.close()
    },
    observe: () => client.observe(),
    write: () => client.write(),
    reset: () => client.reset(),
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'reconnecting-client',
    about: 'Opens a WebSocket, and another one whenever it is over: with backoff and jitter.',
    mechanism: 'websocket',
    flags: connectFlags,
    start: async (values, emit) =>
      startReconnectingClient(
        { mechanism: 'websocket', ...connectOptions(values), limits: BACKOFF, random: Math.random },
        emit,
      ),
  })
}
