/** What the two ends of a session say in the log: the same words, whatever carries its lines. */
import type { Emitter } from '../../events/emit.ts'
import type { ClientAction, ClientEnd } from '../../protocols/session/client.ts'
import type { ServerAction, ServerEnd } from '../../protocols/session/server.ts'

/** Ends that nobody said: the other end may be well, and come back too late. */
const CLIENTS_SILENCE: readonly ClientEnd[] = ['no-answer']
const SERVERS_SILENCE: readonly ServerEnd[] = ['grace-over', 'unconfirmed']

/**
 * Logs what a client's action is an event of, if of any; to act on it is for the carrier.
 * @param session empty as long as the server has not named it
 */
export function logClientAction(
  action: ClientAction,
  session: string,
  emit: Emitter,
  groupId: string | undefined,
): void {
  log(action, session, CLIENTS_SILENCE, emit, groupId)
}

/**
 * Logs what a server's action is an event of, if of any; to act on it is for the carrier.
 * @param decidedAt when the action was decided on, where it had to wait since: a change of state was then
 */
export function logServerAction(
  action: ServerAction,
  emit: Emitter,
  groupId: string | undefined,
  decidedAt?: bigint,
): void {
  log(action, 'session' in action ? action.session : '', SERVERS_SILENCE, emit, groupId, decidedAt)
}

/** Logs what became of a message that somebody wanted to say. */
export function logSaid(
  said: 'full' | 'over' | { number: number },
  session: string,
  text: string,
  emit: Emitter,
  groupId: string | undefined,
): void {
  if (said === 'full') emit('session:queue_full', { session }, groupId)
  if (typeof said === 'string') return
  emit('session:message_said', { session, number: said.number, text }, groupId)
}

function log(
  action: ClientAction | ServerAction,
  session: string,
  silence: readonly string[],
  emit: Emitter,
  groupId: string | undefined,
  decidedAt?: bigint,
): void {
  switch (action.do) {
    case 'deliver': {
      const { number, text } = action
      emit('session:message_delivered', { session, number, text }, groupId)
      break
    }
    case 'acknowledged':
      emit('session:message_acknowledged', { session, number: action.number }, groupId)
      break
    case 'note-state': {
      const { old, because } = action
      emit('session:state_updated', { session, old, new: action.new, because }, groupId, decidedAt)
      break
    }
    case 'note-resumed': {
      const { received, toSend } = action
      emit('session:resumed', { session, received, toSend }, groupId)
      break
    }
    case 'note-sent-again':
      emit('session:sent_again', { session, messages: action.messages }, groupId)
      break
    case 'note-refused':
      emit('session:claim_refused', { session, reason: action.reason }, groupId)
      break
    case 'note-refused-line':
      emit('session:line_refused', { problem: action.problem, excerpt: action.excerpt }, groupId)
      break
    case 'over': {
      const { because } = action
      const unacknowledged = action.unacknowledged.map(({ number }) => number)
      const certainty = silence.includes(because) ? 'unknown' : 'definite'
      emit('session:over', { session, because, certainty, unacknowledged }, groupId, decidedAt)
      break
    }
  }
}
