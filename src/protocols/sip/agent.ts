/** What the parts of a user agent share: its options, what it wants done, and how they ask and answer. */
import type { Agreed } from '../sdp/negotiation.ts'
import type { Place } from './compose.ts'
import { PORT, type Timing } from './constants.ts'
import type { Message, Request, Response } from './message.ts'
import type { SipError } from './text.ts'
import type { Key, TransactionAction } from './transactions.ts'
import { addressOf, hostOf, readUri } from './uri.ts'

export interface AgentOptions {
  user: string
  /** Its own, where it can be reached; it is in Via and Contact. */
  place: Place
  /** Where it registers, and by whom it calls. */
  registrar?: { place: Place; password: string; wantedSeconds: number } | undefined
  /** It proposes a session timer, and takes one that is proposed. */
  session?: { seconds: number; refresher: 'uac' | 'uas'; minSeconds: number } | undefined
  timing: Timing
  /** Random letters and digits, each time others: tags, branches, call ids. */
  makeToken(): string
}

export type CallEnd = 'bye' | 'hung-up' | 'cancelled' | 'expired' | 'never-acknowledged' | 'refresh-failed'
export type CallFailure = 'refused' | 'no-answer' | 'unreachable' | 'no-common-code' | 'cancelled'

export type AgentAction =
  | Extract<TransactionAction, { do: 'send' | 'note-state' }>
  | { do: 'incoming'; call: string; from: string }
  | { do: 'note-call'; call: string; old: string; new: string; because: string }
  /** Both have agreed, for the first time or anew. */
  | { do: 'media'; call: string; agreed: Agreed }
  | { do: 'ended'; call: string; because: CallEnd }
  /** `status` of who refused. */
  | { do: 'failed'; call: string; because: CallFailure; status: number | null }
  | { do: 'session-agreed'; call: string; seconds: number; isRefresher: boolean }
  | { do: 'session-refreshed'; call: string }
  | { do: 'session-expired'; call: string }
  | { do: 'registered'; seconds: number }
  | { do: 'unregistered' }
  | { do: 'registration-lost'; status: number | null }
  /** A message was not taken; who sent it was told, if that is a status. */
  | { do: 'refused'; status: number | null; because: string; from: Place }

export type Outcome = { response: Response } | { failure: 'timeout' | 'transport' }

export interface Core {
  readonly options: AgentOptions
  act(action: AgentAction): void
  /** `then` is called for each answer, and for a failure. */
  ask(request: Request, to: Place, nowMs: number, then: (outcome: Outcome, nowMs: number) => void): void
  answer(key: Key, response: Response, nowMs: number): void
  /** Without a transaction: ACK of a success, and that success again. */
  send(message: Message, to: Place, again: number): void
  /** With a branch of its own. */
  via(): string
  contact(): string
  /** Whether there somebody receives for sure what is sent there. */
  knows(place: Place, nowMs: number): boolean
  refuse(key: Key, request: Request, status: number, because: SipError | string, nowMs: number): void
}

/** Where an address is. null: it is a name, and nobody is asked here where that is. */
export function placeOf(uri: string, own: Place): Place | null {
  const { host, port, parameters } = readUri(uri)
  const address = addressOf(host)
  if (address === null) return null
  const said = parameters.get('transport')?.toLowerCase()
  const transport = said === 'tcp' || said === 'udp' ? said : own.transport
  return { transport, address, port: port ?? PORT }
}

export function contactUri({ user, place }: AgentOptions): string {
  const transport = place.transport === 'tcp' ? ';transport=tcp' : ''
  return `sip:${user}@${hostOf(place.address)}:${place.port}${transport}`
}
