/**
 * Tier `process`: both hosts are plain processes on loopback. Works on every system and needs no rights,
 * but has no cable: nothing here can be cut, powered off or rebooted. A telephone exchange is a program at ports.
 */
import { type HostSide, hostName } from '../events/host-names.ts'
import type { OfficeSettings } from '../wire/office.ts'
import { execute } from './commands.ts'
import type { Host, Hosts, Middle } from './host.ts'
import type { LoopbackOffices, OfficePorts } from './loopback-offices.ts'

const LOOPBACK = '127.0.0.1'

/**
 * The hosts of this tier.
 * @param startOffices starts the process that is the exchanges, once the first is wanted
 */
export async function processHosts(startOffices: () => Promise<LoopbackOffices>): Promise<Hosts> {
  const commandPrefix = await diesWithItsParent()
  let offices: Promise<LoopbackOffices> | null = null
  const exchanges = new Set<string>()
  const host = (pair: string, side: HostSide, ports: OfficePorts | null): Host => ({
    name: hostName(pair, side),
    pair,
    address: LOOPBACK,
    address6: null,
    commandPrefix,
    ...(ports === null ? {} : { office: officeAt(ports[side]) }),
    incarnation: 0,
    process: null,
  })
  return {
    tier: 'process',
    network: null,
    missingFor,
    async bootPair(wish) {
      const { name, middle = 'switch', ...more } = typeof wish === 'string' ? { name: wish } : wish
      const missing = missingFor(middle)
      if (missing !== null) throw new Error(`Pair ${name} cannot have a ${middle}: ${missing}`)
      const ports = 'exchange' in more ? await open(name, more.exchange) : null
      return { name, a: host(name, 'a', ports), b: host(name, 'b', ports) }
    },
    async countExchange({ name }) {
      if (!exchanges.has(name)) throw new RangeError(`Pair ${name} was not made with an exchange`)
      await (await offices)?.count(name)
    },
    async close() {
      await (await offices)?.stop()
    },
  }

  async function open(name: string, settings: OfficeSettings): Promise<OfficePorts> {
    offices ??= startOffices()
    exchanges.add(name)
    return (await offices).open(name, settings)
  }
}

function officeAt({ exchange, line }: OfficePorts['a']): NonNullable<Host['office']> {
  return { exchange: { address: LOOPBACK, port: exchange }, line: { address: LOOPBACK, port: line } }
}

/** Loopback is as good as a switch; nothing can be put into it, and an exchange is beside it. */
function missingFor(middle: Middle): string | null {
  return middle === 'switch' || middle === 'exchange' ? null : `plain processes on loopback have no ${middle}`
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
