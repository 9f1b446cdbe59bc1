/** Looks at what a host's kernel holds of some ports, as ss(8) would show it, and logs it. */
import type { Host } from '../hosts/host.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { Rig } from './rig.ts'

/**
 * Logs the connections and UDP sockets of these local ports, for a row; nothing where there is no table to read.
 * Hosts on loopback share theirs with the whole machine, so that only ports tell what is whose.
 */
export function readSockets(rig: Rig, host: Host, row: string, ports: readonly number[]): void {
  const look = rig.look(host)
  if (look === null) return
  const isOurs = ({ local }: { local: string }) => ports.includes(portOf(local))
  rig.emitterOf(host, 'kernel')('kernel:sockets_read', {
    mechanism: row,
    connections: look.connections.filter(isOurs).map(({ local, remote, socket }) => ({
      local,
      remote,
      state: socket.state,
    })),
    datagramSockets: look.datagramSockets.filter(isOurs).map(({ local, remote }) => ({ local, remote })),
  })
}
