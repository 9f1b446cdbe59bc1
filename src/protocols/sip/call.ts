/** One call as one end sees it: its state, and what belongs to it. */
import type { Agreed, LocalMedia } from '../sdp/negotiation.ts'
import type { Place } from './compose.ts'
import type { Dialog } from './dialog.ts'
import type { Request, Response } from './message.ts'
import type { Session } from './session-timer.ts'
import type { Key } from './transactions.ts'

export type CallState = 'calling' | 'ringing' | 'incoming' | 'answered' | 'up' | 'leaving' | 'over'
export type CallInput =
  | 'rings'
  | 'picked-up' // the other end answered our INVITE
  | 'answers' // this end answered theirs
  | 'acknowledged'
  | 'hangs-up' // this end, for whatever reason
  | 'bye'
  | 'failed'
  | 'done'

/**
 *     caller: calling --180--> ringing --200--> up            callee: incoming --200--> answered --ACK--> up
 *
 * `leaving`: this end has said CANCEL or BYE, and nobody has confirmed it yet.
 */
export const callTransitions = {
  calling: { rings: 'ringing', 'picked-up': 'up', 'hangs-up': 'leaving', failed: 'over' },
  ringing: { rings: 'ringing', 'picked-up': 'up', 'hangs-up': 'leaving', failed: 'over' },
  incoming: { answers: 'answered', failed: 'over' },
  answered: { acknowledged: 'up', 'hangs-up': 'leaving', bye: 'over' },
  up: { 'hangs-up': 'leaving', bye: 'over' },
  leaving: { bye: 'over', failed: 'over', done: 'over' },
  over: {},
} as const satisfies Record<CallState, Partial<Record<CallInput, CallState>>>

export interface Call {
  readonly id: string
  state: CallState
  local: LocalMedia
  /** null: the caller's, before anybody answered. */
  dialog: Dialog | null
  /** Our INVITE, or theirs. */
  invite: Request
  /** Of their INVITE, while it waits for an answer. */
  key: Key | null
  /** By our answer. Voice begins with the ACK: before it the caller may be somebody in another's name. */
  agreed: Agreed | null
  /** Where requests are sent that are in no dialog yet. */
  to: Place
  session: Session | null
  /** A success that was answered again and again until its ACK comes. */
  unacknowledged: {
    response: Response
    to: Place
    atMs: number
    pauseMs: number
    untilMs: number
    again: number
  } | null
  /** The ACK of a success, for when that comes again. */
  ack: { request: Request; to: Place } | null
  /** Why it ends, once this end has said so. */
  end: 'hung-up' | 'expired' | 'never-acknowledged' | 'refresh-failed' | 'cancelled' | null
  /** Somebody has answered it: only then it can be cancelled (section 9.1). */
  canCancel: boolean
  challenges: number
  /** A re-INVITE of ours is on its way: another has to wait (section 14.1). */
  isChanging: boolean
}
