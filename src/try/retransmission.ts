/**
 * Whether a kernel's timer decided when data flowed again after a fault was undone. What was lost is sent again at
 * intervals that double (RFC 6298 section 5.5), whatever programs do meanwhile: after a long fault the next time is
 * far away. So is the next SYN of a connection that is being made. Pure.
 */
import { type Role, roles } from '../events/host-names.ts'
import type { Captured } from '../lab/packets.ts'
import { hasFlag } from './cause.ts'
import { isPayload, type Wire } from './recovery.ts'

export interface Retransmission {
  /** Whose kernel it is. */
  role: Role
  /** It had sent last so long before the mending. */
  sentBeforeMs: number
  /** And so long after the mending it sent again, the first of all; null: not before the watch was over. */
  againAfterMs: number | null
  /** Its timer: between these two, or where the second did not come, between the last two before the mending. */
  intervalMs: number
}

/**
 * @param servedAt when data had arrived; null: never
 * @returns null where a program decided, or where nobody can tell
 */
export function decidingRetransmission(
  wires: Record<Role, Wire>,
  owns: (group: string | undefined) => boolean,
  { mendedAt, servedAt, until }: { mendedAt: number; servedAt: number | null; until: number },
): Retransmission | null {
  const tries = roles.flatMap((role) =>
    wires[role]
      .sent()
      .filter(
        (packet) => owns(packet.group_id) && asksForAnswer(packet) && packet.time <= (servedAt ?? until),
      )
      .map((packet) => ({ role, packet })),
  )
  const inOrder = tries.sort((one, other) => one.packet.time - other.packet.time)
  const first = inOrder.find(({ packet }) => packet.time >= mendedAt)
  const earlier = inOrder.filter(({ packet }) => packet.time < mendedAt)
  const previousOf = ({ role, packet }: (typeof tries)[number]) =>
    earlier.findLast(
      (one) => one.role === role && one.packet.group_id === packet.group_id && one.packet.time < packet.time,
    )?.packet
  const deciding = first ?? earlier.at(-1)
  const previous = deciding && previousOf(deciding)
  if (deciding === undefined || previous === undefined || !isSentAgain(deciding.packet)) return null
  const { role, packet } = deciding
  const found = { role, intervalMs: Math.round(packet.time - previous.time) }
  if (servedAt === null) {
    const waits = first === undefined && wires[role].waitsToRetransmit(packet.group_id, until)
    return waits ? { ...found, sentBeforeMs: Math.round(mendedAt - packet.time), againAfterMs: null } : null
  }
  const againAfterMs = packet.time - mendedAt
  // What follows the first packet, another round trip or a program that thinks, is not the timer's.
  if (first === undefined || againAfterMs < (servedAt - mendedAt) / 2) return null
  return {
    ...found,
    sentBeforeMs: Math.round(mendedAt - previous.time),
    againAfterMs: Math.round(againAfterMs),
  }
}

/** Bytes of a program, or a connection to be. */
function asksForAnswer(packet: Captured): boolean {
  return isPayload(packet) || (hasFlag(packet, 'SYN') && !hasFlag(packet, 'ACK'))
}

function isSentAgain({ data }: Captured): boolean {
  return data.kind === 'retransmission'
}
