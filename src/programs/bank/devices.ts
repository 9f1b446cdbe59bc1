/**
 * The browsers that a user has signed in with before. Whoever tries passwords on a user from elsewhere uses up what
 * strangers may try, and cannot keep the user out of their own browser, whose tries count by themselves (OWASP, "Slow
 * Down Online Guessing Attacks with Device Cookies").
 *
 * A device cookie opens nothing: it is worth a try, and the password has to come with it.
 */
import { DEVICE_KEPT_MS, DEVICES_PER_USER_MAX } from '../../protocols/http-session/constants.ts'
import { sessionKeyOf } from '../../protocols/http-session/session.ts'
import type { Json, Store } from '../../store/store.ts'
import { newId } from './sessions.ts'

/** As with a session, the store has a digest of the id, and not the id. */
type Device = { readonly key: string; readonly keptUntilMs: number }

const devicesKey = (user: string) => `devices:${user}`

function devicesIn(value: Json | undefined, nowMs: number): readonly Device[] {
  return ((value ?? []) as readonly Device[]).filter(({ keptUntilMs }) => nowMs < keptUntilMs)
}

export class Devices {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * What the tries of this browser are counted under; null: it is a stranger's.
   * @param user who exists
   * @param id of the cookie that came
   * @throws StoreUnavailableError
   */
  async knownAs(user: string, id: string): Promise<string | null> {
    const devices = devicesIn(await this.#store.get(devicesKey(user)), Date.now())
    const key = sessionKeyOf(id)
    return devices.some((device) => device.key === key) ? key : null
  }

  /**
   * Somebody has shown that they are this user. Resolves with the id for the cookie: the one that came where that is
   * known, since an answer with another one may get lost.
   * @throws StoreUnavailableError
   */
  async remember(user: string, presented: string | null): Promise<string> {
    const isKnown = presented !== null && (await this.knownAs(user, presented)) !== null
    const id = isKnown ? presented : newId()
    const key = sessionKeyOf(id)
    await this.#store.update([devicesKey(user)], (values) => {
      const nowMs = Date.now()
      const keptUntilMs = nowMs + DEVICE_KEPT_MS
      const others = devicesIn(values.get(devicesKey(user)), nowMs).filter((device) => device.key !== key)
      const value = [...others, { key, keptUntilMs }].slice(-DEVICES_PER_USER_MAX)
      return { write: new Map([[devicesKey(user), { value, expiresAtMs: keptUntilMs }]]), result: null }
    })
    return id
  }
}
