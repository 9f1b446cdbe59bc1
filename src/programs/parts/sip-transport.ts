/**
 * How SIP messages travel: datagrams, or a connection to each neighbour, both at one port. A connection that is there is
 * used for both directions, whoever made it; one that is not there is made when there is something to say.
 */
import * as dgram from 'node:dgram'
import * as net from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Emitter } from '../../events/emit.ts'
import { placeText } from '../../protocols/ip-address.ts'
import { AnswerBudget } from '../../protocols/sip/answer-budget.ts'
import type { Place } from '../../protocols/sip/compose.ts'
import {
  headerOf,
  type Message,
  type Reading,
  readMessage,
  writeMessage,
} from '../../protocols/sip/message.ts'
import { MessageStream } from '../../protocols/sip/stream.ts'
import { isStun } from '../../protocols/stun/message.ts'
import { watchStrangers } from './strangers.ts'
import { errorData, groupIdOf, listen, stopListening, takeTcp } from './tcp-events.ts'
import { bindUdp, closeUdp } from './udp-socket.ts'

/** Another port is tried where only one of the two kinds is free. */
const PORTS_TRIED_MAX = 20
const PING = '\r\n\r\n'
const PONG = '\r\n'

export interface SipTransport {
  readonly port: number
  /** @returns false: it was withheld, see {@link file://../../protocols/sip/answer-budget.ts} */
  send(message: Message, to: Place): boolean
  /** Two empty lines, over a connection that is there. */
  ping(to: Place): void
  /** STUN, from the same port as all else (RFC 5626 section 8). */
  sendStun(message: Buffer, to: Place): void
  /** Aborts all connections. */
  reset(): void
  close(): Promise<void>
}

export interface SipTransportOptions {
  mechanism: string
  host: string
  /** 0: any free one. */
  port: number
  receive(reading: Reading, from: Place): void
  /** Whether who is there has shown that it receives. Asked of UDP only: over TCP the handshake has shown it. */
  isProven(place: Place): boolean
  /** STUN came to the same port. */
  receiveStun(message: Buffer, from: Place): void
  /** Nothing can be sent there. */
  failed(to: Place): void
}

/** As people tell messages apart: `INVITE`, `200 INVITE`. */
export function titleOf(message: Message): string {
  if (message.kind === 'request') return message.method
  return `${message.status} ${(headerOf(message, 'CSeq') ?? '').split(/\s+/)[1] ?? ''}`.trim()
}

export const textOf = ({ address, port }: Place) => placeText(address, port)

/** @throws as bind and listen do: EADDRINUSE, EADDRNOTAVAIL, EACCES */
export async function openSipTransport(options: SipTransportOptions, emit: Emitter): Promise<SipTransport> {
  const { mechanism, host, receive, failed } = options
  const strangers = watchStrangers(emit)
  const { udp, server, port } = await openBoth(options)
  const ownGroup = groupIdOf(mechanism, port)
  /** By the other end's address and port. */
  const connections = new Map<string, net.Socket>()
  const budget = new AnswerBudget(performance.now())
  let isClosing = false

  udp.on('message', (bytes, from) => {
    // Nothing but line ends: a keep-alive over UDP, which some send and RFC 5626 does not know.
    if (/^[\r\n\0]*$/.test(bytes.toString('latin1', 0, 8))) return
    const place: Place = { transport: 'udp', address: from.address, port: from.port }
    if (isStun(bytes)) options.receiveStun(bytes, place)
    else {
      if (!options.isProven(place)) budget.heard(bytes.length)
      take(readMessage(bytes), place)
    }
  })
  udp.on('error', (error) => emit('udp:error_received', errorData(error), ownGroup))
  server.on('connection', (socket) => {
    const group = groupIdOf(mechanism, socket.remotePort)
    takeTcp(socket, emit, group, 'accepted')
    keep(socket, { transport: 'tcp', address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 })
  })

  function take(reading: Reading, from: Place): void {
    const message = reading.message === null ? 'no SIP' : titleOf(reading.message)
    strangers.tell('sip:received', { message, remote: textOf(from) }, ownGroup)
    receive(reading, from)
  }

  function keep(socket: net.Socket, place: Place): void {
    const stream = new MessageStream()
    const name = textOf(place)
    connections.set(name, socket)
    socket.on('data', (chunk) => {
      stream.push(chunk)
      for (let cut = stream.next(); cut !== 'incomplete'; cut = stream.next()) {
        if (cut === 'broken') return void socket.destroy()
        if (cut === 'ping') socket.write(PONG)
        else if (cut === 'pong') emit('sip:keepalive_answered', {}, ownGroup)
        else take(cut, place)
      }
    })
    socket.once('close', () => {
      if (connections.get(name) !== socket) return
      connections.delete(name)
      if (!isClosing) failed(place)
    })
  }

  function connectionTo(to: Place): net.Socket {
    const there = connections.get(textOf(to))
    if (there) return there
    const socket = net.connect({ host: to.address, port: to.port, localAddress: host })
    // Told once it is known; an error before that is a connection that never was.
    socket.once('connect', () => takeTcp(socket, emit, groupIdOf(mechanism, socket.localPort), 'connected'))
    socket.on('error', (error) => socket.connecting && emit('tcp:error_received', errorData(error), ownGroup))
    keep(socket, to)
    return socket
  }

  /** What this end asks of its own will is no answer to anybody; but a BYE may be to who was never there. */
  function isWithheld(message: Message, bytes: Buffer, to: Place): boolean {
    const isOwnWill = message.kind === 'request' && message.method !== 'BYE'
    if (isOwnWill || options.isProven(to) || budget.take(bytes.length, performance.now())) return false
    const because = `${titleOf(message)} is withheld: who is there has not shown that it receives, and enough was said to such`
    strangers.tell('sip:refused', { because, remote: textOf(to) }, ownGroup)
    return true
  }

  return {
    port,
    send(message, to) {
      const bytes = writeMessage(message)
      if (to.transport === 'tcp') connectionTo(to).write(bytes)
      else if (isWithheld(message, bytes, to)) return false
      else
        udp.send(bytes, to.port, to.address, (error) => {
          if (!error || isClosing) return
          emit('udp:error_received', errorData(error), ownGroup)
          failed(to)
        })
      return true
    },
    ping(to) {
      connections.get(textOf(to))?.write(PING)
    },
    sendStun(message, to) {
      udp.send(message, to.port, to.address, (error) => {
        if (error && !isClosing) emit('udp:error_received', errorData(error), ownGroup)
      })
    },
    reset() {
      for (const socket of connections.values()) socket.resetAndDestroy()
    },
    async close() {
      // What was sent just now is handed to the kernel in the next turn only.
      await setImmediate()
      isClosing = true
      strangers.close()
      for (const socket of connections.values()) socket.destroy()
      await Promise.all([closeUdp(udp), stopListening(server)])
    },
  }
}

async function openBoth({ host, port: wanted }: SipTransportOptions) {
  for (let tries = 1; ; tries++) {
    const udp = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4')
    const port = await bindUdp(udp, { host, port: wanted })
    const server = net.createServer()
    try {
      await listen(server, { host, port })
      return { udp, server, port }
    } catch (error) {
      await closeUdp(udp)
      if (wanted !== 0 || tries === PORTS_TRIED_MAX) throw error
    }
  }
}
