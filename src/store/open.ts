/** A store by the name that a person gives it on a command line. */
import { memoryStore } from './memory.ts'
import type { Store } from './store.ts'

/**
 * @param name `memory`, `redis://HOST:PORT`, `redis+unix:///SOCKET` or a folder
 * @param prefix before the keys in a Redis server, which others may use as well
 */
export async function openStore(name: string, prefix: string): Promise<Store> {
  if (name === 'memory') return memoryStore()
  if (!/^redis(s|\+unix)?:\/\//.test(name)) return openFolder(name)
  return (await import('./redis.ts')).redisStore(name, prefix)
}

/** A store in a folder. Loaded only where it is wanted: a native module takes its time. */
export async function openFolder(folder: string): Promise<Store> {
  return (await import('./durable.ts')).durableStore(folder)
}
