/**
 * The UDP half of a relay: for each sender a socket of its own towards the server, so that answers find their
 * way back. As a NAT router does, and as there, a sender that has long been silent is forgotten for a new one.
 */
import * as dgram from 'node:dgram'
import type { Emitter } from '../../events/emit.ts'
import type { RelayDirection } from '../../events/vocabulary.ts'
import { errorData, groupIdOf } from '../parts/tcp-events.ts'
import { bindUdp, closeUdp, connectUdp } from '../parts/udp-socket.ts'
import { Lane, type LaneMode, type RelayOptions, type RunningRelay } from './lane.ts'

/** Anybody can invent senders. */
const SENDERS_MAX = 64

interface Sender {
  socket: dgram.Socket
  groupId: string
  lanes: Record<RelayDirection, Lane>
}

export async function startUdpRelay(options: RelayOptions, emit: Emitter): Promise<RunningRelay> {
  const modes: Record<RelayDirection, LaneMode> = {
    'to-server': { mode: 'pass' },
    'to-client': { mode: 'pass' },
  }
  const senders = new Map<string, Sender>()
  const front = dgram.createSocket('udp4')

  function admit(remote: string, from: { address: string; port: number }): Sender {
    const groupId = groupIdOf(options.mechanism, from.port)
    const socket = dgram.createSocket('udp4')
    const lane = (direction: RelayDirection, forward: (datagram: Buffer) => void) =>
      new Lane(
        direction,
        () => modes[direction],
        (chunk) => chunk !== null && forward(chunk),
        emit,
        groupId,
      )
    const connected = connectUdp(socket, options.to)
    const lanes = {
      'to-server': lane('to-server', (datagram) => {
        connected.then(
          () => senders.has(remote) && socket.send(datagram, (error) => error && failed(error)),
          () => {}, // told below
        )
      }),
      'to-client': lane('to-client', (datagram) => {
        front.send(datagram, from.port, from.address, (error) => error && failed(error))
      }),
    }
    const failed = (error: Error) => emit('udp:error_received', errorData(error), groupId)
    socket.on('error', failed)
    socket.on('message', (datagram) => pushOrDrop(lanes['to-client'], datagram))
    connected.then((port) => {
      emit('relay:opened', { client: remote, local: `${socket.address().address}:${port}` }, groupId)
    }, failed)
    const sender = { socket, groupId, lanes }
    senders.set(remote, sender)
    if (senders.size > SENDERS_MAX) {
      const oldest = senders.keys().next().value as string
      void dismiss(oldest, 'a new sender needs its place')
    }
    return sender
  }

  async function dismiss(remote: string, because: string): Promise<void> {
    const sender = senders.get(remote)
    if (sender === undefined) return
    senders.delete(remote)
    for (const lane of Object.values(sender.lanes)) lane.close()
    emit('relay:closed', { because }, sender.groupId)
    await closeUdp(sender.socket)
  }

  front.on('message', (datagram, from) => {
    const remote = `${from.address}:${from.port}`
    pushOrDrop((senders.get(remote) ?? admit(remote, from)).lanes['to-server'], datagram)
  })
  const port = await bindUdp(front, options.listen)
  front.on('error', (error) => emit('udp:error_received', errorData(error)))

  return {
    port,
    setMode(direction, mode) {
      modes[direction] = mode
      for (const { lanes } of senders.values()) lanes[direction].release()
    },
    // UDP has no connection to reset.
    reset() {},
    async close() {
      await Promise.all([...senders.keys()].map((remote) => dismiss(remote, 'the relay ends')))
      await closeUdp(front)
    },
  }
}

/** A datagram cannot be kept from arriving; so what finds no room is lost, as in any router. */
function pushOrDrop(lane: Lane, datagram: Buffer): void {
  if (lane.isFull) lane.drop(datagram, 'the relay holds back as much as it can')
  else lane.push(datagram)
}
