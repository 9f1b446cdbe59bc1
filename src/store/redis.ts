/**
 * A store in a Redis server, which several servers on several machines share. Optimistic: an update reads, decides
 * here, and then one script in Redis compares what was read and writes, or does not, since somebody was faster.
 * Redis runs one script at a time and nothing beside it.
 *
 * What was resolved survives a SIGKILL of this process. Whether it survives one of Redis is Redis's setting:
 * `appendonly yes` with `appendfsync always`, or up to a second is lost with Redis's machine, and with neither
 * everything since the last snapshot.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import {
  type Change,
  checkKey,
  type Json,
  type Store,
  StoreContendedError,
  StoreUnavailableError,
} from './store.ts'

/** At the beginning: whoever starts with Redis at the same time may be first. */
const CONNECT_WITHIN_MS = 5000
/** A Redis that is frozen keeps its connections, and answers nothing; one that is gone may answer no SYN. */
const ANSWER_WITHIN_MS = 2000
/** From one attempt to reach it again to the next; meanwhile commands fail at once. */
const RECONNECT_AFTER_MS = 250
/** Updates of this process that wait for their turn. */
const WAITING_MAX = 1000
/** Somebody else was faster so often in a row; a pause of random length lies between two tries. */
const TRIES_MAX = 50
const PAUSE_MAX_MS = 5

/** KEYS: those that were read, then those to write. '' is no JSON: it stands for no value. */
const COMPARE_AND_WRITE = `
local read = tonumber(ARGV[1])
for i = 1, read do
  if (redis.call('GET', KEYS[i]) or '') ~= ARGV[1 + i] then return 0 end
end
local at = 1 + read
for i = read + 1, #KEYS do
  local value, expires = ARGV[at + 1], ARGV[at + 2]
  at = at + 2
  if value == '' then redis.call('DEL', KEYS[i])
  elseif expires == '' then redis.call('SET', KEYS[i], value)
  else redis.call('SET', KEYS[i], value, 'PXAT', expires) end
end
return 1`

/**
 * Connects to a Redis server (6.2 or newer: SET with PXAT).
 * @param url as `redis://127.0.0.1:6379`, or `redis+unix:///run/redis.sock` for a socket of this machine
 * @param prefix before every key, for what else is in that server
 * @throws StoreUnavailableError when it cannot be reached within five seconds
 */
export async function redisStore(url: string, prefix: string): Promise<Store> {
  const { protocol, host, pathname } = new URL(url)
  const isLocal = protocol === 'redis+unix:'
  // Without the password that it may have.
  const where = isLocal ? pathname : host
  const giveUpAtMs = performance.now() + CONNECT_WITHIN_MS
  let hasConnected = false
  let problem = 'no connection'
  const client = createClient({
    ...(isLocal ? {} : { url }),
    // While it is away commands fail, and do not pile up here for the moment of its return.
    disableOfflineQueue: true,
    commandsQueueMaxLength: WAITING_MAX,
    socket: {
      ...(isLocal ? { path: pathname, tls: false } : {}),
      connectTimeout: ANSWER_WITHIN_MS,
      reconnectStrategy: (_tries, cause) =>
        hasConnected || performance.now() < giveUpAtMs ? RECONNECT_AFTER_MS : cause,
    },
  })
  client.on('error', (error: Error) => {
    problem = error.message
  })

  async function asked<T>(answer: Promise<T>): Promise<T> {
    const silence = new AbortController()
    try {
      return await Promise.race([
        answer,
        delay(ANSWER_WITHIN_MS, null, { signal: silence.signal }).then(() => {
          throw new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)
        }),
      ])
    } catch (error) {
      const why = client.isReady ? (error as Error).message : problem
      throw new StoreUnavailableError(`Redis at ${where}: ${why}`, { cause: error })
    } finally {
      silence.abort()
    }
  }

  try {
    await client.connect()
    hasConnected = true
  } catch (error) {
    throw new StoreUnavailableError(`Redis at ${where} cannot be reached: ${problem}`, { cause: error })
  }

  const named = (key: string) => prefix + checkKey(key)
  const parsed = (text: string | null) => (text === null ? undefined : (JSON.parse(text) as Json))

  async function tryOnce<T>(
    keys: readonly string[],
    change: (values: ReadonlyMap<string, Json | undefined>) => Change<T>,
  ): Promise<{ isWritten: boolean; result: T }> {
    const texts = keys.length === 0 ? [] : await asked(client.mGet(keys.map(named)))
    const values = new Map(keys.map((key, index) => [key, parsed(texts[index] ?? null)]))
    const { write, result } = change(values)
    // MGET is one step: what was only read was so at one moment.
    if (write.size === 0) return { isWritten: true, result }
    const answer = await asked(
      client.eval(COMPARE_AND_WRITE, {
        keys: [...keys, ...write.keys()].map(named),
        arguments: [
          String(keys.length),
          ...texts.map((text) => text ?? ''),
          ...[...write.values()].flatMap((entry) => {
            if (entry === null) return ['', '']
            const expires =
              entry.expiresAtMs === undefined ? '' : String(Math.max(1, Math.ceil(entry.expiresAtMs)))
            return [JSON.stringify(entry.value), expires]
          }),
        ],
      }),
    )
    return { isWritten: answer === 1, result }
  }

  /** One update of this process at a time: only other processes can be faster. */
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0

  return {
    async get(key) {
      return parsed(await asked(client.get(named(key))))
    },
    async update<T>(
      keys: readonly string[],
      change: (values: ReadonlyMap<string, Json | undefined>) => Change<T>,
    ) {
      if (waiting >= WAITING_MAX) {
        throw new StoreUnavailableError(`Redis at ${where}: ${WAITING_MAX} updates wait already`)
      }
      waiting += 1
      const askedAtMs = performance.now()
      const mine = turn.then(async () => {
        if (performance.now() - askedAtMs > ANSWER_WITHIN_MS) {
          throw new StoreUnavailableError(`Redis at ${where} was too slow for those who asked before`)
        }
        for (let tries = 0; tries < TRIES_MAX; tries += 1) {
          const { isWritten, result } = await tryOnce(keys, change)
          if (isWritten) return result
          await delay(Math.random() * PAUSE_MAX_MS)
        }
        throw new StoreContendedError(`others changed ${keys.join(', ')} ${TRIES_MAX} times in a row`)
      })
      turn = mine
        .catch(() => {})
        .finally(() => {
          waiting -= 1
        })
      return await mine
    },
    async close() {
      await turn
      client.destroy()
    },
  }
}
