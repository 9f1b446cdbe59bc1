/** A way between two UDP sockets that loses and reorders, and whose far or near end can be somewhere else at once. */
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import { randomFrom } from '../../src/lab/random.ts'

const HOST = '127.0.0.1'
const SEED = 7

export interface WaySettings {
  /** Shares of the datagrams, by chance. */
  loss?: number
  late?: number
}

export interface Way {
  /** Where whoever is near sends to; what comes there goes on to the far one. */
  readonly port: number
  readonly counts: { passed: number; lost: number; late: number }
  /** From now on the near one seems, to the far one, to be at another port. */
  moveNear(): Promise<void>
  /** And the far one to the near one. */
  moveFar(): Promise<void>
  close(): void
}

/** Later than those that come after it. */
const LATE_MS = 30

async function bound(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4')
  socket.bind(0, HOST)
  await once(socket, 'listening')
  return socket
}

/** @param near,far ports of the two ends on loopback */
export async function openWay(
  near: number,
  far: number,
  { loss = 0, late = 0 }: WaySettings = {},
): Promise<Way> {
  const random = randomFrom(SEED)
  const counts = { passed: 0, lost: 0, late: 0 }
  const all: dgram.Socket[] = []
  /** Whoever is near sends to the first of these, and hears from the newest. */
  let towardsNear = await opened('near')
  /** The far one hears from the newest. */
  let towardsFar = await opened('far')
  const { port } = towardsNear.address()

  async function opened(side: 'near' | 'far'): Promise<dgram.Socket> {
    const socket = await bound()
    all.push(socket)
    socket.on('message', (datagram) => pass(datagram, side === 'near' ? 'far' : 'near'))
    return socket
  }

  function pass(datagram: Buffer, to: 'near' | 'far'): void {
    if (random() < loss) {
      counts.lost += 1
      return
    }
    counts.passed += 1
    const isLate = random() < late
    if (isLate) counts.late += 1
    if (isLate) setTimeout(send, LATE_MS, datagram, to)
    else send(datagram, to)
  }

  function send(datagram: Buffer, to: 'near' | 'far'): void {
    if (to === 'near') towardsNear.send(datagram, near, HOST)
    else towardsFar.send(datagram, far, HOST)
  }

  return {
    port,
    counts,
    async moveNear() {
      towardsFar = await opened('far')
    },
    async moveFar() {
      towardsNear = await opened('near')
    },
    close() {
      for (const socket of all) socket.close()
    },
  }
}
