/** A store by the name that a person gives it on a command line. */
import { durableStore } from './durable.ts'
import { memoryStore } from './memory.ts'
import { redisStore } from './redis.ts'
import type { Store } from './store.ts'

/**
 * @param name `memory`, `redis://HOST:PORT`, `redis+unix:///SOCKET` or a folder
 * @param prefix before the keys in a Redis server, which others may use as well
 */
export async function openStore(name: string, prefix: string): Promise<Store> {
  if (name === 'memory') return memoryStore()
  return /^redis(s|\+unix)?:\/\//.test(name) ? await redisStore(name, prefix) : durableStore(name)
}
