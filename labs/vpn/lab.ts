/**
 * What is a VPN's connection?
 *
 * Two ends that know each other's public keys agree on secret ones, and wrap whatever they have to say to each other in
 * them. The protocol is WireGuard's, and so may be the other end:
 *
 *      a, inside 10.9.0.1                                        b, inside 10.9.0.2
 *          |                                                         |
 *      [Device] <==== initiation, response, data; UDP, any address ====> [Device]
 *
 * Inside is a host of this process, which answers pings, or the kernel itself by a TUN device (tunnel.ts), and then any
 * program: a web site, TCP connections. Nothing is sent before somebody has something to say, and nothing when nobody has. So: what is "connected"?
 *
 * Predict before you run: the tunnel is up, one end ends without a word. How long does the other believe?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { cut } from './cases/cut.ts'
import { elsewhere } from './cases/elsewhere.ts'
import { gone } from './cases/gone.ts'
import { handshake } from './cases/handshake.ts'
import { idle } from './cases/idle.ts'
import { inside } from './cases/inside.ts'
import { moved } from './cases/moved.ts'
import { nat } from './cases/nat.ts'
import { rekey } from './cases/rekey.ts'
import { restarted } from './cases/restarted.ts'
import { silent } from './cases/silent.ts'
import { strangers } from './cases/strangers.ts'
import { conditionsOf, type Row, type VpnSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'
import { story } from './survivors.ts'

const LESSONS: Readonly<Record<Row, string>> = {
  vpn: 'two keys, good for three minutes; silence means nothing.',
  tls: 'one offers, the other chooses: a negotiation, and all can read it.',
  'vpn-persistent': 'keepalives keep the way open, and ask nobody.',
  'wrong-key': 'who does not know the key of the other gets silence.',
  'unknown-peer': 'a user is a key; who is not known gets silence.',
  'wrong-preshared': 'an answer, and no keys to read it with.',
  'inner-http': 'its session is the cookie; the tunnel is only the way there.',
  'inner-tcp': 'outlives addresses, keys and servers of the tunnel that carries it.',
  'plain-tcp': 'is named by its addresses, and ends with them.',
}

const cases: readonly CaseOf<VpnSettings>[] = [
  handshake,
  strangers,
  idle,
  inside,
  moved,
  elsewhere,
  nat,
  cut,
  gone,
  restarted,
  rekey,
  silent,
]

export const vpn: Lab<VpnSettings> = {
  id: 'vpn',
  question: 'What is the connection of a VPN, and who keeps it?',
  ...madeOf(cases, LESSONS),
  showFirst: [
    'handshake/vpn',
    'restarted/inner-tcp',
    'elsewhere/inner-tcp',
    'nat/vpn-persistent',
    'gone/vpn-persistent',
  ],
  prepare: conditionsOf,
  questions: questionsOf,
  story,
}
