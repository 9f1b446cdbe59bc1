/**
 * Tier `netns`: each host is a network namespace with its own kernel tables, each pair has a switch (a
 * bridge) of its own. Needs iproute2, and must run inside namespaces of the lab's own (`launch.ts`), so
 * that an ordinary user may build it and everything vanishes with the lab's processes.
 *
 *        cut-a                     switch                      cut-b
 *   +--------------+        +------------------+        +--------------+
 *   | 10.0.6.1     |        |      sw-cut      |        |     10.0.6.2 |
 *   |         eth0 +--------+ cut-a      cut-b +--------+ eth0         |
 *   +--------------+        +------------------+        +--------------+
 *
 * A switch port is named after the host at its other end.
 */
import { existsSync, writeFileSync } from 'node:fs'
import type { EventLog } from '../events/emit.ts'
import { type HostSide, hostName } from '../events/host-names.ts'
import { ipBatch, run } from './commands.ts'
import type { Host, Hosts, Network, Pair } from './host.ts'

/**
 * Host tables are made with so few buckets; the shared table has hundreds of thousands, all of which a
 * reader of /proc/net/tcp would walk each time.
 */
const SOCKET_TABLE_BUCKETS = 64

/** A kernel hands many segments as one to a card that can cut them; captures would show 40 kB "packets". */
const ONE_SEGMENT = 'gso_max_segs 1'

interface NetnsHost extends Host {
  /** Locally administered, and the address in hexadecimal: 10.0.6.2 is 02:00:0a:00:06:02. */
  readonly mac: string
}

/**
 * The hosts of this tier.
 * @param sysctls settings under /proc/sys that each host gets, such as `{'net/ipv4/tcp_retries2': '2'}`
 * @param onWired called when a host has its network card and before that is up: nothing has passed yet
 */
export async function netnsHosts(
  sysctls: Record<string, string>,
  log: EventLog,
  onWired: (host: Host) => Promise<void>,
): Promise<Hosts> {
  const emit = log.emitter('lab')
  // `ip netns` keeps its names in /run/netns; ours must not meet those of the machine.
  await run(['mount', '-t', 'tmpfs', 'none', '/run'], emit)
  // The old /sys shows the network cards of the namespace it was mounted from.
  await run(['mount', '-t', 'sysfs', 'none', '/sys'], emit)
  // The switches themselves have nothing to say; their captures would be full of it.
  trySysctl('net/ipv6/conf/default/disable_ipv6', '1')
  trySysctl('net/ipv4/tcp_child_ehash_entries', String(SOCKET_TABLE_BUCKETS))

  const hosts = new Map<string, NetnsHost>()
  const known = (host: Host): NetnsHost => {
    const found = hosts.get(host.name)
    if (found === undefined) throw new RangeError(`No host "${host.name}" in this network`)
    return found
  }

  async function boot(host: NetnsHost): Promise<void> {
    const { name, pair, address, mac } = host
    await ipBatch(
      [
        `netns add ${name}`,
        `link add name ${name} ${ONE_SEGMENT} type veth peer name eth0 ${ONE_SEGMENT} address ${mac} netns ${name}`,
        `link set ${name} master sw-${pair} up`,
      ],
      emit,
    )
    await onWired(host)
    // Before the card is up: IPv6 would announce itself at once.
    const settings = Object.entries({ 'net/ipv6/conf/all/disable_ipv6': '1', ...sysctls })
      .filter(([path]) => existsSync(`/proc/sys/${path}`))
      .map(([path, value]) => `echo ${value} >/proc/sys/${path}`)
    await run([...host.commandPrefix, 'sh', '-c', settings.join(' && ')], emit)
    await ipBatch([`link set lo up`, `addr add ${address}/24 dev eth0`, `link set eth0 up`], emit, host)
    log.emitter('lab', host)('host:started', { address, pair })
  }

  async function bootPair(name: string, index: number): Promise<Pair> {
    const host = (side: HostSide, last: number): NetnsHost => ({
      name: hostName(name, side),
      pair: name,
      address: `10.0.${index + 1}.${last}`,
      mac: `02:00:0a:00:${hex(index + 1)}:${hex(last)}`,
      commandPrefix: ['ip', 'netns', 'exec', hostName(name, side)],
      incarnation: 0,
      process: null,
    })
    const a = host('a', 1)
    const b = host('b', 2)
    await ipBatch([`link add name sw-${name} type bridge mcast_snooping 0`, `link set sw-${name} up`], emit)
    for (const each of [a, b]) {
      hosts.set(each.name, each)
      await boot(each)
    }
    return { name, a, b }
  }

  const network: Network = {
    async unplug(host) {
      await ipBatch([`link set ${known(host).name} nomaster`], emit)
    },
    async plug(host) {
      await ipBatch([`link set ${known(host).name} master sw-${host.pair}`], emit)
    },
    isPlugged: (host) => existsSync(`/sys/class/net/${known(host).name}/master`),
    async reboot(host) {
      await ipBatch([`netns del ${known(host).name}`], emit)
      // Its cable goes when the namespace is really gone, a moment after its name: pull it out now.
      await ipBatch([`link del ${host.name}`], emit).catch(() => {})
      await boot(known(host))
    },
  }

  return { tier: 'netns', network, bootPairs: (names) => Promise.all(names.map(bootPair)) }
}

/**
 * How a person cuts and mends a host's cable from another terminal.
 * @param runnerPid the lab's runner, which lives where the switches are, as that terminal sees it
 * @param asRoot the runner is no user namespace's root but the machine's
 */
export function cableByHand(
  host: { name: string; pair: string },
  runnerPid: number,
  asRoot: boolean,
): { cut: string; mend: string } {
  const user = asRoot ? '' : '--preserve-credentials --user '
  const inside = `nsenter ${user}--net -t ${runnerPid} ip link set ${host.name}`
  return { cut: `${inside} nomaster`, mend: `${inside} master sw-${host.pair}` }
}

/** Writes a setting of this namespace where the kernel has it and lets us. */
function trySysctl(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${path}`, value)
  } catch {
    // Older kernels lack it. The lab reads tables less often then, and says so.
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
