/** A hub is one medium for all: everybody hears everything. Who keeps what is meant for another? */
import { betweenLooks, grown } from '../../../src/lab/card-looks.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import { readCard } from '../../../src/rig/cards.ts'
import type { FramesSettings } from '../conditions.ts'
import { processed, SOON, thirdOf } from '../kernels.ts'

const BYTES = 100
const EVERY_MS = 5

export const hub: CaseOf<FramesSettings> = {
  id: 'hub',
  promise: 'a and b talk by a hub, and c, which is on it too, listens at the same port as b',
  needs: ['cable'],
  middle: 'hub',

  async act(rig, pair, { datagrams }) {
    const { a, b } = pair
    const c = thirdOf(pair)
    const atB = await rig.sockets(b).udp.open('udp', { echo: true })
    const atC = await rig.sockets(c).udp.open('udp', { port: atB.at.port })
    const atA = await rig.sockets(a).udp.open('udp', { to: atB.at })
    const answered = (occurrence: number) =>
      rig.came(rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', occurrence, ...SOON }))
    // They find each other first, so that what follows are datagrams and nothing else.
    await atA.sendText('hello')
    await answered(1)

    await rig.sleep(SLACK_MS)
    await readCard(rig, c)
    await atA.send({ count: datagrams, bytes: BYTES, intervalMs: EVERY_MS })
    await answered(1 + datagrams)
    await rig.sleep(SLACK_MS)
    await readCard(rig, c)
    rig.mark(pair, 'for-c')
    await atA.sendText('and this is for c', atC.at)
    await rig.came(rig.untilEvent(c, 'udp:datagram_received', { mechanism: 'udp', ...SOON }))
    rig.mark(pair, 'over')
  },

  rows: {
    udp(cell) {
      const { c } = cell
      const looks = c.ofHost('kernel:card_read')
      const between = betweenLooks(c)
      const forC = cell.between('for-c', 'over')
      if (between === null || forC === null) return []
      const talk = between.perhaps
      const { datagrams } = cell.settings
      const heard = received(c.packets(talk))
      const all = received(c.everyPacket(talk))
      const surely = received(c.everyPacket(between.surely))
      const counted = { min: surely?.length ?? 0, max: all?.length ?? 0 }
      const toProgram = c.all('udp:datagram_received', talk)
      const own = c.all('udp:datagram_received', forC)
      const softirqs = grown(c, 'receiveSoftirqs')
      const [atA, atB] = [cell.a, cell.b].map((end) => received(end.everyPacket(between.surely)))
      const atAll = atA && atB && surely && [...atA, ...atB, ...surely]
      return [
        counts(cell, 'heard', 2 * datagrams, heard, 'datagrams', {
          claim: 'c hears every word between a and b, both ways',
          formula: `${datagrams} datagrams and as many answers, at the card of c`,
          because: 'a hub repeats what comes in at one port at all others, as radio does in all directions',
          source: 'IEEE 802.3 section 9; src/wire/hub.ts',
          short: 'HEARD',
        }),
        counts(cell, 'card', counted, surely && all && grown(c, 'receivedFrames'), 'frames', {
          claim: 'its card counts them as received',
          formula: `as many as were captured there: ${all?.length ?? 0}`,
          because: 'to receive a frame is not to keep it',
          source: 'ip-link(8): -s',
          evidence: looks,
        }),
        counts(cell, 'kept', 0, heard && heard.length > 0 ? grown(c, 'packetsTaken') : null, 'packets', {
          claim: 'its kernel keeps none: the MAC address on them is not its own',
          formula: 'growth of InReceives',
          because: `${grown(c, 'forOthers') || 'it does not say how many'} were thrown away as for another host`,
          source: 'net/ipv4/ip_input.c: ip_rcv_core, PACKET_OTHERHOST; ip-link(8)',
          evidence: looks,
        }),
        says(
          cell,
          'program',
          '0 of others, 1 of its own',
          heard && heard.length > 0 ? `${toProgram.length} of others, ${own.length} of its own` : null,
          {
            claim:
              'so the program at c, which listens at the very same port, sees what is for c and nothing else',
            formula: 'while a and b talk, and when a sends one to c',
            because: 'who is not meant hears all the same: only encryption would keep it from c',
            source: 'packet(7): whoever captures gets it, as tcpdump does',
            evidence: own,
          },
        ),
        says(cell, 'interrupted', 'yes', interruptedFor(softirqs, surely?.length ?? null), {
          claim: 'each frame that c hears interrupts what its kernel was doing',
          formula: `NET_RX of /proc/softirqs has grown by ${surely?.length ?? '?'} at least`,
          because: `it grew by ${softirqs ?? '?'}, of the whole machine; a veth has no hardware that could interrupt, so whoever sends raises the soft interrupt itself`,
          source: 'proc(5): /proc/softirqs; drivers/net/veth.c: veth_xmit; net/core/dev.c: __netif_rx',
          evidence: looks,
        }),
        says(cell, 'processed', 'all of them', atAll ? processedOf(processed(c), atAll.length) : null, {
          claim: 'somebody has to look at each frame at each card, and it is a processor',
          formula: `softnet_stat has grown by the ${atAll?.length ?? '?'} frames that a, b and c received, or more`,
          because: `it grew by ${processed(c) ?? '?'}: those that came to the hub are among them, and whatever else passed on this machine`,
          source: 'net/core/net-procfs.c: softnet_seq_show; net/core/dev.c: __netif_receive_skb_core',
          evidence: looks,
        }),
      ]
    },
  },
}

/** '' where nobody counted twice; null where not every frame is known. */
function interruptedFor(softirqs: number | null, frames: number | null): string | null {
  if (softirqs === null || frames === null) return frames === null ? null : ''
  return frames > 0 && softirqs >= frames ? 'yes' : `${softirqs} times for ${frames} frames`
}

function processedOf(taken: number | null, frames: number): string {
  if (taken === null) return ''
  return frames > 0 && taken >= frames ? 'all of them' : `${taken} of ${frames}`
}
