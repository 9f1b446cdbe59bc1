/** Somebody who uses the bank with a cookie jar of their own, or misuses it. */
import * as http from 'node:http'
import * as https from 'node:https'
import { USERS } from '../../src/programs/bank/users.ts'

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  /** {} where it is no JSON. */
  json: Record<string, unknown>
}

export interface Asking {
  /** Sent as a form. */
  form?: Record<string, string>
  body?: string
  headers?: http.OutgoingHttpHeaders
  /** So long an answer is waited for. */
  withinMs?: number
}

export function passwordOf(user: string): string {
  return USERS.find(({ name }) => name === user)?.password ?? ''
}

export class BankUser {
  readonly cookies = new Map<string, string>()
  /** Where the bank is; it may come back elsewhere. */
  url: URL
  readonly #certificate: string | undefined

  constructor(url: string | URL, certificate?: string) {
    this.url = new URL(url)
    this.#certificate = certificate
  }

  /** Each request over a connection of its own. Rejects when that breaks. */
  ask(method: string, path: string, { form, body, headers, withinMs = 5000 }: Asking = {}): Promise<Answer> {
    const sent = form === undefined ? (body ?? '') : String(new URLSearchParams(form))
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const options: https.RequestOptions = {
      method,
      agent: false,
      headers: {
        accept: 'application/json',
        ...(cookie === '' ? {} : { cookie }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        'content-length': Buffer.byteLength(sent),
        ...headers,
      },
      ca: this.#certificate,
      signal: AbortSignal.timeout(withinMs),
    }
    return new Promise((resolve, reject) => {
      const { request } = this.url.protocol === 'https:' ? https : http
      const asking = request(new URL(path, this.url), options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part) => {
          text += part
        })
        response.once('error', reject)
        response.once('end', () => {
          const { statusCode: status = 0, headers } = response
          this.#keep(headers['set-cookie'] ?? [])
          const isJson = /json/.test(headers['content-type'] ?? '')
          resolve({ status, headers, text, json: isJson ? JSON.parse(text) : {} })
        })
      })
      asking.once('error', reject)
      asking.end(sent)
    })
  }

  #keep(setCookies: string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', value = ''] = pair.split('=')
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }

  /** The token of the sign-in form, which also sets its cookie. */
  async signInToken(): Promise<string> {
    return String((await this.ask('GET', '/')).json.csrf)
  }

  /** With the right password, if no other is given. */
  async signIn(user: string, password = passwordOf(user)): Promise<Answer> {
    const csrf = await this.signInToken()
    return await this.ask('POST', '/sign-in', { form: { user, password, csrf } })
  }

  async account(): Promise<Answer> {
    return await this.ask('GET', '/account')
  }

  /** The token of the account's forms. */
  async token(): Promise<string> {
    return String((await this.account()).json.csrf)
  }
}
