/** Which client holds which connection, or sends which datagrams: in /proc each process shows its sockets and its environment. */
import { readFileSync } from 'node:fs'
import type { Host } from '../hosts/host.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { Rig } from '../rig/rig.ts'
import { socketsOf } from './observe.ts'

/** Which row a process is of. All that it starts has it too, be it a daemon that nobody is the parent of any more. */
export const ROW_VARIABLE = 'STILLHERE_ROW'

export class Holders {
  readonly #rig: Rig
  readonly #host: Host
  /** What the group ids of its connections and datagrams begin with. */
  readonly #mechanism: string
  /** By the connection's group: the name of a row. */
  readonly #names = new Map<string, string>()
  /** Sockets whose holder was looked for and not found. */
  readonly #unknown = new Set<number>()

  constructor(rig: Rig, host: Host, mechanism: string) {
    this.#rig = rig
    this.#host = host
    this.#mechanism = mechanism
  }

  /** The name of the row that was seen to hold a connection. */
  of(groupId: string): string | undefined {
    return this.#names.get(groupId)
  }

  /** Whether a row was seen to hold any. */
  has(name: string): boolean {
    return [...this.#names.values()].includes(name)
  }

  /** Logs who holds what is new in the host's table. */
  look(): void {
    const { connections = [], datagramSockets = [] } = this.#rig.look(this.#host) ?? {}
    const all = [
      ...connections,
      ...datagramSockets.map(({ inode, local }) => ({
        inode,
        groupId: `${this.#mechanism}:${portOf(local)}`,
      })),
    ]
    const fresh = new Map(
      all.flatMap(({ inode, groupId }) =>
        groupId === undefined || inode === 0 || this.#names.has(groupId) || this.#unknown.has(inode)
          ? []
          : [[inode, groupId] as const],
      ),
    )
    if (fresh.size === 0) return
    for (const pid of this.#rig.processesUnderTest(this.#host)) {
      const held = [...socketsOf(pid).keys()].filter((inode) => fresh.has(inode))
      const name = held.length === 0 ? null : rowOf(pid)
      if (name === null) continue
      for (const inode of held) {
        const groupId = fresh.get(inode) ?? ''
        this.#names.set(groupId, name)
        this.#rig.emitterOf(this.#host, name)('command:holds', { processId: pid }, groupId)
        fresh.delete(inode)
      }
    }
    for (const inode of fresh.keys()) this.#unknown.add(inode)
  }
}

function rowOf(pid: number): string | null {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    const own = variables.find((one) => one.startsWith(`${ROW_VARIABLE}=`))
    return own?.slice(ROW_VARIABLE.length + 1) ?? null
  } catch {
    // It ended, or is not ours to look at.
    return null
  }
}
