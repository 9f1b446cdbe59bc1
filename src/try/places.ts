/** Where somebody's programs wait to be spoken to, as the kernel of their host has it. */
import type { Host } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'

export interface ListeningPlace {
  protocol: 'TCP' | 'UDP'
  address: string
  port: number
  /** From the other host. */
  isReachable: boolean
}

/** @param ownPorts what our own processes have opened there, which is nobody's program */
export function placesOf(rig: Rig, host: Host, ownPorts: ReadonlySet<number>): ListeningPlace[] {
  const look = rig.look(host)
  const echo = `${host.address}:${host.process?.echoPort}`
  const place = (protocol: ListeningPlace['protocol']) => (address: string) => ({
    protocol,
    address,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    isReachable: isReachable(address, host),
  })
  return [
    ...[...(look?.listeners.keys() ?? [])].map(place('TCP')).filter(({ port }) => !ownPorts.has(port)),
    ...(look?.datagramSockets ?? [])
      .map(({ local }) => local)
      .filter((address) => address !== echo)
      .map(place('UDP')),
  ]
}

function isReachable(address: string, host: Host): boolean {
  // A server on :: takes IPv4 clients, too.
  return /^(0\.0\.0\.0|\[::\]):/.test(address) || address.startsWith(`${host.address}:`)
}
