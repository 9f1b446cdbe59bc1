/** Whether two hosts have begun to talk, as their kernels have it. */
import type { TcpState } from '../events/vocabulary.ts'
import { addressesOf, type Host } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'
import { withoutPort } from '../wire/ip.ts'

/** So far only one side has spoken. */
const UNANSWERED: readonly TcpState[] = ['SYN-SENT', 'SYN-RECEIVED']

/** Whether a host has a connection with another, or had one: a short one is seen by what it leaves behind (TIME-WAIT). */
export function hasConnectionWith(rig: Rig, host: Host, peer: Host): boolean {
  const addresses = addressesOf(peer)
  return (
    rig
      .look(host)
      ?.connections.some(
        ({ remote, socket }) => addresses.includes(withoutPort(remote)) && !UNANSWERED.includes(socket.state),
      ) === true
  )
}
