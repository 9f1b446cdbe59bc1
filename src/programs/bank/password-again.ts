/**
 * What a cookie alone does not do: move much money, end sessions in other browsers. The password has to come with it
 * (ASVS 7.5.2, 7.5.3), with the request itself: whoever shows it has done so for this and nothing else.
 */
import type { EventData } from '../../events/vocabulary.ts'
import { PASSWORD_LENGTH_MAX } from './limits.ts'
import type { PasswordCheck } from './passwords.ts'
import type { Tries } from './tries.ts'
import { USERS } from './users.ts'
import type { Visit } from './visit.ts'

type Wanted = EventData<'bank:password_wanted'>

/** The request was understood, and nothing was done: it has to come again, with the password. */
export class PasswordWanted extends Error {
  override name = 'PasswordWanted'
  readonly for: Wanted['for']
  readonly because: Wanted['because']

  constructor(purpose: Wanted['for'], because: Wanted['because']) {
    super(because)
    this.for = purpose
    this.because = because
  }
}

/**
 * Whether the password came with the request.
 * @param user whose session it is; null: nobody's, as far as is known
 * @throws PasswordWanted where another one came
 * @throws Refusal (429)
 * @throws PasswordsBusyError
 */
export async function hasPassword(
  visit: Visit,
  { id, user, purpose }: { id: string; user: string | null; purpose: Wanted['for'] },
  { passwords, tries }: { passwords: PasswordCheck; tries: Tries },
): Promise<boolean> {
  const password = visit.field('password', PASSWORD_LENGTH_MAX)
  if (password === null || user === null) return false
  tries.takeAgain(visit, id)
  const hash = USERS.find(({ name }) => name === user)?.hash
  if (await passwords.isRight(password, hash)) return true
  throw new PasswordWanted(purpose, 'wrong')
}
