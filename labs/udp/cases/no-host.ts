/** There is not even a host. The address is of the same network, so a has to find out by itself. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { counts, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { UdpSettings } from '../conditions.ts'
import { sendTakesIt, toldNothing } from '../datagrams.ts'
import { portAt } from '../sockets.ts'

/**
 * A SYN is sent again after 1 and 3 s, and the kernel gives up on an address after 3 s: at the same moment, and the SYN
 * may begin a second search. Half a second later it is told of the first.
 */
const CALL_AFTER_MS = 500

/** The last byte of an address that no host of the lab has. */
const NOBODYS_BYTE = '77'

export const noHost: CaseOf<UdpSettings> = {
  id: 'no-host',
  promise: 'one message to an address that no host has',
  needs: ['network'],

  async act(rig, { a, b }, { silenceMs }) {
    const atA = rig.sockets(a)
    const address = b.address.replace(/\d+$/, NOBODYS_BYTE)
    const plain = await atA.udp.open('udp', { to: { address, port: portAt(b, 'udp') } })
    const connected = await atA.udp.open('udp-connected', {
      to: { address, port: portAt(b, 'udp-connected') },
      connected: true,
    })
    await plain.sendText('anybody?')
    await connected.sendText('anybody?')
    await rig.sleep(CALL_AFTER_MS)
    const caller = await atA.tcp.connect('tcp', { address, port: portAt(b, 'tcp') })
    await caller.connected(silenceMs)
    await rig.sleep(silenceMs)
  },

  rows: {
    udp(cell) {
      const { a } = cell
      const mayAsk = a.sysctl('neigh/eth0/mcast_solicit')
      return [
        sendTakesIt(cell),
        toldNothing(cell),
        // Not even a packet: without the receiver's MAC address there is no frame to put it in.
        counts(cell, 'wire', 0, sent(a.packets()), 'packets', {
          claim: 'the datagram that send() took never left the host',
          formula: 'UDP',
          because:
            'it waits in the kernel for the MAC address of the receiver, and is thrown away with the wait',
          source: 'RFC 826; RFC 1122 section 2.3.2.2',
        }),
        counts(cell, 'arp', mayAsk, asksForNobody(cell), 'requests', {
          claim: 'what left instead: "who has this address?", and nobody answered',
          formula: `mcast_solicit = ${mayAsk}`,
          because: 'all three messages of this case wait for the same address',
          source: 'arp(7): mcast_solicit; net/core/neighbour.c: neigh_timer_handler',
        }),
      ]
    },

    'udp-connected': (cell) => [sendTakesIt(cell), toldNothing(cell)],

    tcp(cell) {
      const { a } = cell
      const asks = a.sysctl('neigh/eth0/mcast_solicit')
      const everyMs = a.sysctl('neigh/eth0/retrans_time_ms')
      const givesUp = { minMs: asks * everyMs, maxMs: asks * everyMs }
      const asked = asksForNobody(cell)
      return [
        took(cell, 'told', givesUp, asked === null ? null : asked[0], a.first('tcp:error_received'), {
          claim: 'connect() fails, EHOSTUNREACH, when the kernel has asked for the address in vain',
          formula: `mcast_solicit x retrans_time_ms = ${asks} x ${everyMs}, + slack`,
          because: 'the same failure reaches both UDP sockets as a soft error, and nobody is told of that',
          source: 'arp(7); net/ipv4/tcp_ipv4.c: tcp_v4_err; net/ipv4/udp.c: __udp4_lib_err',
          code: 'EHOSTUNREACH',
          short: 'UNREACH',
        }),
      ]
    },
  },
}

function asksForNobody(cell: Cell) {
  const asks = sent(cell.a.everyPacket())
  return asks?.filter(({ data }) => data.kind === 'arp' && data.text?.endsWith(`.${NOBODYS_BYTE}?`)) ?? null
}
