/** Which setting would make a connection notice, and how a program sets it. One line, for what is worst. */
import type { ConnectionFacts } from './facts.ts'
import type { Forecast } from './outlook.ts'

const HEARTBEAT = 'TCP does what it can; only a heartbeat of the program notices a frozen peer'

export function adviceFor(
  facts: ConnectionFacts,
  { idle, sending }: Pick<Forecast, 'idle' | 'sending'>,
): string {
  const { state, reading } = facts
  if (state === 'SYN-SENT') {
    return 'net.ipv4.tcp_syn_retries, TCP_USER_TIMEOUT, or a timer of the program (Node: socket.destroy())'
  }
  if (state === 'CLOSE-WAIT') {
    return 'the peer has closed, the program has not: it should close too (Node: socket.end())'
  }
  if (sending === null && idle === null) return 'nothing: the kernel ends it by itself'
  if (idle?.notices === 'never') {
    return 'it asks nobody while idle: SO_KEEPALIVE (Node: socket.setKeepAlive(true, 60_000))'
  }
  if (reading === null) return 'first read its options: as root, or as its user'
  const { keepaliveIdleMs, userTimeoutMs } = reading.options
  if (userTimeoutMs > 0) return HEARTBEAT
  const [idleMs, sendingMs] = [idle?.within?.maxMs ?? 0, sending?.within?.maxMs ?? 0]
  return idleMs > sendingMs
    ? `TCP_KEEPIDLE is ${keepaliveIdleMs / 1000} s: set it lower (Node: socket.setKeepAlive(true, 60_000))`
    : 'for what is sent: TCP_USER_TIMEOUT (not offered by Node), or net.ipv4.tcp_retries2'
}
