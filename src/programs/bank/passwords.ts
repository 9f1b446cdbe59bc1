/** A user must know their password; the bank does not, it knows what scrypt makes of it. */
import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt)

/**
 * OWASP's Password Storage Cheat Sheet has N=2^17, r=8, p=1, and this as its equal with 32 MiB instead of 128:
 * two at once fit a small container.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 } as const satisfies ScryptOptions
const HASH_BYTES = 32

/** How many are computed at once, on threads of their own: a third of a second and 32 MiB each. */
const AT_ONCE_MAX = 2
/** And this many wait for their turn, a few seconds at most. Others are sent away. */
const WAITING_MAX = 16

export interface PasswordHash {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** Too many passwords are being checked. */
export class PasswordsBusyError extends Error {
  override name = 'PasswordsBusyError'
}

/** What an unknown user's password is compared with: nobody's. */
const NOBODY: PasswordHash = { salt: new Uint8Array(16), hash: new Uint8Array(HASH_BYTES) }

export async function hashPassword(password: string, salt: Uint8Array): Promise<Buffer> {
  return await derive(password, salt, HASH_BYTES, COST)
}

export class PasswordCheck {
  #running = 0
  readonly #waiting: (() => void)[] = []

  /**
   * Does the same for a user who does not exist, and so takes as long: the time does not tell who exists.
   * @throws PasswordsBusyError
   */
  async isRight(password: string, of: PasswordHash | undefined): Promise<boolean> {
    await this.#turn()
    try {
      const { salt, hash } = of ?? NOBODY
      const isEqual = timingSafeEqual(await hashPassword(password, salt), hash)
      return isEqual && of !== undefined
    } finally {
      // The turn passes on, or is over.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < AT_ONCE_MAX) {
      this.#running += 1
      return
    }
    if (this.#waiting.length >= WAITING_MAX)
      throw new PasswordsBusyError('too many people are signing in at this moment')
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
