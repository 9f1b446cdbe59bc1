/** Every packet up to the first byte of the message takes its time. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, took } from '../../../src/lab/claims.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import type { UdpSettings } from '../conditions.ts'
import { cableOf } from '../datagrams.ts'
import { knowEachOther, portAt, SOON, setCable } from '../sockets.ts'

export const firstByte: CaseOf<UdpSettings> = {
  id: 'first-byte',
  promise: 'one message over a cable that takes 200 ms each way, and what passes before it',
  needs: ['cable'],

  async act(rig, pair, { oneWayMs }) {
    const { a, b } = pair
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
    const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
    const another = await atB.udp.open('udp-connected', { port: portAt(b, 'udp-connected') })
    await knowEachOther(rig, pair)
    await setCable(rig, pair, { delayMs: oneWayMs })

    const plain = await atA.udp.open('udp', { to: receiver.at })
    await plain.sendText('hello')
    const connected = await atA.udp.open('udp-connected', { to: another.at, connected: true })
    await connected.sendText('hello')
    const caller = await atA.tcp.connect('tcp', listener.at)
    await caller.connected()
    await caller.write('hello')
    await Promise.all([
      rig.came(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', ...SOON })),
      rig.came(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp-connected', ...SOON })),
      rig.came(rig.untilEvent(b, 'tcp:received', { mechanism: 'tcp', ...SOON })),
    ])
  },

  rows: {
    udp: (cell) => claims(cell, UDP),
    'udp-connected': (cell) => claims(cell, UDP),
    tcp: (cell) => claims(cell, TCP),
  },
}

interface Opening {
  /** Packets until both kernels are ready for the first byte, as the protocol says. */
  packets: number
  /** How many ways from the first packet to the arrival of the message. */
  ways: number
  before: { claim: string; formula: string; because: string; source: string }
  arrival: { because: string; source: string }
}

const UDP: Opening = {
  packets: 0,
  ways: 1,
  before: {
    claim: 'the message is the first packet: nothing was arranged',
    formula: 'handshake: none',
    because: 'UDP has no handshake, and connect() on its socket only notes an address',
    source: 'RFC 768; udp(7)',
  },
  arrival: { because: 'it goes at once', source: 'RFC 768' },
}

/** The last packet of the handshake and the first byte leave one right behind the other. */
const TCP: Opening = {
  packets: 3,
  ways: 3,
  before: {
    claim: 'a handshake passes before the message',
    formula: 'handshake: SYN, SYN-ACK, ACK',
    because: 'both kernels have to agree on sequence numbers first',
    source: 'RFC 9293 section 3.5',
  },
  arrival: {
    because: 'SYN there, SYN-ACK back, and only then the message, right behind the ACK',
    source: 'RFC 9293 section 3.5',
  },
}

function claims(cell: Cell, { packets, ways, before, arrival }: Opening): Claims {
  const atA = cell.a.packets()
  const begun = sent(atA)?.[0]
  const first = sent(atA)?.find(({ data }) => data.bytes > 0)
  const earlier = atA?.filter(({ time }) => first !== undefined && time < first.time) ?? null
  const atB = received(cell.b.packets())
  const arrived = atB === null ? null : atB.find(({ data }) => data.packet === first?.data.packet)
  const oneWayMs = cableOf(cell)?.delayMs ?? Number.NaN
  return [
    counts(cell, 'before', packets, earlier && (first === undefined ? undefined : earlier), 'packets', {
      ...before,
      evidence: [...(earlier ?? []), first],
      short: `${earlier?.length ?? 0} first`,
    }),
    took(cell, 'arrival', { minMs: ways * oneWayMs, maxMs: ways * oneWayMs }, atA && begun, arrived, {
      ...arrival,
      claim: `from the first packet to the arrival of the message: ${ways} x one way`,
      formula: `${ways} x ${oneWayMs} ms, + slack`,
      evidence: [begun, first, arrived ?? undefined],
    }),
  ]
}
