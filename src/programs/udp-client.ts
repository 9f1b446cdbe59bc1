/**
 * Sends one datagram a second, one way, and asks nothing. It never learns whether anybody is there,
 * with one exception: a *connected* UDP socket is told when an ICMP "port unreachable" comes back.
 */
import * as dgram from 'node:dgram'
import type { Emitter } from '../events/emit.ts'
import { HEARTBEAT_TIMING } from '../protocols/heartbeat/constants.ts'
import { PeerBelief, triggerOf } from './parts/belief.ts'
import { connectFlags, connectOptions, runByHand, runsAsFile } from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { errorData, groupIdOf } from './parts/tcp-events.ts'
import { closeUdp, connectUdp } from './parts/udp-socket.ts'

export interface UdpClientOptions {
  mechanism: string
  host: string
  port: number
  intervalMs?: number | undefined
}

/** Resolves when the socket has its address and port; nothing has been sent then. */
export async function startUdpClient(options: UdpClientOptions, emit: Emitter): Promise<Program> {
  const socket = dgram.createSocket('udp4')
  const port = await connectUdp(socket, options)
  const groupId = groupIdOf(options.mechanism, port)
  const belief = new PeerBelief(emit, groupId)
  const remote = `${options.host}:${options.port}`

  // Only a refusal tells something of the peer; other errors are this end's own, as ENETUNREACH is.
  const failed = (error: Error) => {
    const data = errorData(error)
    emit('udp:error_received', data, groupId)
    if (data.code === 'ECONNREFUSED') belief.become('down', triggerOf(data.code))
  }
  // The refusal of one datagram is reported at the next call, whichever that is: send() or receive.
  socket.on('error', failed)

  let number = 0
  const send = () => {
    const line = `still here ${number++}\n`
    socket.send(line, (error) => {
      if (error) failed(error)
      else emit('udp:datagram_sent', { bytes: line.length, remote }, groupId)
    })
  }
  // It goes on after a refusal: whoever was not there a second ago may be there now.
  const sending = setInterval(send, options.intervalMs ?? HEARTBEAT_TIMING.intervalMs)
  send()

  return {
    port,
    close() {
      clearInterval(sending)
      belief.become('down', 'user_closed')
      return closeUdp(socket)
    },
    observe() {},
    write: send,
    reset() {},
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'udp-client',
    about: 'Sends one datagram a second and hears nothing.',
    mechanism: 'udp',
    flags: connectFlags,
    start: async (values, emit) => startUdpClient({ mechanism: 'udp', ...connectOptions(values) }, emit),
  })
}
