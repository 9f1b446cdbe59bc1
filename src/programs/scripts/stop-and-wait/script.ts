/**
 * Messages that arrive over UDP all, once and in order: the two ends of stop-and-wait on real sockets, led by a
 * lab. What they do is decided in src/protocols/stop-and-wait/. There is no way to start it by hand.
 */
import * as dgram from 'node:dgram'
import type { Emitter } from '../../../events/emit.ts'
import { formatDatagram, parseDatagram } from '../../../protocols/datagrams/message.ts'
import { formatAcknowledgement, parseAcknowledgement } from '../../../protocols/stop-and-wait/message.ts'
import { StopAndWaitReceiver } from '../../../protocols/stop-and-wait/receiver.ts'
import {
  type Action,
  type StopAndWaitLimits,
  StopAndWaitSender,
} from '../../../protocols/stop-and-wait/sender.ts'
import { PeerBelief, triggerOf } from '../../parts/belief.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { errorData, groupIdOf } from '../../parts/tcp-events.ts'
import { bindUdp, closeUdp, connectUdp } from '../../parts/udp-socket.ts'
import type { StopAndWaitRequests } from './requests.ts'

/** Anybody can invent senders. The one remembered longest is forgotten for a new one. */
const PEERS_MAX = 64
const SOCKETS_MAX = 64

export function scriptStopAndWait({ address, emitterOf }: ScriptedHost): Scripted<StopAndWaitRequests> {
  const emit = emitterOf('stop-and-wait')
  const sockets = new Set<dgram.Socket>()

  async function open(mechanism: string, port: number): Promise<{ socket: dgram.Socket; port: number }> {
    if (sockets.size >= SOCKETS_MAX) throw new RangeError(`${SOCKETS_MAX} UDP sockets are enough`)
    const socket = dgram.createSocket('udp4')
    const bound = await bindUdp(socket, { host: address, port })
    sockets.add(socket)
    emit('udp:bound', { mechanism, local: `${address}:${bound}` })
    return { socket, port: bound }
  }

  return {
    answer: {
      async stopAndWaitReceive({ mechanism, port }) {
        const opened = await open(mechanism, port)
        receive(opened.socket, mechanism, emit)
        return { port: opened.port }
      },

      async stopAndWaitSend({ mechanism, to, bytes, ...limits }) {
        const { socket, port } = await open(mechanism, 0)
        await connectUdp(socket, { host: to.address, port: to.port })
        const groupId = groupIdOf(mechanism, port)
        const outcome = await send(
          socket,
          { bytes, remote: `${to.address}:${to.port}`, groupId, limits },
          emit,
        )
        sockets.delete(socket)
        await closeUdp(socket)
        return { outcome }
      },
    },

    async close() {
      await Promise.all([...sockets].map(closeUdp))
      sockets.clear()
    },
    observe() {},
    reset() {},
  }
}

/** Hands over what comes in its turn, for each sender by itself, and acknowledges. */
function receive(socket: dgram.Socket, mechanism: string, emit: Emitter): void {
  const peers = new Map<string, { receiver: StopAndWaitReceiver; belief: PeerBelief }>()
  // An ICMP message about an acknowledgement reaches nobody: the socket is not connected.
  socket.on('error', (error) => emit('udp:error_received', errorData(error), groupIdOf(mechanism, undefined)))
  socket.on('message', (message, from) => {
    const remote = `${from.address}:${from.port}`
    const groupId = groupIdOf(mechanism, from.port)
    const { number } = parseDatagram(message) ?? {}
    emit('udp:datagram_received', { bytes: message.length, remote, ...(number && { number }) }, groupId)
    if (number === undefined) return
    const peer = peers.get(remote) ?? {
      receiver: new StopAndWaitReceiver(),
      belief: new PeerBelief(emit, groupId),
    }
    peers.set(remote, peer)
    if (peers.size > PEERS_MAX) peers.delete(peers.keys().next().value as string)
    peer.belief.become('up', 'heard')

    const { isNew, acknowledge } = peer.receiver.receive(number)
    if (isNew) emit('delivery:handed_over', { number }, groupId)
    if (!acknowledge) return
    const answer = formatAcknowledgement(number)
    socket.send(answer, from.port, from.address, (error) => {
      if (error === null) emit('udp:datagram_sent', { bytes: answer.length, remote, number }, groupId)
      else emit('udp:send_failed', { bytes: answer.length, remote, code: errorData(error).code }, groupId)
    })
  })
}

interface Delivery {
  bytes: number
  remote: string
  groupId: string
  limits: StopAndWaitLimits
}

/** Sends one message after the other on a connected socket. */
function send(
  socket: dgram.Socket,
  { bytes, remote, groupId, limits }: Delivery,
  emit: Emitter,
): Promise<'all-acknowledged' | 'given-up'> {
  const sender = new StopAndWaitSender(limits)
  const belief = new PeerBelief(emit, groupId)
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined

    function act(action: Action): void {
      if (action === null) return
      clearTimeout(timer)
      if (action.do === 'stop') {
        if (action.because === 'given-up') {
          emit('delivery:given_up', { number: sender.number, tries: sender.tries }, groupId)
        }
        belief.become('down', 'user_closed')
        resolve(action.because)
        return
      }
      const { number, tries } = action
      if (tries > 1) emit('delivery:sent_again', { number, tries, waitedMs: limits.timeoutMs }, groupId)
      const message = formatDatagram({ number, of: limits.count }, bytes)
      socket.send(message, (error) => {
        if (error === null) emit('udp:datagram_sent', { bytes: message.length, remote, number }, groupId)
        else emit('udp:send_failed', { bytes: message.length, remote, code: errorData(error).code }, groupId)
      })
      timer = setTimeout(onTime, limits.timeoutMs)
    }

    function onTime(): void {
      const action = sender.time(performance.now())
      // Node's timers may come a part of a millisecond early.
      if (action === null) timer = setTimeout(onTime, Math.max(1, sender.dueAtMs - performance.now()))
      act(action)
    }

    // An ICMP message is no answer: the timer decides.
    socket.on('error', (error) => {
      emit('udp:error_received', errorData(error), groupId)
      belief.become('down', triggerOf(errorData(error).code))
    })
    socket.on('message', (message) => {
      const number = parseAcknowledgement(message)
      const order = number === null ? {} : { number }
      emit('udp:datagram_received', { bytes: message.length, remote, ...order }, groupId)
      if (number === null) return
      belief.become('up', 'heard')
      const { tries } = sender
      const action = sender.acknowledge(number, performance.now())
      if (action !== null) emit('delivery:acknowledged', { number, tries }, groupId)
      act(action)
    })
    act(sender.start(performance.now()))
  })
}
