/**
 * Our end of a VPN beside wireguard-go, which somebody else wrote, in a network namespace of their own. Started by
 * wireguard-go.test.ts; reports what each end has seen.
 */
import { createSocket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../../src/events/emit.ts'
import { readConf } from '../../src/programs/parts/wireguard-conf.ts'
import { startVpnPeer } from '../../src/programs/vpn-peer.ts'
import { coverControlFolder, newKeys, run, startWireguardGo } from './wireguard-go-end.ts'

export interface WireguardGoReport {
  /** Datagrams that a program behind wireguard-go sent to our inside, and how many came back. */
  echoes: { sent: number; received: number }
  /** Pings of our inside to the kernel behind wireguard-go. */
  pings: { sent: number; answered: number }
  /** Seconds since 1970 of the latest handshake, as the stock `wg show` tells it; 0: none. */
  latestHandshake: number
  events: { name: string; data: unknown }[]
}

const DEVICE = 'wgtest0'
const OURS = '10.9.0.2'
const THEIRS = '10.9.0.1'
const ECHOES = 100
const PINGS = 20
const { begins, preshared, wrongPreshared, family } = JSON.parse(process.argv[2] ?? '{}').change
  .wireguard as {
  begins: 'us' | 'them'
  preshared: boolean
  wrongPreshared: boolean
  family: 4 | 6
}

const events: WireguardGoReport['events'] = []
const emit = ((name: string, data: unknown) => void events.push({ name, data })) as Emitter

const [ours, theirs, secret, otherSecret] = [
  newKeys(),
  newKeys(),
  run(['wg', 'genpsk']),
  run(['wg', 'genpsk']),
]
const sharedLine = (text: string) => (preshared ? `PresharedKey = ${text}\n` : '')
const [host, place] = family === 4 ? ['127.0.0.1', '127.0.0.1'] : ['::1', '[::1]']
const OUR_PORT = 51_821
const THEIR_PORT = 51_822

coverControlFolder()
const wireguardGo = await startWireguardGo(
  DEVICE,
  `[Interface]
PrivateKey = ${theirs.private}
ListenPort = ${THEIR_PORT}
[Peer]
PublicKey = ${ours.public}
${sharedLine(secret)}AllowedIPs = ${OURS}/32
${begins === 'them' ? `Endpoint = ${place}:${OUR_PORT}` : ''}
`,
  `${THEIRS}/24`,
)

const conf = readConf(`[Interface]
PrivateKey = ${ours.private}
ListenPort = ${OUR_PORT}
Address = ${OURS}/24
[Peer]
PublicKey = ${theirs.public}
${sharedLine(wrongPreshared ? otherSecret : secret)}AllowedIPs = ${THEIRS}/32
${begins === 'us' ? `Endpoint = ${place}:${THEIR_PORT}` : ''}
`)
const peer = await startVpnPeer({ mechanism: 'vpn', conf, host }, emit)

const pingAll = async () => {
  for (let number = 0; number < PINGS; number += 1) {
    peer.ping(THEIRS)
    await delay(20)
  }
  await delay(300)
}
const echoAll = async () => {
  const socket = createSocket('udp4')
  socket.connect(7, OURS)
  await new Promise((resolve) => socket.once('connect', resolve))
  const heard = new Set<string>()
  socket.on('message', (datagram) => heard.add(datagram.subarray(0, 3).toString()))
  for (let number = 0; number < ECHOES; number += 1) {
    // Of all lengths that fit: padding must not be seen inside.
    socket.send(
      String(number)
        .padStart(3, '0')
        .padEnd(3 + number * 13, '.'),
    )
    await delay(5)
  }
  await delay(300)
  socket.close()
  return heard.size
}
if (begins === 'us') await pingAll()
const received = await echoAll()
if (begins === 'them') await pingAll()

const report: WireguardGoReport = {
  echoes: { sent: ECHOES, received },
  pings: { sent: PINGS, answered: events.filter(({ name }) => name === 'vpn:ping_answered').length },
  latestHandshake: Number(wireguardGo.show('latest-handshakes')),
  events,
}
await peer.close()
wireguardGo.stop()
process.stdout.write(JSON.stringify(report))
process.exit()
