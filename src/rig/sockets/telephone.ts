/** Telephones that a lab leads step by step. */
import {
  type CallOutcome,
  type ScheduledCall,
  type ScheduledVoice,
  TELEPHONE_PORT,
  type TelephoneRequests,
  VOICE_BYTES,
} from '../../programs/scripts/telephone/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** An answer takes well below a millisecond; a busy machine needs several. */
const CALL_LIMIT_MS = 20

export interface Telephones {
  readonly at: SocketAddress
  call(line: number): Promise<CallOutcome>
  hangUp(line: number): Promise<void>
  /** Calls in the order of their times, as fast as they are answered. */
  play(lines: number, calls: ScheduledCall[]): Promise<TelephoneRequests['telephonePlay']['answer']>
  /** Speech, each piece in its time. */
  talk(to: SocketAddress, voices: ScheduledVoice[], bytes?: number): Promise<void>
  /** Logs what was heard since this was asked last. */
  count(): Promise<void>
}

/** @param host where they are */
export function telephones(host: LedHost) {
  const open = async (
    mechanism: string,
    how: Omit<TelephoneRequests['telephoneOpen']['ask'], 'mechanism'>,
  ) => {
    const { port } = await host.ask('telephoneOpen', mechanism, undefined, { mechanism, ...how })
    return telephonesAt(host, mechanism, await host.serves(mechanism, port), host.office && how.attachTo)
  }
  return {
    /**
     * Telephones at the exchange between this host and another.
     * @param beyond the other host: where the exchange is a box on the cable, no telephone knows it by its address
     * @throws Error when none answers
     */
    attach: (mechanism: string, beyond: { address: string }, { tells = true } = {}): Promise<Telephones> => {
      const { office } = host
      if (office !== undefined) {
        return open(mechanism, { port: 0, attachTo: office.exchange, tells, watchesLight: false })
      }
      const attachTo = { address: beyond.address, port: TELEPHONE_PORT }
      return open(mechanism, { port: TELEPHONE_PORT, attachTo, tells, watchesLight: tells })
    },
    /** Telephones that speak by packets. */
    open: (mechanism: string): Promise<Telephones> => {
      const line = host.office && { attachTo: host.office.line }
      return open(mechanism, { port: 0, ...line, tells: false, watchesLight: false })
    },
  }
}

/** @param wire where all that they say goes, whoever it is for; undefined: into the network, to its address */
function telephonesAt(
  host: LedHost,
  mechanism: string,
  at: SocketAddress,
  wire: SocketAddress | undefined,
): Telephones {
  return {
    at,
    call: async (line) => {
      const { outcome } = await host.ask('telephoneCall', mechanism, undefined, { mechanism, line })
      return outcome
    },
    hangUp: async (line) => {
      await host.ask('telephoneHangUp', mechanism, undefined, { mechanism, line })
    },
    play: (lines, calls) => {
      const ask = { mechanism, lines, calls }
      return host.ask('telephonePlay', mechanism, undefined, ask, calls.length * CALL_LIMIT_MS)
    },
    talk: async (to, voices, bytes = VOICE_BYTES) => {
      const ask = { mechanism, to: wire ?? to, bytes, voices }
      await host.ask('telephoneTalk', mechanism, undefined, ask, voices.at(-1)?.atMs ?? 0)
    },
    count: async () => {
      await host.ask('telephoneCount', mechanism, undefined, { mechanism })
    },
  }
}
