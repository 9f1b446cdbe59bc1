/** What fits at both ends need not fit between them, and only who has to drop it can say so. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { bytesOf, ofKind, received, sent } from '../../../src/lab/packets.ts'
import type { FramesSettings } from '../conditions.ts'
import { ETHERNET_BYTES, piecesOf } from '../expectations.ts'
import { SOON } from '../kernels.ts'

/** Fits into a packet of a and of b, and not into one of what is between them. */
const DATAGRAM_BYTES = 1400

export const pathMtu: CaseOf<FramesSettings> = {
  id: 'path-mtu',
  promise: 'between a and b, with an MTU of 1500 each, is a router whose way to b has one of 1000',
  needs: ['router'],
  router: ({ pathMtuBytes }) => ({ outsideMtuBytes: pathMtuBytes }),

  async act(rig, pair, { bulkBytes }) {
    const { a, b } = pair
    const carrying = await rig.connectTcp(pair, 'bulk')
    await carrying.client.writeBytes(bulkBytes)
    await rig.came(rig.untilKernel(a, carrying.client.groupId, { sendQueueBytes: 0 }, SOON))

    const receiver = await rig.sockets(b).udp.open('udp')
    const sender = await rig.sockets(a).udp.open('udp', { to: receiver.at, connected: true })
    await sender.send({ bytes: DATAGRAM_BYTES })
    await rig.came(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', ...SOON }))
    await rig.sleep(SLACK_MS)
  },

  rows: {
    bulk(cell) {
      const { bulkBytes, pathMtuBytes } = cell.settings
      const atB = received(cell.b.packets())
      const largest = atB?.toSorted((one, other) => lengthOf(other) - lengthOf(one))[0]
      const icmp = ofKind(received(cell.a.packets()), 'icmp-error')
      const tooLarge = sent(cell.a.packets())?.filter((one) => lengthOf(one) > pathMtuBytes + ETHERNET_BYTES)
      const arrived = bytesOf(cell.b.all('tcp:received'))
      return [
        says(cell, 'told', 'too large, and must not be fragmented', icmp && (icmp[0]?.data.text ?? ''), {
          claim: 'the router cannot pass on the first full packets, and says so to their sender',
          formula: 'ICMP type 3, code 4, received by a',
          because: `${tooLarge?.length ?? 0} packets were sent that do not fit; TCP forbids to cut them (DF)`,
          source: 'RFC 1191 section 4; RFC 792',
          evidence: icmp ?? [],
          short: 'TOLD',
        }),
        counts(cell, 'largest', pathMtuBytes + ETHERNET_BYTES, atB && largest && lengthOf(largest), 'bytes', {
          claim: 'the largest frame that reaches b is what the narrowest part of the way lets through',
          formula: `${pathMtuBytes} + ${ETHERNET_BYTES}`,
          because: 'the message said which MTU would have done',
          source: 'RFC 1191 section 3; RFC 8899 for who is not told',
          evidence: [largest],
        }),
        counts(cell, 'whole', bulkBytes, arrived, 'bytes', {
          claim: 'and everything arrives: what was dropped is sent again, in smaller pieces',
          formula: 'as written',
          because: 'neither program noticed',
          source: 'RFC 9293 section 3.7.3',
          evidence: cell.b.all('tcp:received').slice(-1),
        }),
      ]
    },

    udp(cell) {
      const { pathMtuBytes } = cell.settings
      const bound = cell.a.ofHost('udp:bound').find(({ data }) => data.mechanism === cell.row)
      const packets = sent(cell.a.packets())
      const pieces = piecesOf(DATAGRAM_BYTES, pathMtuBytes)
      const whole = cell.b.all('udp:datagram_received')
      return [
        counts(cell, 'known', pathMtuBytes, bound?.data.pathMtuBytes ?? null, 'bytes', {
          claim:
            'the kernel of a has noted it: the next socket to b, of whatever kind, knows the MTU of the path',
          formula: `the MTU of the card that the router has towards b: ${pathMtuBytes}`,
          because: 'it is kept by destination, for ten minutes; the card of a has 1500',
          source: 'ip(7): IP_MTU; ip-sysctl: mtu_expires',
          evidence: [bound],
          unseen: 'this system does not tell a socket the MTU of its path',
        }),
        counts(cell, 'pieces', pieces, packets, 'packets', {
          claim: `so a itself cuts a datagram of ${DATAGRAM_BYTES} bytes before it leaves`,
          formula: `ceil((${DATAGRAM_BYTES} + 8) / ${pathMtuBytes - 20 - ((pathMtuBytes - 20) % 8)})`,
          because: 'each piece has an IP header of its own; only the first has that of UDP',
          source: 'RFC 791 section 3.2',
        }),
        says(
          cell,
          'whole',
          `${DATAGRAM_BYTES} bytes`,
          whole.map(({ data }) => `${data.bytes} bytes`).join(', '),
          {
            claim: 'and b reads it as one message',
            formula: 'as sent',
            because: 'the kernel of b puts the pieces together before its program sees anything',
            source: 'RFC 791 section 3.2',
            evidence: whole,
          },
        ),
      ]
    },
  },
}

function lengthOf({ data }: { data: { frameBytes?: number | undefined } }): number {
  return data.frameBytes ?? Number.NaN
}
