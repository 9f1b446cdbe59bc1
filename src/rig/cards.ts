/** Looks at what a host's kernel has counted at a network card, and logs it. */
import type { CardName, Host } from '../hosts/host.ts'
import {
  cardCommand,
  countersCommand,
  framesProcessed,
  parseCard,
  receiveSoftirqs,
  snmpCounter,
} from '../kernel/card.ts'
import type { Rig } from './rig.ts'

/** Logs the counters of a host's network card, and of its IP layer. @returns its MAC address */
export async function readCard(rig: Rig, host: Host, card: CardName = 'eth0'): Promise<string> {
  const counters = await rig.run(host, countersCommand)
  // Last, since its frames are held against those that were captured until now.
  const began = performance.now()
  const read = parseCard(await rig.run(host, cardCommand(card)))
  rig.emitterOf(host, 'kernel')('kernel:card_read', {
    ...read,
    packetsTaken: snmpCounter(counters, 'Ip', 'InReceives'),
    receiveSoftirqs: receiveSoftirqs(counters),
    framesProcessed: framesProcessed(counters),
    withinMs: performance.now() - began,
    ...(card === 'eth0' ? {} : { card }),
  })
  return read.mac
}
