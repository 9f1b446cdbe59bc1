/**
 * What an end of a connection is taken to believe while a run goes on, whatever its program is: nobody can look
 * into it. It is up while its kernel has the connection ESTABLISHED, and down when its kernel has it so no more,
 * when the program says so in words that somebody gave us, or when the program ends.
 *
 * The kernel's table is read now and then and does not tell why a connection is gone. What does is found
 * afterwards, in the packets (cause.ts).
 */
import type { Emitter } from '../events/emit.ts'
import type { KernelSocket, TcpState, Trigger } from '../events/vocabulary.ts'
import { PeerBelief } from '../programs/parts/belief.ts'

/** The peer's FIN brought it there. */
const AFTER_THEIR_FIN: readonly TcpState[] = ['CLOSE-WAIT', 'LAST-ACK']

/** Why a kernel's connection is ESTABLISHED no more, as far as its table tells. */
export function causeByTable(now: KernelSocket | null): Trigger {
  if (now === null) return 'kernel_has_none'
  return AFTER_THEIR_FIN.includes(now.state) ? 'fin' : 'user_closed'
}

/** The connections of one end, and what is believed of each. */
export class EndBeliefs {
  readonly #emit: Emitter
  readonly #beliefs = new Map<string, PeerBelief>()

  constructor(emit: Emitter) {
    this.#emit = emit
  }

  onSocketChange(groupId: string, old: KernelSocket | null, now: KernelSocket | null): void {
    if (now?.state === 'ESTABLISHED') {
      this.#of(groupId).become('up', 'connected')
      return
    }
    const belief = this.#beliefs.get(groupId)
    if (belief?.now === 'up' && old !== null) belief.become('down', causeByTable(now))
  }

  /** A program said so, or is gone: that is about all of its connections. */
  allDown(trigger: 'program_said' | 'program_ended', isOwn: (groupId: string) => boolean): void {
    for (const [groupId, belief] of this.#beliefs) {
      if (belief.now === 'up' && isOwn(groupId)) belief.become('down', trigger)
    }
  }

  #of(groupId: string): PeerBelief {
    const known = this.#beliefs.get(groupId) ?? new PeerBelief(this.#emit, groupId)
    this.#beliefs.set(groupId, known)
    return known
  }
}
