/** A bank in this process, and users of it. */
import { onTestFinished } from 'vitest'
import type { Certificate } from '../../../src/programs/bank/certificate.ts'
import { startBank } from '../../../src/programs/bank/server.ts'
import { Sessions } from '../../../src/programs/bank/sessions.ts'
import type { SessionLimits } from '../../../src/protocols/http-session/constants.ts'
import { SESSION_LIMITS } from '../../../src/protocols/http-session/constants.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import type { Store } from '../../../src/store/store.ts'
import { BankUser } from '../../support/bank-user.ts'
import { collectEvents } from '../../support/events.ts'

interface Wanted {
  certificate?: Certificate
  sessions?: Partial<SessionLimits>
  store?: Store
  proxy?: string
}

/** The values of a store in memory, as whoever stole a copy of it would have them. */
export function spiedStore(): { store: Store; copy: () => string } {
  const store = memoryStore()
  const written: unknown[] = []
  return {
    store: {
      ...store,
      update: (keys, change) =>
        store.update(keys, (values) => {
          const decided = change(values)
          written.push([...keys], [...decided.write])
          return decided
        }),
    },
    copy: () => JSON.stringify(written),
  }
}

export async function openBank({ certificate, sessions, store = memoryStore(), proxy }: Wanted = {}) {
  const log = collectEvents()
  const bank = await startBank(
    { mechanism: 'bank', name: 'bank-1', host: '127.0.0.1', port: 0, store, certificate, sessions, proxy },
    log.emit,
  )
  onTestFinished(() => bank.close())
  const scheme = certificate === undefined ? 'http' : 'https'
  const url = `${scheme}://127.0.0.1:${bank.port}/`
  const inStore = new Sessions(store, { ...SESSION_LIMITS, ...sessions })
  return {
    ...bank,
    url,
    store,
    log,
    visitor: () => new BankUser(url, certificate?.certificate),
    /** Signed in without the third of a second that a password takes. */
    async user(name: string): Promise<BankUser> {
      const user = new BankUser(url, certificate?.certificate)
      const id = await inStore.signIn(name, null, () => {})
      user.cookies.set(certificate === undefined ? 'session' : '__Host-session', id)
      return user
    },
  }
}
