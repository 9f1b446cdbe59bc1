/** How somebody's programs have set their sockets: asked of the kernel, through a duplicate of each descriptor. */
import type { Host } from '../hosts/host.ts'
import { openSocketReader, readForeignProcess } from '../kernel/foreign-process.ts'
import type { TcpReading } from '../kernel/socket-options.ts'
import type { SocketTableEntry } from '../kernel/socket-table.ts'
import type { Rig } from '../rig/rig.ts'

/** Of one process; who has more of them is no program for two hosts. */
const DESCRIPTORS_MAX = 10_000

/** A connection of a host that a process under test holds, as its kernel has it and as that process has set it. */
export interface HeldConnection {
  connection: SocketTableEntry & { groupId?: string }
  reading: TcpReading
}

/** Each connection between the hosts that a process of this one holds. */
export function heldConnections(rig: Rig, host: Host): HeldConnection[] {
  const open = new Map(
    (rig.look(host)?.connections ?? []).flatMap((one) =>
      one.groupId === undefined || one.inode === 0 ? [] : [[one.inode, one] as const],
    ),
  )
  const held: HeldConnection[] = []
  for (const pid of rig.processesUnderTest(host)) {
    for (const [inode, fd] of socketsOf(pid)) {
      const connection = open.get(inode)
      if (connection === undefined) continue
      const reader = openSocketReader({ pid, thread: pid })
      if ('problem' in reader) continue
      const reading = reader.read(inode, fd)
      reader.close()
      if (reading === null) continue
      held.push({ connection, reading })
      // Several processes may hold one socket.
      open.delete(inode)
    }
  }
  return held
}

/** Logs options and TCP_INFO of each. */
export function observeSockets(rig: Rig, host: Host): void {
  const emit = rig.emitterOf(host, 'kernel')
  for (const { connection, reading } of heldConnections(rig, host)) {
    const { local, remote, groupId } = connection
    emit('kernel:options_read', { local, remote, ...reading.options }, groupId)
    emit('kernel:tcp_info_read', reading.info, groupId)
  }
}

export function socketsOf(pid: number): ReadonlyMap<number, number> {
  try {
    return readForeignProcess(pid, DESCRIPTORS_MAX).sockets
  } catch {
    // It ended, or is not ours to look at: what its kernel's table tells has to do.
    return new Map()
  }
}
