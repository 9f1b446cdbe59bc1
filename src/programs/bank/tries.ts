/**
 * How often a password may be tried (ASVS 6.3.1). Each kind of who tries has a table of its own, so that none can
 * crowd out another: whoever comes from ten thousand addresses, or makes up as many names, leaves the counts of the
 * users as they are.
 */
import { RateTable } from '../../protocols/http-session/rate.ts'
import { sessionDigest } from '../../protocols/http-session/session.ts'
import { RATES } from './limits.ts'
import { USERS } from './users.ts'
import type { Visit } from './visit.ts'

export class Tries {
  readonly #ofAddress = new RateTable(RATES.passwords)
  readonly #onUser = new RateTable(RATES.passwords)
  /** On what somebody typed as a name. That it is nobody's does not show: the limit is the same. */
  readonly #onNobody = new RateTable(RATES.passwords)
  readonly #ofDevice = new RateTable(RATES.passwords)
  readonly #inSession = new RateTable(RATES.passwords)

  /**
   * To sign in.
   * @param device a browser that this user is known by, if it is one
   * @throws Refusal (429)
   */
  takeSignIn(visit: Visit, user: string, device: string | null): void {
    if (device !== null) {
      visit.takeRate('sign_ins', this.#ofDevice, device)
      return
    }
    visit.takeRate('sign_ins', this.#ofAddress, visit.request.ip ?? '')
    const isUser = USERS.some(({ name }) => name === user)
    visit.takeRate('sign_ins', isUser ? this.#onUser : this.#onNobody, user)
  }

  /**
   * To show once more who one is. A thief who has the cookie and not the password can try no longer than others.
   * @param id of the session
   * @throws Refusal (429)
   */
  takeAgain(visit: Visit, id: string): void {
    visit.takeRate('passwords', this.#inSession, sessionDigest(id))
  }
}
