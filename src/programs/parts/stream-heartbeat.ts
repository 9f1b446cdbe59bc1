/** The heartbeat on a TCP stream, whoever opened the connection: lines out, lines in, until it is over. */
import type * as net from 'node:net'
import type { Emitter } from '../../events/emit.ts'
import type { HeartbeatTiming } from '../../protocols/heartbeat/constants.ts'
import { formatLine, formatRefusal, LineReader } from '../../protocols/heartbeat/message.ts'
import type { PeerBelief } from './belief.ts'
import { Heartbeat } from './heartbeat.ts'

/**
 * Begins to speak and to judge on a connection that is open. It closes nothing.
 * @param spoken called when the peer has said its first line
 */
export function startStreamHeartbeat(
  socket: net.Socket,
  timing: HeartbeatTiming,
  emit: Emitter,
  belief: PeerBelief,
  spoken?: () => void,
): Heartbeat {
  const heartbeat = new Heartbeat((message) => sendLine(socket, formatLine(message)), timing, emit, belief)
  const reader = new LineReader()
  let hasSpoken = false
  socket.on('data', (chunk) => {
    reader.push(chunk)
    for (let next = reader.next(); next !== 'incomplete'; next = reader.next()) {
      const refused = heartbeat.take(next)
      const answer = refused === null ? null : formatRefusal(refused)
      if (answer !== null) sendLine(socket, answer)
      if (hasSpoken || 'problem' in next) continue
      hasSpoken = true
      spoken?.()
    }
  })
  socket.once('end', () => {
    const cut = reader.end()
    if (cut) heartbeat.take(cut)
  })
  for (const over of ['end', 'error', 'close']) socket.once(over, () => heartbeat.stop())
  heartbeat.start()
  heartbeat.liveness.watch()
  return heartbeat
}

/**
 * After FIN, ours or the peer's, nothing can be sent any more. While a peer does not read, nothing should be: it
 * would only pile up in our memory.
 */
export function sendLine(socket: net.Socket, line: string): boolean {
  const { writable, writableNeedDrain } = socket
  if (!writable || writableNeedDrain) return false
  socket.write(line)
  return true
}
