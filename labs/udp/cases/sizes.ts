/** Each size by itself, so that every packet on the wire belongs to one of them. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { bytesOf, type Captured, sent } from '../../../src/lab/packets.ts'
import { IP_HEADER_BYTES, LARGEST_BYTES, UDP_HEADER_BYTES, type UdpSettings } from '../conditions.ts'
import { pathMtu } from '../datagrams.ts'
import { fitsInOnePacket, packetsOf, segmentBytesMax } from '../expectations.ts'
import { portAt, SOON } from '../sockets.ts'

export const sizes: CaseOf<UdpSettings> = {
  id: 'sizes',
  promise: 'what fits in a packet, one byte more, the largest datagram there is, one byte more',
  needs: ['network'],

  async act(rig, { a, b }) {
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
    const another = await atB.udp.open('udp-df', { port: portAt(b, 'udp-df') })
    const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
    const sender = await atA.udp.open('udp', { to: receiver.at, connected: true, dontFragment: false })
    const strict = await atA.udp.open('udp-df', { to: another.at, connected: true, dontFragment: true })
    const caller = await atA.tcp.connect('tcp', listener.at)
    await caller.connected()

    const { data } = await rig.untilEvent(a, 'udp:bound', { where: { mechanism: 'udp-df' }, ...SOON })
    const fits = (data.pathMtuBytes ?? 0) - IP_HEADER_BYTES - UDP_HEADER_BYTES
    for (const bytes of [fits, fits + 1, LARGEST_BYTES]) {
      await sender.send({ bytes })
      await rig.came(
        rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', where: { bytes }, ...SOON }),
      )
    }
    await sender.send({ bytes: LARGEST_BYTES + 1 })
    for (const bytes of [fits, fits + 1]) await strict.send({ bytes })
    await caller.writeBytes(LARGEST_BYTES + 1)
    await rig.came(rig.untilKernel(a, caller.groupId, { sendQueueBytes: 0 }, SOON))
    await rig.sleep(SLACK_MS)
  },

  rows: {
    udp(cell) {
      const fits = fitsInOnePacket(pathMtu(cell).mtuBytes)
      const received = cell.b.all('udp:datagram_received')
      const sizes = `${received.map(({ data }) => data.bytes).join(', ')} bytes`
      return [
        inPackets(cell, 'fits', fits, 0, `${fits} bytes go in one packet`),
        inPackets(cell, 'one-more', fits + 1, 1, 'one byte more, and they are two'),
        inPackets(
          cell,
          'largest',
          LARGEST_BYTES,
          2,
          `65,535 - 20 - 8 = ${LARGEST_BYTES} bytes, the largest there is`,
        ),
        says(cell, 'whole', `${fits}, ${fits + 1}, ${LARGEST_BYTES} bytes`, sizes, {
          claim: 'each arrives as one message, however many packets it took',
          formula: 'as sent',
          because: "the receiver's kernel puts the fragments together before its program sees anything",
          source: 'RFC 791 section 3.2; RFC 768',
          evidence: received,
          short: `${received.length} of 4`,
        }),
        tooLarge(cell),
      ]
    },

    'udp-df'(cell) {
      const fits = fitsInOnePacket(pathMtu(cell).mtuBytes)
      const received = cell.b.all('udp:datagram_received')
      const refused = cell.a.first('udp:send_failed')
      const packets = sent(cell.a.packets())
      const inWords = `${packets?.length} ${packets?.length === 1 ? 'packet' : 'packets'}`
      const found = packets && `${received.map(({ data }) => data.bytes).join(', ')} bytes, ${inWords}`
      const refusal = refused === undefined ? '' : `${refused.data.bytes} bytes: ${refused.data.code}`
      return [
        says(cell, 'fits', `${fits} bytes, 1 packet`, found, {
          claim: 'what fits goes, and is not cut',
          formula: 'path MTU - 20 - 8',
          because: 'only what fits was put on the wire',
          source: 'ip(7): IP_PMTUDISC_DO',
          evidence: [...(packets ?? []), ...received],
        }),
        says(cell, 'one-more', `${fits + 1} bytes: EMSGSIZE`, refusal, {
          claim: 'where fragments are forbidden, one byte more is refused',
          formula: `${fits + 1} + 8 + 20 > path MTU`,
          because: 'its kernel knows the MTU of its own network card',
          source: 'ip(7): IP_MTU_DISCOVER; RFC 1191',
          evidence: [refused],
          short: 'TOO BIG',
        }),
      ]
    },

    tcp(cell) {
      const received = cell.b.all('tcp:received')
      const segments = sent(cell.a.packets())
      const largest = segments && Math.max(0, ...segments.map(({ data }) => data.bytes))
      // As the UDP sockets beside know it.
      const { mtuBytes, evidence } = pathMtu(cell)
      return [
        counts(cell, 'whole', LARGEST_BYTES + 1, bytesOf(received), 'bytes', {
          claim: 'the bytes that UDP refused are nothing special to a stream',
          formula: 'as written',
          because: 'a stream has no size',
          source: 'RFC 9293 section 3.7',
          evidence: received.slice(-1),
          short: 'ALL',
        }),
        counts(cell, 'segments', { min: 1, max: segmentBytesMax(mtuBytes) }, largest, 'bytes', {
          claim: 'TCP itself cuts them so that nobody else has to',
          formula: `${mtuBytes} - 20 - 20`,
          because: 'it knows its maximum segment size from the handshake',
          source: 'RFC 9293 section 3.7.1; RFC 6691',
          evidence,
        }),
      ]
    },
  },
}

function inPackets(cell: Cell, what: string, bytes: number, index: number, claim: string) {
  const { mtuBytes } = pathMtu(cell)
  const pieces = piecesOf(cell)
  return counts(cell, what, packetsOf(bytes, mtuBytes), pieces === null ? null : pieces[index], 'packets', {
    claim,
    formula: `ceil((${bytes} + 8) / ${mtuBytes - IP_HEADER_BYTES}), path MTU ${mtuBytes}`,
    because: 'IP cuts what is too large for the wire, in units of 8 bytes; UDP does not know',
    source: 'RFC 791 section 3.2; ip(7): IP_MTU',
  })
}

function tooLarge(cell: Cell) {
  const refused = cell.a.first('udp:send_failed')
  const pieces = piecesOf(cell)
  const words =
    refused && `${refused.data.bytes} bytes: ${refused.data.code}, ${pieces?.[3]?.length ?? 0} packets`
  return says(cell, 'too-large', `${LARGEST_BYTES + 1} bytes: EMSGSIZE, 0 packets`, pieces && (words ?? ''), {
    claim: "one byte more is refused by the sender's own kernel, and nothing is sent",
    formula: `${LARGEST_BYTES + 1} + 8 + 20 > 65,535`,
    because: 'the length of an IP packet has 16 bits',
    source: 'RFC 791 section 3.1; send(2): EMSGSIZE',
    evidence: [refused],
  })
}

/** The packets of each datagram that left a, in order; null where not every packet is known. */
function piecesOf(cell: Cell): Captured[][] | null {
  const packets = sent(cell.a.packets())
  if (packets === null) return null
  const pieces: Captured[][] = []
  for (const packet of packets) {
    if (packet.data.kind === 'datagram') pieces.push([packet])
    else pieces.at(-1)?.push(packet)
  }
  return pieces
}
