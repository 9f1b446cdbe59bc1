/** What a lab may ask of the telephones of a host. */
export { TELEPHONE_PORT, VOICE_BYTES } from '../../../protocols/telephone/message.ts'

export interface ScheduledCall {
  /** Of the schedule's own clock. */
  atMs: number
  holdMs: number
}

/** A piece of speech. */
export interface ScheduledVoice {
  atMs: number
  line: number
}

export type CallOutcome = 'connected' | 'busy' | 'refused' | 'unanswered'

export interface TelephoneRequests {
  /**
   * Opens a socket for all telephones of this host. With `attachTo` it tells an exchange, or a packet line, where they
   * are, and waits for its answer; without, it speaks and hears by packets, and needs no one's leave. `tells`: each
   * change of a telephone is an event; not where thousands are made. `watchesLight`: the wire to the exchange is this
   * host's network card.
   */
  telephoneOpen: {
    ask: {
      mechanism: string
      port: number
      attachTo?: { address: string; port: number }
      tells: boolean
      watchesLight: boolean
    }
    answer: { port: number }
  }
  telephoneCall: { ask: { mechanism: string; line: number }; answer: { outcome: CallOutcome } }
  telephoneHangUp: { ask: { mechanism: string; line: number }; answer: null }
  /**
   * Makes calls in the order in which their times have them begin and end. The schedule's clock does not wait: its
   * next moment is there as soon as the exchange has answered the last.
   */
  telephonePlay: {
    ask: { mechanism: string; lines: number; calls: ScheduledCall[] }
    answer: { calls: number; busy: number; unanswered: number }
  }
  /** Speaks, each piece in its time; to the exchange where no other address is given. */
  telephoneTalk: {
    ask: {
      mechanism: string
      to: { address: string; port: number }
      bytes: number
      voices: ScheduledVoice[]
    }
    answer: null
  }
  /** What was heard since this was asked last: an event. */
  telephoneCount: { ask: { mechanism: string }; answer: null }
}
