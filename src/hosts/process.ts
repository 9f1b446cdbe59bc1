/**
 * Tier `process`: both hosts are plain processes on loopback. Works on every system and needs no rights,
 * but has no cable: nothing here can be cut, powered off or rebooted.
 */
import { type HostSide, hostName } from '../events/host-names.ts'
import { execute } from './commands.ts'
import type { Host, Hosts, Middle } from './host.ts'

const LOOPBACK = '127.0.0.1'

/** The hosts of this tier. */
export async function processHosts(): Promise<Hosts> {
  const commandPrefix = await diesWithItsParent()
  const host = (pair: string, side: HostSide): Host => ({
    name: hostName(pair, side),
    pair,
    address: LOOPBACK,
    address6: null,
    commandPrefix,
    incarnation: 0,
    process: null,
  })
  return {
    tier: 'process',
    network: null,
    missingFor,
    async bootPair(wish) {
      const { name, middle = 'switch' } = typeof wish === 'string' ? { name: wish } : wish
      const missing = missingFor(middle)
      if (missing !== null) throw new Error(`Pair ${name} cannot have a ${middle}: ${missing}`)
      return { name, a: host(name, 'a'), b: host(name, 'b') }
    },
  }
}

/** Loopback is as good as a switch; nothing else can be put into it. */
function missingFor(middle: Middle): string | null {
  return middle === 'switch' ? null : `plain processes on loopback have no ${middle}`
}

/**
 * On Linux the kernel itself ends a child whose parent has died, even a frozen one. Elsewhere a host's
 * process ends when its IPC channel closes, which a frozen one does only once it is continued.
 */
async function diesWithItsParent(): Promise<string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'KILL']
  if (process.platform !== 'linux') return []
  const tried = await execute([...prefix, 'true'])
  return tried.status === 0 ? prefix : []
}
