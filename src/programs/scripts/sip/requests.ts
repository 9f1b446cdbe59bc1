/** What a lab may ask of telephones and registrars on a host. */

export interface SipRequests {
  /** Open a registrar, which is a proxy too, at a port, or at any free one. It knows these users by their passwords. */
  sipRegistrar: {
    ask: { mechanism: string; port: number; passwords: Record<string, string> } & SipTimers
    answer: { port: number }
  }
  /** Open a telephone. It says nothing before it is asked to; it takes whatever call comes, at once. */
  sipPhone: {
    ask: {
      mechanism: string
      user: string
      transport: 'udp' | 'tcp'
      /** Where it registers, for so long, and by whom it calls. Left out: it is called by its address. */
      registrar?: { address: string; port: number; password: string; seconds?: number }
      /** So often it says to its registrar that it is there. Left out: it does not. */
      keepAliveMs?: number
      /** It offers a session timer, and accepts one. Left out: it does neither. */
      session?: { intervalMs: number; refresher: 'uac' | 'uas' }
    } & SipTimers
    answer: { port: number }
  }
  sipRegister: { ask: SipName; answer: null }
  /** Call a SIP address: `sip:bob@10.0.1.2:5060`. */
  sipCall: { ask: SipName & { to: string }; answer: null }
  sipHangUp: { ask: SipName; answer: null }
  /** End it without a word to anybody. */
  sipClose: { ask: SipName; answer: null }
}

/** A telephone of a row by its user; the registrar by {@link REGISTRAR}. */
export interface SipName {
  mechanism: string
  user: string
}

export const REGISTRAR = 'registrar'

/** What all timers are made of (RFC 3261 section 17). */
interface SipTimers {
  t1Ms: number
  t2Ms: number
}
