/** Wi-Fi is a medium for all, as a hub is, but nobody speaks to anybody but the access point. */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell, End } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import { readCard } from '../../../src/rig/cards.ts'
import type { FramesSettings } from '../conditions.ts'
import { addressOf, macOf, SOON, thirdOf } from '../kernels.ts'

type Passed = EventOf<'air:frame_passed'>

const BYTES = 100
const EVERY_MS = 5
/** A datagram of the talk, and nothing else that passes: 802.11, SNAP and type, IP, UDP. */
const ON_AIR_BYTES = 24 + 8 + 20 + 8 + BYTES
/** IEEE 802.3 section 3.2.3. */
const BROADCAST = 'ff:ff:ff:ff:ff:ff'

export const wifi: CaseOf<FramesSettings> = {
  id: 'wifi',
  promise: 'a and b talk by an access point, and c, which is associated too, is in range',
  needs: ['cable'],
  middle: 'access-point',

  async act(rig, pair, { datagrams }) {
    const { a, b } = pair
    for (const host of [a, b, thirdOf(pair)]) await readCard(rig, host)
    const atB = await rig.sockets(b).udp.open('udp', { echo: true })
    const atA = await rig.sockets(a).udp.open('udp', { to: atB.at })
    const answered = (occurrence: number) =>
      rig.came(rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', occurrence, ...SOON }))
    rig.mark(pair, 'asked')
    await atA.sendText('hello')
    await answered(1)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'talk')
    await atA.send({ count: datagrams, bytes: BYTES, intervalMs: EVERY_MS })
    await answered(1 + datagrams)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    udp(cell) {
      const [asked, talk] = [cell.between('asked', 'talk'), cell.between('talk', 'over')]
      if (asked === null || talk === null) return []
      const { a, b, c } = cell
      const bssid = startedOf(cell)?.data.bssid ?? ''
      const { datagrams } = cell.settings
      const all = passedOf(cell, talk)
      const data = between(all, a, b)
      const behindData = new Set(data.map(({ data: { frame } }) => frame + 1))
      const acks = all.filter(({ data: { kind, frame } }) => kind === 'ack' && behindData.has(frame))
      const [there, on] = data
      const atC = data.filter(({ data: { heardBy } }) => heardBy.includes(c.host))
      const first = passedOf(cell, asked)
      const question = first.filter(({ data }) => data.destination === BROADCAST && data.source === macOf(a))
      return [
        says(
          cell,
          'addresses',
          `${bssid} < ${macOf(a)} for ${macOf(b)}; ${macOf(b)} < ${bssid} from ${macOf(a)}`,
          there && on
            ? `${radios(there)} for ${there.data.destination}; ${radios(on)} from ${on.data.source}`
            : '',
          {
            claim: 'a frame has three addresses: whose radio, for whose radio, and who is behind it',
            formula: 'access point < a for b; b < access point from a',
            because: 'a radio reaches the access point and nothing else, so each frame passes twice',
            source: 'IEEE 802.11-2016 section 9.3.2.1; src/wire/access-point.ts',
            evidence: [there, on],
          },
        ),
        counts(cell, 'twice', 4 * datagrams, data, 'frames', {
          claim: 'each datagram is on the air twice: two stations have half as much of it',
          formula: `2 x (${datagrams} datagrams and as many answers)`,
          because: 'to the access point, and from it',
          source: 'IEEE 802.11-2016 section 9.3.2.1; src/wire/access-point.ts',
          short: 'TWICE',
        }),
        counts(cell, 'acked', 4 * datagrams, acks, 'frames', {
          claim: 'each of them is acknowledged, below any IP or TCP',
          formula: 'an ACK right behind each frame to one radio',
          because: 'on the air much is lost, and who does not hear an ACK sends again at once',
          source: 'IEEE 802.11-2016 section 9.3.1.4',
        }),
        counts(cell, 'heard', 4 * datagrams, atC, 'frames', {
          claim: 'c is in range and hears all of it',
          formula: `each of the ${data.length} frames`,
          because: 'this air loses nothing; who may read is a matter of keys, which are not shown here',
          source: 'IEEE 802.11-2016 section 12.7 for the keys of each station',
        }),
        nothing(cell, 'kept', received(c.everyPacket(talk)), talk, {
          claim: 'its card gives none of it to its kernel, which on a hub counted every frame',
          formula: 'what came to the card of c as Ethernet',
          because: 'the first address is not its own; a card that listens to all (monitor mode) would',
          source: 'net/mac80211/rx.c: ieee80211_accept_frame',
        }),
        says(cell, 'own', '1 on the air, 0 at its kernel', ownOf(cell, question, asked), {
          claim: 'what a has said to all comes back to a, and its card knows its own address in it',
          formula: `from the access point, to ${BROADCAST}, said by a`,
          because: 'else each ARP request would seem to come from somebody who has the address of a',
          source: 'net/wireless/util.c: ieee80211_data_to_8023_exthdr',
          evidence: question,
        }),
        says(
          cell,
          'for-all',
          'data, ack, data, data',
          first
            .slice(0, 4)
            .map(({ data }) => data.kind)
            .join(', '),
          {
            claim: 'what the access point says to all nobody acknowledges, so it may be lost unnoticed',
            formula: 'to the access point, its ACK, from it to all; then what b answers',
            because: 'everybody would have to answer at the same moment',
            source: 'IEEE 802.11-2016; src/wire/access-point.ts',
            evidence: first.slice(0, 4),
          },
        ),
      ]
    },
  },
}

function startedOf(cell: Cell) {
  return cell.log.all('switch:started').find(({ data }) => data.switch === cell.case)
}

function passedOf(cell: Cell, within: Period): Passed[] {
  return cell.log.all('air:frame_passed', within).filter(({ data }) => data.air === cell.case)
}

/** The datagrams that one has sent to the other. */
function between(passed: readonly Passed[], one: End, other: End): Passed[] {
  const ends = [macOf(one), macOf(other)]
  return passed.filter(
    ({ data: { source = '', destination = '', bytes } }) =>
      bytes === ON_AIR_BYTES && ends.includes(source) && ends.includes(destination),
  )
}

/** `02:0a:ff:ff:ff:00 < 02:00:0a:00:01:01` */
function radios({ data }: Passed): string {
  return `${data.receiver} < ${data.transmitter ?? 'nobody'}`
}

/** How often the question of a was on the air from the access point, and how often it came to a's own kernel. */
function ownOf(cell: Cell, question: readonly Passed[], asked: Period): string | null {
  const { a, b } = cell
  const again = question.filter(({ data: { by, heardBy } }) => by === null && heardBy.includes(a.host))
  const arp = ofKind(received(a.everyPacket(asked)), 'arp')
  const address = addressOf(cell, b)
  const own = arp?.filter(({ data }) => data.text === `who has ${address}?`)
  return own ? `${again.length} on the air, ${own.length} at its kernel` : null
}
