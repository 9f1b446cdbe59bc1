/** One arrow of the state diagram, held against a kernel's table and the packets that passed meanwhile. */
import type { HostSide } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import { STAMP_MS } from '../../src/lab/checks.ts'
import { says } from '../../src/lab/claims.ts'
import { firstOfEach, packetWords } from '../../src/lab/packets.ts'
import { foundInOrder, steps, type Transition } from './expectations.ts'

/**
 * A socket reached a state, and the packets of the arrow that leads there are among those that passed since it was
 * seen in the state before.
 */
export function reaches(cell: Cell, side: HostSide, transition: Transition, what: string) {
  const step = steps[transition]
  const end = cell.at(side)
  const seen = seenInState(end, step.to, cell.watch.from)
  // A kernel changes a state first and sends afterwards: a look may fall between the two.
  const packets = end.packets(seen === null ? {} : { from: seen.from, to: seen.event.time + STAMP_MS })
  const words = packets?.map(packetWords) ?? []
  const found = foundInOrder(step.packets, words)
  const isThere = found.length === step.packets.length
  const told = packets && (seen === null ? '' : (isThere ? found : words).join(', '))
  return says(cell, what, step.packets.join(', '), told, {
    claim: `the ${side === 'a' ? 'client' : 'server'} comes from ${step.from} to ${step.to}, and by these packets`,
    formula: step.arrow,
    because: `all packets since the state before: ${words.join(', ') || 'none'}`,
    source: 'RFC 9293 section 3.3.2, figure 5',
    evidence: [...(packets ?? []), seen?.event],
  })
}

/** It went through these states and no other. Short-lived ones before ESTABLISHED may be seen or not. */
export function goesThrough(cell: Cell, side: HostSide, states: string, what: string) {
  const seen = cell.at(side).statesSeen()
  const open = seen.slice(Math.max(0, seen.indexOf('ESTABLISHED')))
  return says(cell, what, states, open.join(', '), {
    claim: `the ${side === 'a' ? 'client' : 'server'} goes through these states, and no other`,
    formula: 'figure 5, arrow by arrow',
    because: 'each was kept until both kernels had been asked',
    source: 'RFC 9293 section 3.6, figures 12 and 13',
    evidence: cell.at(side).all('kernel:socket_updated'),
    short: side === 'a' ? `${firstOfEach(states.split(', ')).length} of ${firstOfEach(open).length}` : '',
  })
}

/** `the states of a: ESTABLISHED, TIME-WAIT; of b: ...` */
export function statesOfBoth(cell: Cell): string {
  return `the states of a: ${cell.a.statesSeen().join(', ')}; of b: ${cell.b.statesSeen().join(', ')}`
}

/** The first time a kernel had a connection of the row in a state, and since when it had been in the one before. */
function seenInState(
  end: End,
  state: string,
  began: number,
): { from: number; event: EventOf<'kernel:socket_updated'> } | null {
  let from = began
  let before: string | null = null
  for (const event of end.all('kernel:socket_updated')) {
    const now = event.data.new?.state ?? 'CLOSED'
    if (now === state) return { from, event }
    if (now !== before) from = event.time
    before = now
  }
  return null
}
