/** What was written while nobody read waits in the kernel: as three messages, or as a number of bytes. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { says } from '../../../src/lab/claims.ts'
import { isNew, received } from '../../../src/lab/packets.ts'
import { LINES, type UdpSettings } from '../conditions.ts'
import { portAt, SOON } from '../sockets.ts'

const WRITTEN = LINES.map((line) => line.length)
const WRITTEN_BYTES = LINES.join('').length

export const messages: CaseOf<UdpSettings> = {
  id: 'messages',
  promise: 'three lines are written while the receiving program is frozen; then it reads them',
  needs: ['signals'],

  async act(rig, pair) {
    const { a, b } = pair
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
    const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
    const sender = await atA.udp.open('udp', { to: receiver.at })
    const caller = await atA.tcp.connect('tcp', listener.at)
    await listener.accepted(caller).accepted()

    const frozen = await rig.strike('freeze', pair, b)
    for (const line of LINES) {
      await sender.sendText(line)
      await caller.write(line)
    }
    await rig.came(rig.untilKernel(b, caller.groupId, { receiveQueueBytes: WRITTEN_BYTES }, SOON))
    await frozen.undo()
    rig.endWatch('freeze', pair, b)
    const all = { mechanism: 'udp', occurrence: LINES.length, ...SOON }
    await Promise.all([
      rig.came(rig.untilEvent(b, 'udp:datagram_received', all)),
      rig.came(rig.untilEvent(b, 'tcp:received', { groupId: caller.groupId, ...SOON })),
    ])
    // A second read would come right behind the first.
    await rig.sleep(SLACK_MS)
  },

  rows: {
    udp(cell) {
      const reads = cell.b.all('udp:datagram_received')
      return [
        says(cell, 'reads', `${LINES.length} reads: ${WRITTEN.join(', ')} bytes`, readWords(reads), {
          claim: 'three datagrams are three messages, of the sizes that were sent',
          formula: 'as written',
          because: 'a datagram is delivered as it was sent, or not at all',
          source: 'RFC 768; udp(7): receive operations return only one packet',
          evidence: reads,
          short: `${reads.length} reads`,
        }),
      ]
    },

    tcp(cell) {
      const reads = cell.b.all('tcp:received')
      const segments = received(cell.b.packets())?.filter((one) => one.data.bytes > 0 && isNew(one))
      const inSegments = segments === undefined ? '' : `; on the wire they were ${segments.length} segments`
      return [
        says(cell, 'reads', `1 read: ${WRITTEN_BYTES} bytes`, readWords(reads), {
          claim: 'the same three writes on a stream are read as one piece',
          formula: `${WRITTEN.join(' + ')} = ${WRITTEN_BYTES}`,
          because: `TCP numbers bytes and knows of no messages${inSegments}`,
          source: 'RFC 9293 section 3.7.4; tcp(7): a byte stream without message boundaries',
          evidence: reads,
          short: `${reads.length} read`,
        }),
      ]
    },
  },
}

/** `3 reads: 3, 3, 5 bytes` */
function readWords(reads: readonly { data: { bytes: number } }[]): string {
  const bytes = reads.map(({ data }) => data.bytes).join(', ')
  return `${reads.length} ${reads.length === 1 ? 'read' : 'reads'}: ${bytes} bytes`
}
