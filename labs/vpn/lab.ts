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
 * Nothing is sent before somebody has something to say, and nothing when nobody has. So: what is "connected"?
 *
 * Predict before you run: the tunnel is up, one end ends without a word. How long does the other believe?
 */
import { type CaseOf, madeOf } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { gone } from './cases/gone.ts'
import { handshake } from './cases/handshake.ts'
import { idle } from './cases/idle.ts'
import { moved } from './cases/moved.ts'
import { strangers } from './cases/strangers.ts'
import { conditionsOf, type Row, type VpnSettings } from './conditions.ts'
import { questionsOf } from './questions.ts'

const LESSONS: Readonly<Record<Row, string>> = {
  vpn: 'two keys, good for three minutes; silence means nothing.',
  'vpn-persistent': 'keepalives keep the way open, and ask nobody.',
  'wrong-key': 'who does not know the key of the other gets silence.',
  'unknown-peer': 'a user is a key; who is not known gets silence.',
  'wrong-preshared': 'an answer, and no keys to read it with.',
}

const cases: readonly CaseOf<VpnSettings>[] = [handshake, strangers, idle, moved, gone]

export const vpn: Lab<VpnSettings> = {
  id: 'vpn',
  question: 'What is the connection of a VPN, and who keeps it?',
  ...madeOf(cases, LESSONS),
  showFirst: ['handshake/vpn', 'gone/vpn-persistent', 'moved/vpn', 'strangers/unknown-peer'],
  prepare: conditionsOf,
  questions: questionsOf,
}
