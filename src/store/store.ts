/**
 * Where what must outlive a connection is kept, and perhaps the process: a table of JSON values by key. Three
 * kinds, one contract (one test for all three): in memory, in a folder of this machine, in a Redis server.
 */

/** What a store keeps, and what travels in a plan: no functions, no dates, no undefined. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A value to write. */
export interface Entry {
  value: Json
  /**
   * Milliseconds since 1970 by the wall clock, which outlives a process and can be set. From then on the key has
   * no value. A store sweeps it away some time later.
   */
  expiresAtMs?: number
}

/** What a change decided. */
export interface Change<T> {
  /** By key; null deletes. It may name keys beside those that were read. */
  write: ReadonlyMap<string, Entry | null>
  result: T
}

export interface Store {
  /**
   * The value of a key as it was committed last.
   * @throws StoreUnavailableError
   */
  get(key: string): Promise<Json | undefined>

  /**
   * Reads `keys`, decides, writes: one step. Nobody else's write to `keys` comes between, in this process or
   * another, and all is written or nothing. What it resolved with survives a SIGKILL of this process, except
   * in a store in memory.
   *
   * `change` has no effects of its own: it may be called again, when somebody else was faster. When it throws,
   * nothing is written, and the promise rejects with what it threw.
   *
   * @throws StoreUnavailableError when the store is away: then the change may have been written or not, and
   * whoever asked may ask again with something in the change that makes twice the same as once
   * @throws StoreContendedError when others were faster too often: nothing was written
   */
  update<T>(
    keys: readonly string[],
    change: (values: ReadonlyMap<string, Json | undefined>) => Change<T>,
  ): Promise<T>

  /** Resolves when nothing is under way any more. The store is of no use afterwards. */
  close(): Promise<void>
}

/** The store cannot be reached, or does not answer. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError'
  readonly code = 'STORE_UNAVAILABLE'
}

/** Others wrote the same keys again and again. */
export class StoreContendedError extends Error {
  override name = 'StoreContendedError'
}

/** LMDB takes 1978 bytes; whoever needs a longer name for something takes a digest of it. */
const KEY_LENGTH_MAX = 200

/**
 * Every key a store is given passes here.
 * @throws RangeError for one that not every store could keep
 */
export function checkKey(key: string): string {
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > KEY_LENGTH_MAX) {
    throw new RangeError(
      `a key is 1 to ${KEY_LENGTH_MAX} visible ASCII characters, is ${JSON.stringify(key.slice(0, 40))}`,
    )
  }
  return key
}

/** How many entries are looked at for expired ones with each update: sweeping never takes longer than that. */
export const SWEPT_PER_UPDATE = 16

export function isExpired({ expiresAtMs }: Entry, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs
}
