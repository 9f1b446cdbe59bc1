/**
 * How long a connection would believe in a silent peer: facts in, forecast out. The times are those of
 * `kernel/give-up.ts` and `give-up-by-state.ts`, by which the labs are judged as well.
 *
 * Three ways to be silent, since three mechanisms of the kernel may notice. Idle: only keepalive asks. Sending:
 * the peer owes an acknowledgement. Frozen: the program hangs, but its kernel acknowledges for it, for as long
 * as there is room in its receive buffer, and then answers the probes of the closed window. So TCP notices
 * nothing, unless TCP_USER_TIMEOUT ends a connection whose window stays closed.
 */
import { adviceFor } from './advice.ts'
import { closedWindowOutlook, frozenOutlook, probingWindowNow, windowIsClosed } from './closed-window.ts'
import { connectingOutlook } from './connecting.ts'
import type { ConnectionFacts, HostFacts } from './facts.ts'
import { idleOutlook, keepaliveNote, probingNow } from './idle.ts'
import { type Forecast, never, type Outlook } from './outlook.ts'
import { retransmittingNow, sendingOutlook } from './sending.ts'

type Outlooks = Pick<Forecast, 'idle' | 'sending' | 'frozen' | 'now'>

export function forecast(facts: ConnectionFacts, host: HostFacts): Forecast {
  const outlooks = facts.reading?.multipath ? ofSubflow(outlooksOf(facts, host)) : outlooksOf(facts, host)
  return { ...outlooks, note: keepaliveNote(facts, host), advice: adviceFor(facts, outlooks) }
}

function outlooksOf(facts: ConnectionFacts, host: HostFacts): Outlooks {
  switch (facts.state) {
    case 'ESTABLISHED':
    case 'CLOSE-WAIT':
      return windowIsClosed(facts) ? behindClosedWindow(facts, host) : open(facts, host)
    // Half closed: the program has sent FIN and still holds the socket. It cannot send any more.
    case 'FIN-WAIT-2': {
      const idle = idleOutlook(facts, host)
      const frozen = never('never by TCP: its kernel goes on answering', [])
      return { idle, sending: null, frozen, now: probingNow(facts, host, idle) }
    }
    // The FIN was sent and is not acknowledged; or it waits behind data for which the peer has no room.
    case 'FIN-WAIT-1':
    case 'CLOSING':
    case 'LAST-ACK':
      if (windowIsClosed(facts)) return behindClosedWindow(facts, host)
      return {
        idle: null,
        sending: sendingOutlook(facts, host),
        frozen: null,
        now: retransmittingNow(facts, host),
      }
    case 'SYN-SENT':
      return { idle: null, sending: null, frozen: null, now: connectingOutlook(facts, host) }
    case 'SYN-RECEIVED':
    case 'TIME-WAIT':
      return { idle: null, sending: null, frozen: null, now: null }
  }
}

function open(facts: ConnectionFacts, host: HostFacts): Outlooks {
  const idle = idleOutlook(facts, host)
  return {
    idle,
    sending: sendingOutlook(facts, host),
    frozen: frozenOutlook(facts, host),
    now: probingNow(facts, host, idle) ?? retransmittingNow(facts, host),
  }
}

function behindClosedWindow(facts: ConnectionFacts, host: HostFacts): Outlooks {
  return {
    idle: null,
    sending: closedWindowOutlook(facts, host),
    frozen: frozenOutlook(facts, host),
    now: probingWindowNow(facts, host),
  }
}

/** What a subflow of Multipath TCP comes to is known; the connection may go on without it. */
function ofSubflow(outlooks: Outlooks): Outlooks {
  const unclear = (one: Outlook | null): Outlook | null =>
    one?.notices !== 'within'
      ? one
      : {
          ...one,
          notices: 'unknown',
          within: null,
          fromNow: null,
          words: `not known: Multipath TCP; of its first subflow ${one.words}`,
          unless: 'it has other subflows, or waits for one (net.mptcp.close_timeout)',
        }
  const { idle, sending, frozen, now } = outlooks
  return { idle: unclear(idle), sending: unclear(sending), frozen: unclear(frozen), now: unclear(now) }
}
