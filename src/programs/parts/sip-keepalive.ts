/**
 * How a telephone keeps the way to its registrar open, through whatever router is between (RFC 5626 section 4.4): over a
 * connection two empty lines, which ask for one back; over UDP a STUN question, whose answer says from where it came.
 * Another address than before is another mapping: whoever knows the old one calls nobody, so it registers again.
 */
import { randomBytes } from 'node:crypto'
import type { EventData, EventName } from '../../events/vocabulary.ts'
import type { Place } from '../../protocols/sip/compose.ts'
import { TRANSACTION_BYTES } from '../../protocols/stun/constants.ts'
import { Binding } from '../../protocols/stun/transaction.ts'
import { type SipTransport, textOf } from './sip-transport.ts'

interface KeepAliveOptions {
  everyMs: number
  to: Place
  transport: Pick<SipTransport, 'ping' | 'sendStun'>
  emit<N extends EventName>(name: N, data: EventData<N>): void
  registerAgain(): void
}

export interface KeepAlive {
  /** A STUN message came, perhaps the answer to a question of ours. */
  take(message: Buffer): void
  stop(): void
}

/** The first is sent after `everyMs`. */
export function startKeepAlive(options: KeepAliveOptions): KeepAlive {
  return options.to.transport === 'tcp' ? byEmptyLines(options) : byStun(options)
}

function byEmptyLines({ everyMs, to, transport, emit }: KeepAliveOptions): KeepAlive {
  const pinging = setInterval(() => {
    transport.ping(to)
    emit('sip:keepalive_sent', {})
  }, everyMs)
  return { take() {}, stop: () => clearInterval(pinging) }
}

function byStun({ everyMs, to, transport, emit, registerAgain }: KeepAliveOptions): KeepAlive {
  let binding: Binding | null = null
  let again: NodeJS.Timeout | undefined
  let seen: string | null = null

  function ask(): void {
    // One question at a time: while it waits it is sent again by itself.
    if (binding?.state === 'waiting') return
    binding = new Binding(randomBytes(TRANSACTION_BYTES), performance.now())
    sendDue(binding)
  }

  function sendDue(asked: Binding): void {
    if (asked.due(performance.now())) {
      transport.sendStun(asked.request, to)
      emit('sip:keepalive_sent', {})
    }
    if (asked.state === 'waiting') {
      again = setTimeout(sendDue, Math.max(0, asked.dueAtMs - performance.now()), asked)
    } else if (asked.state === 'given-up') miss()
  }

  /** Section 4.4.2: the way is taken for dead. Whether the registrar is, nobody knows. */
  function miss(): void {
    emit('sip:keepalive_missed', {})
    registerAgain()
  }

  const asking = setInterval(ask, everyMs)
  return {
    take(message) {
      if (binding?.state !== 'waiting' || !binding.receive(message)) return
      clearTimeout(again)
      if (binding.seen === null) return miss()
      const now = textOf({ ...to, ...binding.seen })
      emit('sip:keepalive_answered', { seen: now })
      if (seen !== null && seen !== now) {
        emit('sip:mapping_changed', { old: seen, new: now })
        registerAgain()
      }
      seen = now
    },
    stop() {
      clearInterval(asking)
      clearTimeout(again)
    },
  }
}
