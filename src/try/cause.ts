/**
 * Why an end's kernel has a connection ESTABLISHED no more. The packet that decides is captured: a FIN or an RST, and
 * whose it was. Where there is none, somebody at this end gave up in silence: its kernel, if its limit was over, and
 * else its program. Only where the packets are not all known, the kernel's table has to do. Pure.
 */
import { addressOf, type EventData, type KernelSocket, type Trigger } from '../events/vocabulary.ts'
import { modelTimeout } from '../kernel/give-up.ts'
import type { Captured } from '../lab/packets.ts'
import { causeByTable } from './ends.ts'

/** A timer fires when it does, and the table that shows the end is read now and then. */
const LIMIT_SLACK_MS = 100

/** What an end's kernel decides by, of one connection. */
export type Patience = Pick<
  EventData<'kernel:options_read'>,
  'keepalive' | 'keepaliveIdleMs' | 'keepaliveIntervalMs' | 'keepaliveProbes' | 'userTimeoutMs'
>

export interface EndedConnection {
  /** The last line of the table that had it ESTABLISHED, and the first that had not. */
  before: KernelSocket
  now: KernelSocket | null
  /** When that was. */
  at: number
  /** Of the connection at this end, from the fault until then; null: not all of them are known. */
  packets: readonly Captured[] | null
  /** null: they could not be read. */
  options: Patience | null
  /** The host's tcp_retries2; NaN: unknown. */
  retries2: number
}

export interface Cause {
  by: Trigger
  /** The address of the packet that decided; null: none did. */
  evidence: string | null
}

/** Who ended it, and what shows that. */
export function causeOfEnd(ended: EndedConnection): Cause {
  const { packets, now } = ended
  if (packets === null) {
    const by = now === null && kernelGaveUp(ended) ? 'kernel_gave_up' : causeByTable(now)
    return { by, evidence: null }
  }
  const deciding = packets.find((packet) => hasFlag(packet, 'FIN') || hasFlag(packet, 'RST'))
  const evidence = deciding === undefined ? null : addressOf(deciding)
  if (deciding?.data.direction === 'received') {
    return { by: hasFlag(deciding, 'RST') ? 'econnreset' : 'fin', evidence }
  }
  if (deciding !== undefined && hasFlag(deciding, 'FIN')) return { by: 'user_closed', evidence }
  if (now !== null) return { by: causeByTable(now), evidence: null }
  // keepalive sends RST when it gives up, and so does a program that aborts.
  if (kernelGaveUp(ended)) return { by: 'kernel_gave_up', evidence }
  return { by: 'econnaborted', evidence }
}

export function hasFlag({ data }: Captured, flag: 'ACK' | 'FIN' | 'RST' | 'SYN'): boolean {
  return data.flags?.split(' ').includes(flag) === true
}

/** Whether its kernel asked, nobody answered, and its patience was over. */
function kernelGaveUp({ before, at, packets, options, retries2 }: EndedConnection): boolean {
  const { unansweredProbes, retransmits } = before
  if (unansweredProbes === 0 && retransmits === 0) return false
  if (packets === null) return true
  const isKeepalive = retransmits === 0 && before.timer !== 'zero-window-probe'
  const heard = packets.findLastIndex(({ data }) => data.direction === 'received')
  if (options !== null && options.userTimeoutMs > 0) {
    // On an idle connection it counts from what was heard last, which may be before the fault; else from the send.
    const since = packets[isKeepalive ? heard : heard + 1]?.time ?? Number.NEGATIVE_INFINITY
    return at - since >= options.userTimeoutMs - LIMIT_SLACK_MS
  }
  if (isKeepalive) return options === null || unansweredProbes >= options.keepaliveProbes
  const unansweredSince = packets[heard + 1]?.time ?? Number.NEGATIVE_INFINITY
  return Number.isNaN(retries2) || at - unansweredSince >= modelTimeout(retries2) - LIMIT_SLACK_MS
}
