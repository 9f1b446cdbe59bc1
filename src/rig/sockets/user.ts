/** People with a browser and its cookie jar, led step by step. */
import type { UserAnswer, UserAsk } from '../../programs/scripts/user/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** A browser waits for minutes as well. Passwords are checked slowly, and on a busy machine one after the other. */
const USER_WAITS_MS = 60_000

/** A user, with a browser. */
export interface User {
  /** Asks, and waits for the answer or for what went wrong. */
  ask(
    mechanism: string,
    at: SocketAddress,
    what: Pick<UserAsk, 'path'> & Partial<Omit<UserAsk, 'mechanism' | 'user' | 'address' | 'port'>>,
  ): Promise<UserAnswer>
  /** What the browser would send there. */
  cookie(at: SocketAddress, where?: { path?: string; isSecure?: boolean }): Promise<string | undefined>
  /** Closes a connection that was kept. */
  hangUp(mechanism: string, connection: string): Promise<void>
  /** Somebody else of that host name gives it a cookie. */
  isGiven(at: SocketAddress, setCookie: string): Promise<void>
  /** Closes every connection, and forgets what has no date. */
  closeBrowser(): Promise<void>
}

/** @param host where they are */
export function users(host: LedHost) {
  /** Somebody with a browser. The same name is the same person: they have one cookie jar. */
  return (user: string): User => {
    return {
      ask: async (mechanism, at, { method = 'GET', path, answerWithinMs = USER_WAITS_MS, ...how }) => {
        await host.calls(mechanism, at)
        const ask = { mechanism, user, ...at, method, path, answerWithinMs, ...how }
        return host.ask('userAsk', mechanism, undefined, ask, answerWithinMs)
      },
      cookie: async ({ address }, { path = '/', isSecure = false } = {}) =>
        (await host.ask('userCookie', user, undefined, { user, address, path, isSecure })).cookie,
      hangUp: async (mechanism, connection) => {
        await host.ask('userHangsUp', mechanism, undefined, { mechanism, connection })
      },
      isGiven: async ({ address }, setCookie) => {
        await host.ask('userIsGiven', user, undefined, { user, address, setCookie })
      },
      closeBrowser: async () => {
        await host.ask('userClosesBrowser', user, undefined, { user })
      },
    }
  }
}
