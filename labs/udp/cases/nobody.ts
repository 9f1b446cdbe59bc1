/** Host b is there, and nobody on it listens. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, counts, says, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { UdpSettings } from '../conditions.ts'
import { icmpAtA, sendTakesIt, toldNothing } from '../datagrams.ts'
import { portAt } from '../sockets.ts'

const PORT_UNREACHABLE = 'port unreachable'

export const nobody: CaseOf<UdpSettings> = {
  id: 'nobody',
  promise: 'one message to a port of host b where nobody listens',

  async act(rig, { a, b }, { silenceMs }) {
    const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
    const listened = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
    const open = await atB.udp.open('udp', { port: portAt(b, 'udp') })
    const alsoOpen = await atB.udp.open('udp-connected', { port: portAt(b, 'udp-connected') })
    await Promise.all([listened.stop(), open.close(), alsoOpen.close()])

    const plain = await atA.udp.open('udp', { to: open.at })
    await plain.sendText('anybody?')
    const connected = await atA.udp.open('udp-connected', { to: alsoOpen.at, connected: true })
    await connected.sendText('anybody?')
    const caller = await atA.tcp.connect('tcp', listened.at)
    await caller.connected()
    await rig.sleep(silenceMs)
  },

  rows: {
    udp: (cell) => [
      sendTakesIt(cell),
      toldNothing(cell),
      icmpCame(cell, 'the answer reached host a; its kernel has no socket that asked to be told'),
    ],

    'udp-connected'(cell) {
      const { a } = cell
      const left = sent(a.packets())?.[0] ?? a.first('udp:datagram_sent')
      return [
        sendTakesIt(cell),
        icmpCame(cell, 'the same answer as without connect(2)'),
        took(cell, 'told', AT_ONCE, left, a.first('udp:error_received'), {
          claim: 'the program that called connect() is told ECONNREFUSED, after send() had said ok',
          formula: 'one round trip after the datagram: 0 .. slack',
          because: 'a connected socket has one peer, so its kernel knows whose error it is',
          source: 'RFC 1122 section 4.1.3.3; udp(7): ECONNREFUSED on a connected socket',
          code: 'ECONNREFUSED',
          short: 'REFUSED',
        }),
      ]
    },

    tcp(cell) {
      const { a } = cell
      const error = a.first('tcp:error_received')
      const data = sent(a.packets())?.filter((packet) => packet.data.bytes > 0) ?? null
      return [
        says(cell, 'told', 'ECONNREFUSED', error?.data.code ?? '', {
          claim: 'connect() fails before the message could be sent',
          formula: 'RST answers SYN',
          because: 'TCP asks first, and the kernel of host b says no',
          source: 'RFC 9293 section 3.10.7.1',
          evidence: [error],
          short: 'REFUSED',
        }),
        counts(cell, 'data', 0, data, 'packets', {
          claim: 'not one byte of the message was on the wire',
          formula: 'with payload',
          because: 'without a connection there is nothing to write on',
          source: 'RFC 9293 section 3.5',
        }),
      ]
    },
  },
}

function icmpCame(cell: Cell, because: string) {
  const icmp = icmpAtA(cell)
  const told = icmp === null ? null : icmp.map(({ data }) => data.text).join(', ')
  return says(cell, 'icmp', PORT_UNREACHABLE, told, {
    claim: "host b's kernel answers with an ICMP message, and it arrives",
    formula: 'type 3, code 3, once',
    because,
    source: 'RFC 1122 section 4.1.3.1; RFC 792',
    evidence: icmp ?? [],
  })
}
