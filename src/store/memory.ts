/** A store that lives and dies with its process. */
import {
  type Change,
  checkKey,
  type Entry,
  isExpired,
  type Json,
  type Store,
  SWEPT_PER_UPDATE,
} from './store.ts'

/** One step is one turn of this process: nobody comes between. */
export function memoryStore(): Store {
  const entries = new Map<string, Entry>()
  /** Goes round and round. */
  let sweeping = entries.entries()

  function read(key: string): Json | undefined {
    const entry = entries.get(checkKey(key))
    return entry === undefined || isExpired(entry, Date.now()) ? undefined : structuredClone(entry.value)
  }

  function sweep(): void {
    for (let looked = 0; looked < SWEPT_PER_UPDATE; looked += 1) {
      const next = sweeping.next()
      if (next.done) {
        sweeping = entries.entries()
        return
      }
      const [key, entry] = next.value
      if (isExpired(entry, Date.now())) entries.delete(key)
    }
  }

  return {
    async get(key) {
      return read(key)
    },
    async update<T>(
      keys: readonly string[],
      change: (values: ReadonlyMap<string, Json | undefined>) => Change<T>,
    ) {
      const { write, result } = change(new Map(keys.map((key) => [key, read(key)])))
      for (const key of write.keys()) checkKey(key)
      for (const [key, entry] of write) {
        // A copy: what the caller does with its own object later is no write.
        if (entry === null) entries.delete(key)
        else entries.set(key, structuredClone(entry))
      }
      sweep()
      return result
    },
    async close() {},
  }
}
