/** Many HTTP sessions: a line in a map of the server, and a cookie of the visitor. No connection is among it. */
import { randomBytes } from 'node:crypto'
import * as http from 'node:http'
import { parseCookie, stringifySetCookie } from 'cookie'
import { listen, stopListening } from '../../parts/tcp-events.ts'

const SESSION_COOKIE = 'session'
/** 128 random bits, as OWASP asks for. */
const SESSION_ID_BYTES = 16
/** Connections that all visitors share: a browser opens six to one server. */
const CONNECTIONS = 6

export interface SessionServer {
  readonly port: number
  readonly held: number
  close(): Promise<void>
}

/** Rejects when it cannot listen. */
export async function startSessionServer(host: string): Promise<SessionServer> {
  const visits = new Map<string, number>()
  const server = http.createServer((request, response) => {
    const id = parseCookie(request.headers.cookie ?? '')[SESSION_COOKIE] ?? ''
    const before = visits.get(id)
    if (before !== undefined) {
      visits.set(id, before + 1)
      response.writeHead(204).end()
    } else if (request.method === 'POST') {
      const fresh = randomBytes(SESSION_ID_BYTES).toString('hex')
      visits.set(fresh, 0)
      const cookie = {
        name: SESSION_COOKIE,
        value: fresh,
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
      } as const
      response.writeHead(204, { 'Set-Cookie': stringifySetCookie(cookie) }).end()
    } else response.writeHead(401).end()
  })
  const port = await listen(server, { host, port: 0 })
  return {
    port,
    get held() {
      return visits.size
    },
    close() {
      server.closeAllConnections()
      return stopListening(server)
    },
  }
}

/** Visitors, each with a cookie. */
export class Visitors {
  readonly #cookies: string[] = []

  get held(): number {
    return this.#cookies.length
  }

  /** @throws the error of the first request that failed */
  async signIn(to: { address: string; port: number }, count: number): Promise<void> {
    await inTurns(to, count, async (ask) => {
      const { headers } = await ask('POST', undefined)
      const [cookie = ''] = headers['set-cookie']?.[0]?.split(';') ?? []
      this.#cookies.push(cookie)
    })
  }

  /** @returns how many the server knew */
  async visit(to: { address: string; port: number }): Promise<number> {
    let known = 0
    await inTurns(to, this.#cookies.length, async (ask, index) => {
      const { statusCode } = await ask('GET', this.#cookies[index])
      if (statusCode === 204) known += 1
    })
    return known
  }
}

type Ask = (method: string, cookie: string | undefined) => Promise<http.IncomingMessage>

/** Does so many requests over a few connections, which are closed then. */
async function inTurns(
  { address, port }: { address: string; port: number },
  count: number,
  one: (ask: Ask, index: number) => Promise<void>,
): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const ask: Ask = (method, cookie) =>
    new Promise((resolve, reject) => {
      const headers = cookie === undefined ? {} : { Cookie: cookie }
      const request = http.request({ agent, host: address, port, method, headers }, (response) => {
        response.resume().once('end', () => resolve(response))
      })
      request.once('error', reject).end()
    })
  let next = 0
  const worker = async () => {
    while (next < count) await one(ask, next++)
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  } finally {
    agent.destroy()
  }
}
