/** Three packets, and after each a look at both ends. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { says } from '../../../src/lab/claims.ts'
import { firstOfEach, isNew, packetWords } from '../../../src/lab/packets.ts'
import type { TcpSettings } from '../conditions.ts'
import { reaches, statesOfBoth } from '../steps.ts'

export const handshake: CaseOf<TcpSettings> = {
  id: 'handshake',
  promise: 'one connection is opened, and each packet is kept back until both kernels have been asked',
  needs: ['socket-table', 'cable'],

  async act(rig, pair) {
    const { a, b } = pair
    const cable = rig.cable(pair)
    const listener = await rig.sockets(b).tcp.listen('open')
    // The first SYN to an unknown neighbour waits for ARP, and its sender is in SYN-SENT before it leaves.
    await rig.measure(a, b, { count: 1, everyMs: 0, bytes: 20, withinMs: 1000 })

    await cable.hold('aToB', ['syn'])
    const client = await rig.sockets(a).tcp.connect('open', listener.at)
    await rig.untilKernel(a, 'open', 'SYN-SENT')

    await cable.hold('bToA', ['syn-ack'])
    await cable.release('aToB', ['ack'])
    await rig.untilKernel(b, 'open', 'SYN-RECEIVED')

    await cable.release('bToA')
    await rig.untilKernel(a, 'open', 'ESTABLISHED')
    await client.connected()
    rig.mark(pair, 'one-sided')

    await cable.release('aToB')
    await rig.untilKernel(b, 'open', 'ESTABLISHED')
    await listener.accepted(client).accepted()
  },

  rows: {
    open: (cell) => [
      listens(cell),
      reaches(cell, 'a', 'active open', 'syn-sent'),
      reaches(cell, 'b', 'SYN arrives', 'syn-received'),
      reaches(cell, 'a', 'SYN ACK arrives', 'client-established'),
      oneSided(cell),
      reaches(cell, 'b', 'ACK of SYN arrives', 'server-established'),
      threePackets(cell),
    ],
  },
}

function listens(cell: Cell) {
  const { b } = cell
  const [listener] = b.listeners()
  const packets = b.packets()
  const before = packets?.filter(({ time }) => time <= (listener?.time ?? cell.watch.to))
  const isFirst = listener?.data.new != null && before?.length === 0
  return says(cell, 'listen', 'no packet', packets && (isFirst ? 'no packet' : ''), {
    claim: 'the server comes from CLOSED to LISTEN, before anybody calls',
    formula: 'passive OPEN / nothing',
    because: 'its table (/proc/net/tcp) has a line with state 0A before the first packet passes',
    source: 'RFC 9293 section 3.3.2, figure 5',
    evidence: [listener, packets?.[0]],
  })
}

/** The last ACK was still kept back in the cable. */
function oneSided(cell: Cell) {
  const time = cell.moment('one-sided') ?? cell.watch.to
  const connected = cell.a.first('tcp:connected', { to: time })
  const accepted = cell.b.first('tcp:accepted', { to: time })
  const programs = `${connected ? 'connected' : 'not connected'} | ${accepted ? 'accepted' : 'not accepted'}`
  const expected = 'ESTABLISHED | SYN-RECEIVED; connected | not accepted'
  return says(cell, 'one-sided', expected, `${cell.states(time)}; ${programs}`, {
    claim: 'connect() succeeds while the server has not heard of it yet',
    formula: 'rcv SYN,ACK is enough for the client',
    because: "client | server, when the client's ACK was still kept back in the cable",
    source: 'RFC 9293 section 3.5, figure 6',
    evidence: [connected, accepted],
  })
}

function threePackets(cell: Cell) {
  const packets = cell.a.packets()
  const words = packets && firstOfEach(packets.filter(isNew).map(packetWords))
  return says(
    cell,
    'packets',
    'SYN sent, SYN ACK received, ACK sent',
    words === null ? null : words.join(', '),
    {
      claim: 'the handshake is three packets, none of which carries a byte for the program',
      formula: 'SYN, SYN ACK, ACK',
      because: statesOfBoth(cell),
      source: 'RFC 9293 section 3.5, figure 6',
      evidence: packets ?? [],
      short: `${words?.length ?? 0} pkts`,
    },
  )
}
