/**
 * The TCP half of a relay: for each client that connects, a connection of its own to the server, and a lane each
 * way between the two.
 */
import * as net from 'node:net'
import type { Emitter } from '../../events/emit.ts'
import type { RelayDirection } from '../../events/vocabulary.ts'
import {
  addressesOf,
  admitTcp,
  closeInOrder,
  errorData,
  groupIdOf,
  listen,
  stopListening,
} from '../parts/tcp-events.ts'
import { Lane, type LaneMode, type RelayOptions, type RunningRelay } from './lane.ts'

interface Legs {
  client: net.Socket
  server: net.Socket
  lanes: Record<RelayDirection, Lane>
}

export async function startTcpRelay(options: RelayOptions, emit: Emitter): Promise<RunningRelay> {
  const modes: Record<RelayDirection, LaneMode> = {
    'to-server': { mode: 'pass' },
    'to-client': { mode: 'pass' },
  }
  const running = new Set<Legs>()
  const { admits } = admitTcp()

  const listener = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (!admits(client)) return
    const { to, mechanism } = options
    const groupId = groupIdOf(mechanism, client.remotePort)
    const server = net.connect({ ...to, noDelay: true, allowHalfOpen: true })
    const lanes = {
      'to-server': joinLane('to-server', client, server, groupId),
      'to-client': joinLane('to-client', server, client, groupId),
    }
    const legs = { client, server, lanes }
    running.add(legs)
    const { remote } = addressesOf(client)
    server.once('connect', () => {
      emit('relay:opened', { client: remote, local: addressesOf(server).local }, groupId)
    })
    let because = 'both ends said goodbye'
    for (const [leg, other] of [
      [client, server],
      [server, client],
    ] as const) {
      // One end cannot see the other's RST; so this one passes it on, as it passes on FIN.
      leg.on('error', (error) => {
        because = `${errorData(error).code} from the ${leg === client ? 'client' : 'server'}'s side`
        if (!other.destroyed) other.resetAndDestroy()
      })
      leg.once('close', () => {
        // It made room for another connection: nobody said goodbye, and the other end learns it by RST.
        if (!leg.readableEnded && !other.destroyed) other.resetAndDestroy()
        if (!running.has(legs) || !(client.destroyed && server.destroyed)) return
        running.delete(legs)
        for (const lane of Object.values(lanes)) lane.close()
        emit('relay:closed', { because }, groupId)
      })
    }
  })

  function joinLane(direction: RelayDirection, from: net.Socket, into: net.Socket, groupId: string): Lane {
    const lane = new Lane(
      direction,
      () => modes[direction],
      (chunk) => {
        if (chunk === null) into.end()
        else into.write(chunk)
        settle()
      },
      emit,
      groupId,
    )
    // Backpressure: with a full lane or a receiver that does not take more, the sender's own window closes.
    const settle = () => {
      if (lane.isFull || into.writableNeedDrain) from.pause()
      else from.resume()
    }
    into.on('drain', settle)
    from.on('data', (chunk) => {
      lane.push(chunk)
      settle()
    })
    from.once('end', () => lane.push(null))
    return lane
  }

  const port = await listen(listener, options.listen)
  return {
    port,
    setMode(direction, mode) {
      modes[direction] = mode
      for (const { lanes } of running) lanes[direction].release()
    },
    reset() {
      for (const { client, server } of running) {
        client.resetAndDestroy()
        server.resetAndDestroy()
      }
    },
    async close() {
      const stopped = stopListening(listener)
      const legs = [...running].flatMap(({ client, server }) => [client, server])
      await Promise.all(legs.map((leg) => closeInOrder(leg, () => leg.end())))
      await stopped
    },
  }
}
