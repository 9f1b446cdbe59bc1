/** Two telephones and the wire between them, without sockets: time is passed in, and what is lost is said. */
import type { AgentAction, AgentOptions } from '../../../src/protocols/sip/agent.ts'
import { TIMING } from '../../../src/protocols/sip/constants.ts'
import { type Message, readMessage, writeMessage } from '../../../src/protocols/sip/message.ts'
import { UserAgent } from '../../../src/protocols/sip/user-agent.ts'

export interface Sent {
  atMs: number
  from: string
  /** `INVITE`, `200 INVITE`. */
  what: string
  message: Message
}

export function titleOf(message: Message): string {
  if (message.kind === 'request') return message.method
  const method = message.headers.find(({ name }) => name === 'CSeq')?.value.split(' ')[1]
  return `${message.status} ${method}`
}

export const place = (host: number) => ({ transport: 'udp' as const, address: `10.0.1.${host}`, port: 5060 })
export const media = (host: number) =>
  ({ address: `10.0.1.${host}`, port: 4000, id: host, version: 1, direction: 'sendrecv' }) as const

export class TwoAgents {
  readonly sent: Sent[] = []
  readonly told: { atMs: number; at: string; action: AgentAction }[] = []
  nowMs = 0
  isLost: (sent: Sent) => boolean = () => false
  readonly a: UserAgent
  readonly b: UserAgent
  #queue: { to: 'a' | 'b'; bytes: Buffer; from: ReturnType<typeof place> }[] = []

  constructor(options: Partial<AgentOptions> = {}, optionsOfB: Partial<AgentOptions> = options) {
    let tokens = 0
    const common = { timing: TIMING, makeToken: () => `token${++tokens}` }
    this.a = new UserAgent({ user: 'alice', place: place(1), ...common, ...options })
    this.b = new UserAgent({ user: 'bob', place: place(2), ...common, ...optionsOfB })
  }

  do(at: 'a' | 'b', actions: AgentAction[]): void {
    for (const action of actions) {
      this.told.push({ atMs: this.nowMs, at, action })
      if (action.do !== 'send') continue
      const sent = { atMs: this.nowMs, from: at, what: titleOf(action.message), message: action.message }
      this.sent.push(sent)
      const to = action.to.address === '10.0.1.1' ? 'a' : 'b'
      if (!this.isLost(sent))
        this.#queue.push({ to, bytes: writeMessage(action.message), from: place(at === 'a' ? 1 : 2) })
    }
    for (let next = this.#queue.shift(); next; next = this.#queue.shift())
      this.do(next.to, this[next.to].receive(readMessage(next.bytes), next.from, this.nowMs))
  }

  /** Lets so much time pass. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const dueAtMs = Math.min(this.a.dueAtMs, this.b.dueAtMs)
      if (dueAtMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueAtMs)
      this.do('a', this.a.due(this.nowMs))
      this.do('b', this.b.due(this.nowMs))
    }
    this.nowMs = untilMs
  }

  /** Alice calls Bob. */
  call(): string {
    const { call, actions } = this.a.call('sip:bob@10.0.1.2', media(1), this.nowMs)
    this.do('a', actions)
    return call
  }

  /** Bob takes whatever rings. */
  pickUp(): void {
    for (const id of this.b.calls) this.do('b', this.b.pickUp(id, media(2), this.nowMs))
  }

  what(): string[] {
    return this.sent.map(({ what }) => what)
  }

  times(what: string): number[] {
    return this.sent.filter((sent) => sent.what === what).map(({ atMs }) => atMs)
  }

  heard(name: AgentAction['do'], at?: 'a' | 'b') {
    return this.told.filter((one) => one.action.do === name && (at === undefined || one.at === at))
  }
}
