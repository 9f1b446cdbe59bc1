/** Where somebody's programs wait to be spoken to, as the kernel of their host has it. */
import type { Host } from '../hosts/host.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { Rig } from '../rig/rig.ts'
import { withoutPort } from '../wire/ip.ts'
import type { Family } from './request.ts'

export interface ListeningPlace {
  protocol: 'TCP' | 'UDP'
  address: string
  port: number
  /** From the other host. */
  isReachable: boolean
}

/** The address that stands for all of a host's own. */
export const WILDCARDS: Record<Family, string> = { 4: '0.0.0.0', 6: '::' }

/** @param ownPorts what our own processes have opened there, which is nobody's program */
export function placesOf(
  rig: Rig,
  host: Host,
  family: Family,
  ownPorts: ReadonlySet<number>,
): ListeningPlace[] {
  const look = rig.look(host)
  const echo = `${host.address}:${host.process?.echoPort}`
  // A server on :: takes IPv4 clients, too.
  const reachable = family === 6 ? ['[::]', `[${host.address6}]`] : ['0.0.0.0', '[::]', host.address]
  const place = (protocol: ListeningPlace['protocol']) => (address: string) => ({
    protocol,
    address,
    port: portOf(address),
    isReachable: reachable.includes(withoutPort(address)),
  })
  return [
    ...[...(look?.listeners.keys() ?? [])].map(place('TCP')).filter(({ port }) => !ownPorts.has(port)),
    ...(look?.datagramSockets ?? [])
      .map(({ local }) => local)
      .filter((address) => address !== echo)
      .map(place('UDP'))
      .filter(({ port }) => !ownPorts.has(port)),
  ]
}
