/**
 * A store in a folder, without a server: LMDB, a B+ tree in one file that is mapped into memory. It writes
 * changed pages beside the old ones and then one page that says which are in force; so a process that is killed
 * at any moment leaves the state before a transaction or the one after it, and there is nothing to repair.
 *
 * Several processes of one machine may have the same folder open: one writes at a time, and the kernel gives
 * the lock of one that died to the next. A folder on a network file system would have no such lock.
 */
import { chmodSync, mkdirSync } from 'node:fs'
import { open } from 'lmdb'
import {
  type Change,
  checkKey,
  type Entry,
  isExpired,
  type Json,
  type Store,
  SWEPT_PER_UPDATE,
} from './store.ts'

/**
 * Opens the store in a folder, which is made if it does not exist, for its owner alone.
 * @throws what making or opening it throws (EACCES, ...)
 */
export function durableStore(folder: string): Store {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // It may have existed.
  chmodSync(folder, 0o700)
  const table = open<Entry, string>({
    path: folder,
    encoding: 'json',
    // A folder, even if its name looks like a file's.
    noSubdir: false,
    // A commit is on the disk when it resolves, and not some time later: it survives a loss of power too.
    overlappingSync: false,
  })
  /** Where the next sweep begins. */
  let sweptUntil: string | undefined

  function read(key: string): Json | undefined {
    const entry = table.get(checkKey(key))
    return entry === undefined || isExpired(entry, Date.now()) ? undefined : entry.value
  }

  /** Inside a transaction: what is read here is what is removed. */
  function sweep(): void {
    const from = sweptUntil === undefined ? {} : { start: sweptUntil }
    const looked = [...table.getRange({ ...from, limit: SWEPT_PER_UPDATE })]
    for (const { key, value } of looked) if (isExpired(value, Date.now())) void table.remove(key)
    sweptUntil = looked.length < SWEPT_PER_UPDATE ? undefined : looked.at(-1)?.key
  }

  return {
    async get(key) {
      // Without it a read sees what was committed when this turn of the event loop began, also by others.
      table.resetReadTxn()
      return read(key)
    },
    async update<T>(
      keys: readonly string[],
      change: (values: ReadonlyMap<string, Json | undefined>) => Change<T>,
    ) {
      // Called when this process has the lock for writing. It resolves when the commit is done.
      return await table.transaction(() => {
        const { write, result } = change(new Map(keys.map((key) => [key, read(key)])))
        // All that can throw comes before the first write: LMDB keeps what a callback wrote before it threw.
        for (const key of write.keys()) checkKey(key)
        for (const [key, entry] of write) {
          if (entry === null) void table.remove(key)
          else void table.put(key, entry)
        }
        sweep()
        return result
      })
    },
    async close() {
      await table.close()
    },
  }
}
