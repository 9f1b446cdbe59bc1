/** Many who speak by UDP, each from a socket of its own, and one who hears them. */
import * as dgram from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../../../events/emit.ts'
import { bindUdp, closeUdp, connectUdp } from '../../parts/udp-socket.ts'
import type { CrowdRequests } from './requests.ts'
import { crowdGroup } from './server.ts'
import { Tally } from './tally.ts'

/** As long as a heartbeat's line. */
const DATAGRAM = Buffer.from('PING 1234567\n')

export async function hear(
  { mechanism, host, receiveBufferBytes }: CrowdRequests['crowdHear']['ask'] & { host: string },
  emit: Emitter,
): Promise<{ socket: dgram.Socket; port: number }> {
  const socket = dgram.createSocket({ type: 'udp4' })
  const groupId = crowdGroup(mechanism)
  const heard = new Tally(emit, 'crowd:heard', groupId)
  socket.on('message', () => heard.add())
  const port = await bindUdp(socket, { host, port: 0 })
  // Asked for more than it may have, the kernel gives what it may.
  if (receiveBufferBytes !== null) socket.setRecvBufferSize(receiveBufferBytes)
  const local = `${host}:${port}`
  emit('crowd:serving', { local, receiveBufferBytes: socket.getRecvBufferSize() }, groupId)
  return { socket, port }
}

export class Speakers {
  readonly #spoke: Tally
  readonly #sockets: dgram.Socket[] = []
  #next = 0

  constructor(mechanism: string, emit: Emitter) {
    this.#spoke = new Tally(emit, 'crowd:spoke', crowdGroup(mechanism))
  }

  /** @throws the error of the first socket that could not be opened */
  async gather({ to, count, sources }: CrowdRequests['crowdGather']['ask']): Promise<void> {
    for (let made = 0; made < count; made++) {
      const socket = dgram.createSocket('udp4')
      // An ICMP message is no answer.
      socket.on('error', () => {})
      this.#sockets.push(socket)
      const source = sources[made % sources.length]
      if (source !== undefined) await bindUdp(socket, { host: source, port: 0 })
      await connectUdp(socket, { host: to.address, port: to.port })
    }
  }

  async speak({
    count,
    overMs,
  }: Pick<CrowdRequests['crowdSpeak']['ask'], 'count' | 'overMs'>): Promise<void> {
    const began = performance.now()
    for (let said = 0; said < count; said++) {
      const aheadMs = (said / count) * overMs - (performance.now() - began)
      if (aheadMs > 1) await delay(aheadMs)
      this.#sockets[this.#next++ % this.#sockets.length]?.send(DATAGRAM)
      this.#spoke.add()
    }
    // The sends of a connected socket are done one tick later.
    await delay(1)
    this.#spoke.tell()
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map(closeUdp))
    this.#sockets.length = 0
  }
}
