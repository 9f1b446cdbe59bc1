/**
 * Users with their browsers, led step by step by a lab: each has a cookie jar, and asks over whatever connection the
 * lab names: one of its own for each request, one that is kept, or one that several users share, which no browser
 * would do and a proxy does all the time. There is no way to start it by hand: browsers and curl(1) are for that.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import type * as net from 'node:net'
import type { TLSSocket } from 'node:tls'
import { parseCookie } from 'cookie'
import { CookieJar, cookieHeader } from '../../../protocols/cookies/jar.ts'
import { sessionDigest } from '../../../protocols/http-session/session.ts'
import type { PeerBelief } from '../../parts/belief.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { errorData, groupIdOf, ofAllTcp, takeTcp } from '../../parts/tcp-events.ts'
import type { UserAnswer, UserAsk, UserRequests } from './requests.ts'

const BODY_BYTES_MAX = 64 * 1024
/** How much of an answer is in its event. */
const BODY_LOGGED = 200

/** No answer came in time, and the user gave up. */
const GAVE_UP = 'NO_ANSWER'

export function scriptUsers({ emitterOf }: ScriptedHost): Scripted<UserRequests> {
  const emit = emitterOf('user')
  const jars = new Map<string, CookieJar>()
  /** By `<mechanism>/<name>`: each holds one connection at most. */
  const kept = new Map<string, { agent: http.Agent; user: string }>()
  const sockets = new Map<net.Socket, PeerBelief>()
  /** By user and server: what resumes a session of TLS. */
  const tickets = new Map<string, Buffer>()
  let number = 0

  function jarOf(user: string): CookieJar {
    const jar = jars.get(user) ?? new CookieJar()
    jars.set(user, jar)
    return jar
  }

  function agentOf({ mechanism, connection, tls, user }: UserAsk): http.Agent {
    // A session of TLS is used where the lab says so, and not because the agent remembers it.
    const make = (keepAlive: boolean) =>
      tls === undefined
        ? new http.Agent({ keepAlive, maxSockets: 1 })
        : new https.Agent({ keepAlive, maxSockets: 1, maxCachedSessions: 0 })
    if (connection === undefined) return make(false)
    const name = `${mechanism}/${connection}`
    const line = kept.get(name) ?? { agent: make(true), user }
    kept.set(name, line)
    return line.agent
  }

  /** The TLS of a new connection: who it is, and whether it goes on where an earlier one ended. */
  function reportTls(socket: TLSSocket, ask: UserAsk, groupId: string): void {
    socket.once('secureConnect', () => {
      const protocol = socket.getProtocol() ?? '?'
      emit('tls:connected', { protocol, isResumed: socket.isSessionReused() }, groupId)
    })
    socket.on('session', (ticket: Buffer) => {
      tickets.set(ticketName(ask), ticket)
      emit('tls:ticket_received', { bytes: ticket.length }, groupId)
    })
  }

  function send(ask: UserAsk): Promise<UserAnswer> {
    const { mechanism, user, address, port, method, path, headers, body, tls } = ask
    const target = { host: address, path, isSecure: tls !== undefined }
    const cookie = ask.cookie ?? cookieHeader(jarOf(user).for(target, Date.now())) ?? ''
    const asked = { number: number++, user, method, path, cookies: digestsOf(cookie) }
    const askedAtMs = performance.now()
    const afterMs = () => performance.now() - askedAtMs
    let groupId = groupIdOf(mechanism, undefined)
    const session = tls?.ticket === true ? tickets.get(ticketName(ask)) : undefined

    return new Promise((resolve) => {
      let gaveUp = false
      const failed = (error: Error) => {
        clearTimeout(limit)
        const code = gaveUp ? GAVE_UP : errorData(error).code
        emit('http:request_failed', { number: asked.number, user, code, afterMs: afterMs() }, groupId)
        resolve({ groupId, code })
      }
      const options: https.RequestOptions = {
        host: address,
        port,
        method,
        path,
        agent: agentOf(ask),
        headers: {
          ...headers,
          ...(cookie === '' ? {} : { cookie }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
        ...(tls === undefined ? {} : { ca: tls.ca }),
        ...(session === undefined ? {} : { session }),
      }
      const request = (tls === undefined ? http : https).request(options)
      const limit = setTimeout(() => {
        gaveUp = true
        request.destroy()
      }, ask.answerWithinMs)
      request.once('socket', (socket) => {
        const begin = () => {
          groupId = groupIdOf(mechanism, socket.localPort)
          if (!sockets.has(socket)) {
            sockets.set(socket, takeTcp(socket, emit, groupId, 'connected'))
            socket.once('close', () => sockets.delete(socket))
            if (tls !== undefined) reportTls(socket as TLSSocket, ask, groupId)
          }
          emit('http:request_sent', asked, groupId)
        }
        if (socket.connecting) socket.once('connect', begin)
        else begin()
      })
      request.once('error', failed)
      request.once('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (text.length > BODY_BYTES_MAX) request.destroy(new RangeError('the answer is too large'))
        })
        response.once('error', failed)
        response.once('end', () => {
          clearTimeout(limit)
          const { statusCode: status = 0, headers } = response
          const setCookies = headers['set-cookie'] ?? []
          const seen = { number: asked.number, user, status, body: text.slice(0, BODY_LOGGED) }
          emit('http:response_received', { ...seen, afterMs: afterMs() }, groupId)
          for (const setCookie of setCookies) take(user, target, setCookie, groupId)
          resolve({ groupId, status, body: text, headers: { ...headers }, setCookies })
        })
      })
      request.end(body)
    })
  }

  function take(
    user: string,
    from: Parameters<CookieJar['take']>[0],
    setCookie: string,
    groupId: string | undefined,
  ): void {
    const taken = jarOf(user).take(from, setCookie, Date.now())
    const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim())
    const isPersistent = attributes.some((attribute) => /^(max-age|expires)=/i.test(attribute))
    const refused = 'refused' in taken ? { refused: taken.refused } : {}
    const [cookie = ''] = digestsOf(pair)
    emit('http:cookie_received', { user, cookie, attributes, isPersistent, ...refused }, groupId)
  }

  return {
    answer: {
      userAsk: send,

      async userCookie({ user, address, path, isSecure }) {
        const cookies = jarOf(user).for({ host: address, path, isSecure }, Date.now())
        return { cookie: cookieHeader(cookies) }
      },

      async userHangsUp({ mechanism, connection }) {
        const name = `${mechanism}/${connection}`
        kept.get(name)?.agent.destroy()
        kept.delete(name)
        return null
      },

      async userIsGiven({ user, address, setCookie }) {
        take(user, { host: address, path: '/', isSecure: false }, setCookie, undefined)
        return null
      },

      async userClosesBrowser({ user }) {
        for (const [name, line] of [...kept].filter(([, line]) => line.user === user)) {
          line.agent.destroy()
          kept.delete(name)
        }
        jarOf(user).closeBrowser()
        emit('http:browser_closed', { user })
        return null
      },
    },

    async close() {
      for (const { agent } of kept.values()) agent.destroy()
      for (const socket of sockets.keys()) socket.destroy()
    },
    ...ofAllTcp(sockets, emit),
  }
}

/** `session=1a2b3c4d`: which cookies, and no more of their values than tells them apart. */
function digestsOf(header: string): string[] {
  const cookies = parseCookie(header, { decode: (text) => text })
  return Object.entries(cookies).map(([name, value = '']) => `${name.slice(0, 64)}=${sessionDigest(value)}`)
}

function ticketName({ user, address, port }: UserAsk): string {
  return `${user}@${address}:${port}`
}
