/** What a lab may ask of people with a browser of a host. */

/** One request of a user's browser. */
export interface UserAsk {
  mechanism: string
  user: string
  address: string
  port: number
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  /** The name of a connection that is kept for the next request of that name. Left out: one of its own. */
  connection?: string
  /** Sent in place of what the jar has for there; empty: nothing. */
  cookie?: string
  /** Over TLS, trusting this certificate alone; `ticket`: one of an earlier connection is used, if there is any. */
  tls?: { ca: string; ticket: boolean }
  /** After so long the user gives up, and the connection is destroyed. */
  answerWithinMs: number
}

/** What a user's browser holds of an answer; `code` in place of it when there was none. */
export type UserAnswer = { groupId: string } & (
  | {
      status: number
      body: string
      headers: Record<string, string | string[] | undefined>
      setCookies: string[]
    }
  | { code: string }
)

export interface UserRequests {
  /** Ask, and wait for the answer. */
  userAsk: { ask: UserAsk; answer: UserAnswer }
  /** What the browser would send there: what a thief wants. Undefined: nothing. */
  userCookie: {
    ask: { user: string; address: string; path: string; isSecure: boolean }
    answer: { cookie: string | undefined }
  }
  /** Close a connection that was kept. */
  userHangsUp: { ask: { mechanism: string; connection: string }; answer: null }
  /** Somebody else on that host name has this browser keep a cookie: by another port, say. */
  userIsGiven: { ask: { user: string; address: string; setCookie: string }; answer: null }
  /** Close all connections of a browser, and let it forget what has no date. */
  userClosesBrowser: { ask: { user: string }; answer: null }
}
