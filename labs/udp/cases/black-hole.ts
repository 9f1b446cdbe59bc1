/** Both ends have a larger MTU than what is between them, and what drops the packets does not say so. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, nothing, says } from '../../../src/lab/claims.ts'
import { bytesOf } from '../../../src/lab/packets.ts'
import { IP_HEADER_BYTES, UDP_HEADER_BYTES, type UdpSettings } from '../conditions.ts'
import { cableOf, icmpAtA, passage } from '../datagrams.ts'
import { portAt, SOON, setCable } from '../sockets.ts'

/** Longer IP packets vanish. */
const HOLE_BYTES = 1000
const SMALL = 'small'

export const blackHole: CaseOf<UdpSettings> = {
  id: 'black-hole',
  promise: 'somewhere on the path packets of more than 1000 bytes vanish, and nobody says so',
  needs: ['cable'],

  async act(rig, pair, { silenceMs }) {
    const { a, b } = pair
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
    const another = await atB.udp.open('udp-df', { port: portAt(b, 'udp-df') })
    const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
    const sender = await atA.udp.open('udp', { to: receiver.at, connected: true })
    const strict = await atA.udp.open('udp-df', { to: another.at, connected: true, dontFragment: true })
    const caller = await atA.tcp.connect('tcp', listener.at)
    await listener.accepted(caller).accepted()
    await setCable(rig, pair, { mtuBytes: HOLE_BYTES })

    const fits = HOLE_BYTES - IP_HEADER_BYTES - UDP_HEADER_BYTES
    for (const bytes of [fits, fits + 1]) {
      await sender.send({ bytes })
      await strict.send({ bytes })
    }
    await caller.write(SMALL)
    await rig.came(rig.untilEvent(b, 'tcp:received', { groupId: caller.groupId, ...SOON }))
    await caller.writeBytes(5 * HOLE_BYTES)
    await rig.sleep(silenceMs)
  },

  rows: {
    udp: vanishes,
    'udp-df': vanishes,

    tcp(cell) {
      const { a } = cell
      const received = bytesOf(cell.b.all('tcp:received'))
      const again = a.all('kernel:socket_updated').some(({ data }) => (data.new?.retransmits ?? 0) > 0)
      const found = `${received} bytes received, ${a.state(cell.watch.to)}, ${again ? 'sent again' : 'not sent again'}`
      return [
        says(cell, 'stuck', `${SMALL.length} bytes received, ESTABLISHED, sent again`, found, {
          claim: 'a connection that came up, and carried a small message, carries no large one',
          formula: `tcp_mtu_probing ${a.sysctl('tcp_mtu_probing')}`,
          because: `each full segment vanishes, as the handshake did not; host a's kernel: ${a.kernel(cell.watch.to)}`,
          source: 'RFC 2923 section 2.1; ip-sysctl: tcp_mtu_probing; RFC 4821',
          evidence: [a.last('kernel:socket_updated')],
          short: 'STUCK',
        }),
      ]
    },
  },
}

function vanishes(cell: Cell): Claims {
  const limit = cableOf(cell)?.mtuBytes ?? Number.NaN
  const fits = limit - IP_HEADER_BYTES - UDP_HEADER_BYTES
  const { a } = cell
  const sent = passage(cell)?.sent ?? null
  const received = cell.b.all('udp:datagram_received')
  const sizes = received.map(({ data }) => data.bytes).join(', ') || 'no'
  const icmp = icmpAtA(cell)
  const found = sent && `${sent.length} sent, received ${sizes} bytes`
  const told = icmp && [...a.all('udp:error_received'), ...a.all('udp:send_failed'), ...icmp]
  return [
    says(cell, 'arrives', `2 sent, received ${fits} bytes`, found, {
      claim: `of ${fits} and ${fits + 1} bytes sent only the smaller one arrives`,
      formula: `${limit} - 20 - 8`,
      because: 'a packet that is too large for the path is thrown away on it',
      source: 'RFC 2923 section 2.1; RFC 4821',
      evidence: [...(sent ?? []), ...received],
      short: `${received.length} of ${sent?.length ?? 0}`,
    }),
    nothing(cell, 'told', told, cell.watch, {
      claim: 'nobody says so: no error, no ICMP message, for the whole watch',
      formula: 'no ICMP type 3, code 4',
      because:
        "the sender's kernel knows only its own MTU; it learns that of the path only if somebody tells it",
      source: 'RFC 1191 section 1; RFC 2923 section 2.1',
    }),
  ]
}
