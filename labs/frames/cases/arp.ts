/** Before the first word: who has this address? A frame needs the number of a card, and IP has none. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { nothing, says } from '../../../src/lab/claims.ts'
import { type Captured, ofKind } from '../../../src/lab/packets.ts'
import { readCard } from '../../../src/rig/cards.ts'
import { ethernet } from '../../../src/wire/constants.ts'
import { labelOf } from '../../../src/wire/label.ts'
import { decodePacket, macAt } from '../../../src/wire/packet.ts'
import type { FramesSettings } from '../conditions.ts'
import { addressOf, macOf, readNeighbours, readOctets, SOON } from '../kernels.ts'

const FIRST_WORD = 'hello'

export const arp: CaseOf<FramesSettings> = {
  id: 'arp',
  promise: 'a sends its first datagram to b, of which it knows nothing but the IP address; then a second one',
  needs: ['cable'],
  middle: 'learning-switch',

  async act(rig, pair) {
    const { a, b } = pair
    const receiver = await rig.sockets(b).udp.open('udp')
    const sender = await rig.sockets(a).udp.open('udp', { to: receiver.at })
    await readCard(rig, a)
    await readCard(rig, b)
    await readNeighbours(rig, a)
    const received = (occurrence: number) =>
      rig.came(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', occurrence, ...SOON }))

    rig.mark(pair, 'first-word')
    await sender.sendText(FIRST_WORD)
    await received(1)
    await rig.sleep(SLACK_MS)
    await readNeighbours(rig, a)
    rig.mark(pair, 'second-word')
    await sender.sendText('again')
    await received(2)
    await rig.sleep(SLACK_MS)
    await readOctets(rig, a, FIRST_WORD)
    rig.mark(pair, 'over')
  },

  rows: {
    udp(cell) {
      const first = cell.between('first-word', 'second-word')
      const second = cell.between('second-word', 'over')
      if (first === null || second === null) return []
      const { a, b, c } = cell
      const [ip, mac] = [addressOf(cell, b), macOf(b)]
      const [before, after] = a.ofHost('kernel:neighbours_read')
      const entry = (look: typeof before) =>
        look && (look.data.neighbours.find(({ address }) => address === ip)?.mac ?? 'nobody')
      const [atA, atC] = [a.everyPacket(first), c.everyPacket(first)]
      const carried = datagramsOf(cell, first.from)[0]
      const octets = a.ofHost('packet:octets_read')[0] ?? null
      return [
        says(cell, 'before', 'nobody', entry(before) ?? '', {
          claim: 'a knows the IP address of b, and no card that has it',
          formula: 'a new ARP table is empty',
          because: 'an IP address names no card; a frame goes to a card',
          source: 'RFC 826; ip-neighbour(8)',
          evidence: [before],
        }),
        says(cell, 'order', [`who has ${ip}?`, `${ip} is at ${mac}`, FIRST_WORD].join(', '), inOrder(atA), {
          claim:
            'before anything else a asks who has the address, and is told; only then the datagram leaves',
          formula: 'ARP request, ARP reply, datagram',
          because: 'the datagram waits in the kernel of a until there is an address to put on its frame',
          source: 'RFC 826; RFC 1122 section 2.3.2.2',
          evidence: atA ?? [],
          short: `${atA?.length ?? 0} frames`,
        }),
        says(cell, 'heard', `who has ${ip}?`, inOrder(atC), {
          claim: 'the question came to every host, the answer and the datagram to no third',
          formula: 'what the card of c received',
          because: 'the question is broadcast; the answer goes to the address that the question came from',
          source: 'RFC 826; IEEE 802.1D section 7.7',
          evidence: atC ?? [],
        }),
        says(cell, 'after', mac, entry(after) ?? '', {
          claim: 'a has noted the MAC address that b has',
          formula: 'the address of the card of b, as b says',
          because: `the entry is ${after?.data.neighbours[0]?.state ?? 'gone'}, and ages too`,
          source: 'RFC 826; ip-neighbour(8)',
          evidence: [after],
        }),
        says(cell, 'addresses', `${macOf(a)} > ${mac}`, carried === undefined ? '' : addresses(carried), {
          claim: 'the frame of the datagram bears the addresses of two cards; the switch reads nothing else',
          formula: 'card of a > card of b',
          because: 'as the switch logged it; the IP addresses are inside, and it did not look',
          source: 'IEEE 802.3 section 3.2; src/wire/learning-switch.ts',
          evidence: [carried],
        }),
        says(cell, 'octets', `${macOf(a)} > ${mac}: ${FIRST_WORD}`, octets && inOctets(octets.data.octets), {
          claim: 'the frame whose bits levels.svg draws is this one, octet by octet',
          formula: 'card of a > card of b, and the first word',
          because: `${octets ? octets.data.octets.length / 2 : '?'} octets, as the capture has kept them; what a card adds to them is computed`,
          source: 'IEEE 802.3 sections 3.2 and 3.3; src/wire/line-code.ts',
          evidence: [octets ?? undefined],
          unseen: 'the capture has not kept it',
        }),
        nothing(cell, 'again', ofKind(a.everyPacket(second), 'arp'), second, {
          claim: 'the second datagram needs no question',
          formula: 'no ARP packet at the card of a',
          because: 'the entry is fresh',
          source: 'arp(7): base_reachable_time',
        }),
      ]
    },
  },
}

/** What a frame says, and of whom, read from its octets. */
function inOctets(hex: string): string {
  const frame = Buffer.from(hex, 'hex')
  if (frame.length < ethernet.bytes) return ''
  const ends = `${macAt(frame, ethernet.source)} > ${macAt(frame, ethernet.destination)}`
  return `${ends}: ${labelOf(decodePacket(frame))}`
}

function inOrder(packets: readonly Captured[] | null): string | null {
  return packets?.map(({ data }) => data.text ?? data.kind).join(', ') ?? null
}

/** The frames of a case that a host sent to one other, and not to all, as its switch saw them, from a time on. */
function datagramsOf(cell: Cell, from: number) {
  return cell.log
    .all('switch:forwarded', { from, to: cell.watch.to })
    .filter(({ data }) => data.switch === cell.case && data.from === cell.a.host && data.because === 'known')
}

function addresses({ data }: { data: { source: string; destination: string } }): string {
  return `${data.source} > ${data.destination}`
}
