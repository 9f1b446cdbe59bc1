/**
 * `--allow-tun`: a TUN device on each of the two hosts, for a VPN of somebody's. To make one needs CAP_NET_ADMIN, which
 * no tried program has; but one that is there may be opened by its owner (TUNSETOWNER in Linux's
 * Documentation/networking/tuntap.rst). So the lab makes it, with its address, and gives it away.
 */
import { statSync } from 'node:fs'
import { UsageError } from '../foreign/usage.ts'
import { run } from '../hosts/commands.ts'
import type { Host, Pair } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'

const DEVICE_FILE = '/dev/net/tun'
/** Of that file (Linux's Documentation/admin-guide/devices.txt). */
const MAJOR_MINOR = ['10', '200']
const EVERYBODY_MAY = 0o006
const NAME = 'tun0'
/** At the client's host and the server's, each the other's peer. */
const ADDRESSES = { a: '10.255.0.1', b: '10.255.0.2' }
const OWN_FILE = '/run/tun'

/**
 * Sees to it that programs may open the device file: as root by one of the run's own, in its own mounts.
 * @throws UsageError that says what to do where they may not
 */
export async function openTunFile(rig: Rig, isRoot: boolean): Promise<void> {
  const mode = modeOf(DEVICE_FILE)
  if (mode === null) {
    throw new UsageError(
      `--allow-tun: there is no ${DEVICE_FILE} here; as root: modprobe tun (a container is given it by --device ${DEVICE_FILE})`,
    )
  }
  if ((mode & EVERYBODY_MAY) === EVERYBODY_MAY) return
  if (!isRoot) {
    throw new UsageError(
      `--allow-tun: ${DEVICE_FILE} is root's alone here; as root: chmod 666 ${DEVICE_FILE}, which udev does elsewhere`,
    )
  }
  await run(['mknod', '-m', '666', OWN_FILE, 'c', ...MAJOR_MINOR], rig.emit)
  await run(['mount', '--bind', OWN_FILE, DEVICE_FILE], rig.emit)
}

function modeOf(path: string): number | null {
  try {
    return statSync(path).mode
  } catch {
    return null
  }
}

/**
 * Makes the device on a host that was just started.
 * @param owner as the lab's namespace counts its users
 */
export async function makeTun(rig: Rig, pair: Pair, host: Host, owner: number): Promise<void> {
  const [own, peer] = host === pair.a ? [ADDRESSES.a, ADDRESSES.b] : [ADDRESSES.b, ADDRESSES.a]
  for (const command of [
    `tuntap add dev ${NAME} mode tun user ${owner}`,
    `addr add ${own} peer ${peer} dev ${NAME}`,
    `link set ${NAME} up`,
  ]) {
    await rig.run(host, ['ip', ...command.split(' ')])
  }
}
