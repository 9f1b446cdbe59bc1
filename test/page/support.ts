/** A page without a browser: raw requests as anybody can send them, and runs that are only events. */
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { keepalive } from '../../labs/keepalive/lab.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Check } from '../../src/lab/checks.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Answer, Question } from '../../src/lab/predict.ts'
import { reportOf } from '../../src/lab/report.ts'
import { chosenPart, type StartRun } from '../../src/launcher/start.ts'
import { type Hello, type ServerMessage, SUBPROTOCOL, TOKEN_HEADER } from '../../src/page/messages.ts'
import { openPage } from '../../src/page/server.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { PlayCommand } from '../../src/plan/play-command.ts'
import { temporaryFolder } from '../support/cli.ts'

export const labs = { keepalive }

/** Stands in for `startRun`: the test says what happens. */
export class PretendedRuns {
  readonly commands: PlayCommand[] = []
  readonly plans: Plan[] = []
  emit: (events: LabEvent[]) => void = () => {}
  /** What the next run will have observed. */
  checks: Check[] = []
  #end: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  readonly start: StartRun = async (lab, options, onEvents) => {
    const run = `run-${this.plans.length + 1}`
    const folder = join(options.out, run)
    mkdirSync(folder, { recursive: true })
    const plan: Plan = {
      run,
      ...chosenPart(lab, options),
      tier: 'process',
      because: 'pretended',
      folder,
      programsBundle: '/nowhere',
      captureBundle: '/nowhere',
      cableBundle: '/nowhere',
      switchBundle: '/nowhere',
      officeBundle: '/nowhere',
      bankBundle: '',
      environment: { os: 'linux' },
      watchMs: 1000,
      sysctls: {},
      settings: {} as Plan['settings'],
    }
    this.plans.push(plan)
    this.emit = onEvents
    const log = new LabLog([])
    const report = reportOf(plan, log, this.checks, new Date())
    const done = new Promise<void>((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    }).then(() => ({ plan, log, report, interrupted: true }))
    return { plan, asRoot: false, stop: this.#end, command: (one) => this.commands.push(one), done }
  }

  /** The lab comes to its end by itself. */
  end(): void {
    this.#end()
  }

  fail(because: string): void {
    this.#fail(new Error(because))
  }
}

export async function pageUnderTest(out = temporaryFolder(), known: Record<string, Lab> = labs) {
  const runs = new PretendedRuns()
  const page = await openPage({ labs: known, out, port: 0, start: runs.start })
  onTestFinished(() => page.close())
  const { host, port, hash } = new URL(page.url)
  const token = hash.slice('#token='.length)
  const rightHeaders = { host, origin: `http://${host}`, [TOKEN_HEADER]: token }
  return {
    page,
    runs,
    host,
    port: Number(port),
    token,
    rightHeaders,
    ask: (path: string, headers: Record<string, string> = rightHeaders) =>
      send({ port: Number(port), path, headers }),
    order: (path: string, body: unknown, headers: Record<string, string> = rightHeaders) =>
      send({ port: Number(port), method: 'POST', path, headers, body: JSON.stringify(body) }),
    browser: (hello: Hello = { run: null, since: 0 }) => browser(Number(port), token, hello),
  }
}

interface Sent {
  port: number
  method?: string
  path: string
  headers: Record<string, string>
  body?: string
}

export interface Response {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: string
}

/** The path goes out as it is, dots and all: fetch would tidy it up. */
export function send({ port, method = 'GET', path, headers, body }: Sent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const own =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }
    const asking = request(
      { host: '127.0.0.1', port, method, path, headers: { ...own, ...headers }, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        )
      },
    )
    asking.on('error', reject)
    asking.end(body)
  })
}

/**
 * Sends bytes as nobody's library would, and never closes: this end stays half open until the test is over.
 * Resolves with all that came when the other end has closed.
 */
export function sendRaw(port: number, text: string | Buffer, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  let came = ''
  socket.setEncoding('latin1').on('data', (more: string) => {
    came += more
  })
  socket.write(text)
  return new Promise((resolve) => {
    // A reset says as well that it is over.
    socket.once('end', () => resolve(came)).once('error', () => resolve(came))
  })
}

/** A request in which any line may stand as often as somebody likes. */
export function requestText(first: string, lines: readonly string[], body = ''): string {
  const length = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]
  return `${[`${first} HTTP/1.1`, ...lines, ...length, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}

/** A WebSocket that keeps what it was sent. */
export class Listener {
  readonly socket: WebSocket
  readonly messages: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  #looks = new Set<() => void>()

  constructor(socket: WebSocket) {
    this.socket = socket
    onTestFinished(() => socket.terminate())
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)) as ServerMessage)
      for (const look of [...this.#looks]) look()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  /** Resolves when what it has satisfies the predicate. */
  until(holds: () => boolean, withinMs = 3000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds()) return
        clearTimeout(limit)
        this.#looks.delete(look)
        resolve()
      }
      const limit = setTimeout(() => {
        const seen = this.messages.map((message) => JSON.stringify(message).slice(0, 300)).join('\n')
        reject(new Error(`not within ${withinMs} ms; seen:\n${seen}`))
      }, withinMs)
      this.#looks.add(look)
      look()
    })
  }

  get events(): LabEvent[] {
    return this.messages.flatMap((message) => (message.type === 'events' ? message.events : []))
  }

  get phase(): string | undefined {
    return this.messages.findLast((message) => message.type === 'state')?.state.phase
  }
}

export function upgrade(port: number, protocols: string[], headers: Record<string, string>): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}/api/live`, protocols, { headers })
}

async function browser(port: number, token: string, hello: Hello): Promise<Listener> {
  const host = `127.0.0.1:${port}`
  const listener = new Listener(upgrade(port, [SUBPROTOCOL, token], { host, origin: `http://${host}` }))
  await new Promise((resolve, reject) => {
    listener.socket.once('open', resolve).once('error', reject)
  })
  listener.socket.send(JSON.stringify(hello))
  return listener
}

/** Events `from` .. `to`, told apart by their `seq`. */
export function someEvents(from: number, to: number, name: LabEvent['name'] = 'tcp:written'): LabEvent[] {
  return Array.from({ length: to - from }, (_, index) => {
    const seq = from + index
    const data = name === 'tcp:written' ? { bytes: seq } : { message: `said ${seq}` }
    return {
      mono: String(1_000_000 * seq),
      seq,
      run: 'run-1',
      lab: 'keepalive',
      host: 'play-a',
      incarnation: 1,
      program: 'tcp-client',
      pid: 7,
      name,
      group_id: 'tcp-busy:41234',
      data,
      time: seq,
    } as LabEvent
  })
}

/** Asks two questions; this machine's runs say "none" to the first and nothing about the second. */
export const askingLab: Lab = {
  ...keepalive,
  questions: () => [
    questionOf('who', { choice: 'none', observed: 'not one of them', checks: ['cut/udp/detected'] }),
    questionOf('when', { choice: null, observed: 'it was not observed', checks: [] }),
  ],
}

function questionOf(id: string, answer: Omit<Answer, 'explanation'>): Question {
  return {
    id,
    text: `${id} notices?`,
    choices: [
      { id: 'all', text: 'all of them' },
      { id: 'none', text: 'nobody at all' },
    ],
    cells: [],
    answer: () => ({ ...answer, explanation: `the reason of ${id}` }),
  }
}

export const OBSERVED: Check = {
  id: 'cut/udp/detected',
  claim: '',
  formula: '',
  expected: { value: null },
  observed: { value: null, watchedMs: 12_000 },
  verdict: 'pass',
  because: '',
  source: '',
  evidence: [],
}
