/**
 * Junk of every kind on a VPN's real socket, for STILLHERE_FUZZ_MS: it goes on, those who have keys are served, a stranger
 * gets nothing but cookies.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { readConf } from '../../src/programs/parts/wireguard-conf.ts'
import { startVpnPeer } from '../../src/programs/vpn-peer.ts'
import { LABEL_MAC1 } from '../../src/protocols/wireguard/constants.ts'
import { hash, keyPair, mac } from '../../src/protocols/wireguard/primitives.ts'
import { collectEvents } from '../support/events.ts'

const FUZZ_MS = Number(process.env.STILLHERE_FUZZ_MS ?? 5000)
const HOST = '127.0.0.1'
/** Between two rests, in which the socket's buffer is read empty. */
const BURST = 20
const REST_MS = 5
/** Of what garbage collection leaves: a few hundred bytes kept for each datagram would be more in five seconds. */
const GROWTH_BYTES_MAX = 4 * 1_048_576

const [own, other] = [keyPair(), keyPair()]
const text = (key: Buffer) => key.toString('base64')
const confOf = (mine: typeof own, theirs: typeof own, inside: [string, string], more: string) =>
  readConf(`[Interface]
PrivateKey = ${text(mine.private)}
Address = ${inside[0]}/24
[Peer]
PublicKey = ${text(theirs.public)}
AllowedIPs = ${inside[1]}/32
${more}`)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Sizes of the four messages, or any; types of them, or any; half of the handshakes with a valid first mac. */
function junk(): Buffer {
  const bytes = randomBytes([148, 92, 64, 32, randomInt(1, 1500)][randomInt(5)] ?? 1)
  if (bytes.length < 4) return bytes
  bytes.writeUInt32LE(randomInt(6))
  const signed = bytes.length - 32
  if (signed > 4 && randomInt(2) === 0) {
    mac(hash(Buffer.from(LABEL_MAC1), own.public), bytes.subarray(0, signed)).copy(bytes, signed)
  }
  return bytes
}

test('junk stops nobody, and gets nothing but cookies', { timeout: FUZZ_MS + 20_000 }, async () => {
  const [here, there] = [collectEvents(), collectEvents()]
  const conf = confOf(own, other, ['10.9.0.1', '10.9.0.2'], '')
  const peer = await startVpnPeer({ mechanism: 'vpn', conf, host: HOST }, here.emit)
  const endpoint = `Endpoint = ${HOST}:${peer.port}`
  const client = await startVpnPeer(
    { mechanism: 'vpn', conf: confOf(other, own, ['10.9.0.2', '10.9.0.1'], endpoint), host: HOST },
    there.emit,
  )
  const stranger = createSocket('udp4')
  onTestFinished(async () => {
    stranger.close()
    await Promise.all([peer.close(), client.close()])
  })
  const answers = new Set<string>()
  stranger.on('message', (answer) => answers.add(`${answer[0]} ${answer.length}`))
  client.ping('10.9.0.1')
  await there.until('vpn:ping_answered')

  const before = heapBytes()
  const untilMs = performance.now() + FUZZ_MS
  while (performance.now() < untilMs) {
    for (let sent = 0; sent < BURST; sent += 1) stranger.send(junk(), peer.port, HOST)
    await delay(REST_MS)
  }
  expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX)
  // Without enough of it to be a load there is not even a cookie.
  expect([...answers].filter((answer) => answer !== '3 64')).toEqual([])
  client.ping('10.9.0.1')
  await there.until('vpn:ping_answered', ({ number }) => number === 1)
  expect(here.events.some(({ name }) => name === 'vpn:refused')).toBe(true)
})
