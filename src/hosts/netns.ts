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
 * A switch port is named after the host at its other end. Instead of the switch there can be a cable that
 * is a program (src/processes/cable.ts), a router with a switch on each side (router.ts), or a switch, hub or access
 * point that is a program (src/processes/switch.ts), with a third host. Where the way is to take time or to lose frames by nature,
 * a cable stands in place of the switch, or of the router's on side a. A third host that is wished for is at the
 * switch of b, which then is there in any case. Where there are to be two ways, two more hosts are the routers on
 * them. Who has which name, address and switch is in pair-map.ts and two-paths.ts.
 */
import { existsSync, writeFileSync } from 'node:fs'
import type { EventLog } from '../events/emit.ts'
import type { HostSide } from '../events/host-names.ts'
import type { CableProcess } from '../kernel/cable/cable-process.ts'
import { libcProblem } from '../kernel/libc.ts'
import type { SwitchKind } from '../kernel/switch/messages.ts'
import type { SwitchProcess } from '../kernel/switch/switch-process.ts'
import { missingFirewall, missingIpv6 } from './capabilities.ts'
import { ipBatch, run } from './commands.ts'
import {
  type CardName,
  type Forwarder,
  type Host,
  type Hosts,
  type Link,
  type Middle,
  type Network,
  type Pair,
  type PairWish,
  plainLink,
} from './host.ts'
import { type NetnsHost, pairMap } from './pair-map.ts'
import { bootRouter, type Router, settingsIn } from './router.ts'
import { twoPathsMap } from './two-paths.ts'

/**
 * Host tables are made with so few buckets; the shared table has hundreds of thousands, all of which a
 * reader of /proc/net/tcp would walk each time.
 */
const SOCKET_TABLE_BUCKETS = 64

/** A kernel hands many segments as one to a card that can cut them; captures would show 40 kB "packets". */
const ONE_SEGMENT = 'gso_max_segs 1'

/** A pair that has a cable which is a program. */
interface Cabled {
  process: CableProcess
  /** Interfaces of the run's own namespace. */
  ends: { a: string; b: string; link: Link }
  /** Hosts. */
  unplugged: Set<string>
}

/** Whoever looks at the packets of the hosts. */
export interface Watcher {
  wired(host: Host, cards: readonly CardName[]): Promise<void>
  translated(addresses: Record<string, string>): Promise<void>
}

/** Starts the processes that are between hosts, once the first of either is wanted. */
export interface Starters {
  cables(): Promise<CableProcess>
  switches(): Promise<SwitchProcess>
}

/**
 * The hosts of this tier.
 * @param sysctls settings under /proc/sys that each host gets, such as `{'net/ipv4/tcp_retries2': '2'}`
 * @param watcher `wired` is called when a host has its network cards and before they are up: nothing has
 *   passed yet; `translated` when a router shows one address as another
 */
export async function netnsHosts(
  sysctls: Record<string, string>,
  log: EventLog,
  watcher: Watcher,
  start: Starters,
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

  let cables: Promise<CableProcess> | null = null
  const cabled = new Map<string, Cabled>()
  let switches: Promise<SwitchProcess> | null = null
  /** By pair, where its switch or hub is a program: connects it, or connects it anew. */
  const switched = new Map<string, () => Promise<void>>()
  const routers = new Map<string, Router>()

  async function boot(host: NetnsHost, isWatched = true): Promise<void> {
    const { pair, address, address6 } = host
    await wire(host)
    const cards = host.cards.map((card) => card.name)
    if (isWatched) await watcher.wired(host, cards)
    const withinMs = await bringUp(host)
    const own = { address, ...(address6 === null ? {} : { address6 }) }
    log.emitter('lab', host)('host:started', { ...own, pair, withinMs })
  }

  /** A router of two ways: a host on which no program runs, and whose packets are those of a and b. */
  async function bootForwarder(host: NetnsHost & Forwarder): Promise<void> {
    await wire(host)
    await bringUp(host)
    const here = [...host.commandPrefix, 'sh', '-c', "cd /proc/sys && grep '' net/ipv4/ip_forward /dev/null"]
    const inForce = settingsIn(await run(here, emit))
    const { name: router, address: inside, outside } = host
    emit('router:started', { router, inside, outside, rules: '', sysctls: inForce })
  }

  async function wire({ name, cards }: NetnsHost): Promise<void> {
    const wired = cards.flatMap(({ name: card, port, mac, switchName }) => [
      `link add name ${port} ${ONE_SEGMENT} type veth peer name ${card} ${ONE_SEGMENT} address ${mac} netns ${name}`,
      `link set ${port} ${switchName === null ? '' : `master ${switchName} `}up`,
    ])
    await ipBatch([`netns add ${name}`, ...wired], emit)
  }

  /** @returns how long it took: a card is up since some moment of that time */
  async function bringUp(host: NetnsHost): Promise<number> {
    const { address, address6, cards, isAddressApart, routes } = host
    // Before the cards are up: IPv6 would announce itself at once.
    const settings = Object.entries({ ...sysctls, ...host.sysctls })
      // Of a card of the host's: here is none, but a setting that lo has it has too.
      .filter(([path]) => existsSync(`/proc/sys/${path.replace(/\/eth\d\//, '/lo/')}`))
      .map(([path, value]) => `echo ${value} >/proc/sys/${path}`)
    await run([...host.commandPrefix, 'sh', '-c', settings.join(' && ')], emit)
    const began = performance.now()
    await ipBatch(
      [
        `link set lo up`,
        ...(isAddressApart ? [`addr add ${address}/32 dev lo`] : []),
        ...cards.map((card) => `addr add ${card.address} dev ${card.name}`),
        // Without an address of the link's own it asks for no router, and the other one is there at once.
        ...(host.hasIpv6 ? ['link set eth0 addrgenmode none'] : []),
        ...(address6 === null ? [] : [`addr add ${address6}/64 dev eth0 nodad`]),
        ...cards.map((card) => `link set ${card.name} up`),
        ...routes.map((route) => `route add ${route}`),
      ],
      emit,
      host,
    )
    return performance.now() - began
  }

  function missingFor(middle: Middle): string | null {
    if (middle === 'switch') return null
    return middle === 'router' ? missingFirewall() : libcProblem()
  }

  let made = 0
  async function bootPair(wish: PairWish): Promise<Pair> {
    const wished: Exclude<PairWish, string> = typeof wish === 'string' ? { name: wish } : wish
    const { name, middle = 'switch' } = wished
    if (wished.middle === 'two-paths') return bootTwoPaths(wished)
    const { link = null } = 'link' in wished ? wished : {}
    for (const part of [middle, ...(link === null ? [] : ['cable' as const])]) {
      const missing = missingFor(part)
      if (missing !== null) throw new Error(`Pair ${name} cannot have a ${part}: ${missing}`)
    }
    made += 1
    const { a, b, c, bridges, hasCable, gateways } = pairMap(wished, made, missingIpv6() === null)
    const all = [a, b, ...(c === null ? [] : [c])]
    await makeBridges(bridges)
    const isWatched = !('uncaptured' in wished)
    for (const each of all) {
      hosts.set(each.name, each)
      await boot(each, isWatched)
    }
    if (gateways !== null) {
      const place = {
        name: `${name}-router`,
        inside: gateways.a,
        outside: gateways.b,
        switches: { a: switchOf(a), b: switchOf(b) },
        ports: { a: routerPort(name, 'a'), b: routerPort(name, 'b') },
      }
      const settings = 'router' in wished ? (wished.router ?? {}) : {}
      routers.set(name, await bootRouter(place, settings, ONE_SEGMENT, emit))
      await watcher.translated({ [a.address]: gateways.b })
    }
    const kind = switchKindOf(wished, all)
    if (kind !== null) {
      switches ??= start.switches()
      const process = await switches
      const ports = all.map((each) => each.name)
      const connect = () => process.connect(name, ports, kind)
      await connect()
      switched.set(name, connect)
    }
    if (hasCable) await connectCable(name, { a: a.name, b: await farEnd(b, middle), link: link ?? plainLink })
    return { name, a, b, ...(c === null ? {} : { c }), ...(link === null ? {} : { link }) }
  }

  async function bootTwoPaths(wished: Extract<PairWish, { middle: 'two-paths' }>): Promise<Pair> {
    const { name, slowerMs } = wished
    const missing = missingFor('two-paths')
    if (missing !== null) throw new Error(`Pair ${name} cannot have two paths: ${missing}`)
    made += 1
    const { a, b, p, q, bridges, cableEnds } = twoPathsMap(name, made, slowerMs !== undefined)
    await makeBridges(bridges)
    for (const each of [a, b, p, q]) hosts.set(each.name, each)
    for (const each of [p, q]) await bootForwarder(each)
    for (const each of [a, b]) await boot(each)
    if (cableEnds !== null)
      await connectCable(name, { ...cableEnds, link: { delayMs: slowerMs ?? 0, loss: 0 } })
    return { name, a, b, routers: { p, q } }
  }

  async function makeBridges(names: readonly string[]): Promise<void> {
    for (const each of names) {
      await ipBatch([`link add name ${each} type bridge mcast_snooping 0`, `link set ${each} up`], emit)
    }
  }

  async function connectCable(pair: string, ends: Cabled['ends']): Promise<void> {
    cables ??= start.cables()
    const process = await cables
    await process.connect(pair, ends)
    cabled.set(pair, { process, ends, unplugged: new Set() })
  }

  /** The interface at which a cable that is a program ends, on the side of b. */
  async function farEnd(b: NetnsHost, middle: Middle): Promise<string> {
    const { name, pair } = b
    const switchName = switchOf(b)
    if (middle === 'router') return routerPort(pair, 'a')
    if (switchName === null) return name
    const [end, port] = [`${pair}-e0`, `${pair}-e1`]
    await ipBatch(
      [
        `link add name ${end} ${ONE_SEGMENT} type veth peer name ${port} ${ONE_SEGMENT}`,
        `link set ${port} master ${switchName} up`,
        `link set ${end} up`,
      ],
      emit,
    )
    return end
  }

  async function plug(host: Host, isPlugged: boolean): Promise<void> {
    const { name, pair, cards } = known(host)
    if (switched.has(pair)) throw new RangeError(`the cables of ${pair} cannot be pulled: use a switch`)
    const cable = cabled.get(pair)
    const ports = cards.flatMap(({ port, switchName }) =>
      switchName === null ? [] : [`link set ${port} ${isPlugged ? `master ${switchName}` : 'nomaster'}`],
    )
    if (cable === undefined || ports.length > 0) {
      await ipBatch(ports, emit)
      return
    }
    // Either end is enough to cut it.
    if (isPlugged) cable.unplugged.delete(name)
    else cable.unplugged.add(name)
    await cable.process.plug(pair, cable.unplugged.size === 0)
  }

  const network: Network = {
    unplug: (host) => plug(host, false),
    plug: (host) => plug(host, true),
    async signal(host, card, isThere) {
      const found = known(host).cards.find((one) => one.name === card)
      if (found === undefined) throw new RangeError(`${host.name} has no ${card}`)
      await ipBatch([`link set ${found.port} ${isThere ? 'up' : 'down'}`], emit)
    },
    isPlugged(host) {
      if (switched.has(host.pair)) return true
      const cable = cabled.get(host.pair)
      return cable === undefined || switchOf(known(host)) !== null
        ? existsSync(`/sys/class/net/${known(host).cards[0].port}/master`)
        : !cable.unplugged.has(host.name)
    },
    cable({ name }) {
      const cable = cabled.get(name)
      if (cable === undefined) throw new RangeError(`Pair ${name} was not made with a cable`)
      return cable.process.of(name)
    },
    router({ name }) {
      const router = routers.get(name)
      if (router === undefined) throw new RangeError(`Pair ${name} was not made with a router`)
      return router
    },
    async reboot(host) {
      const { name, pair, cards } = known(host)
      await ipBatch([`netns del ${name}`], emit)
      // Its cable goes when the namespace is really gone, a moment after its name: pull it out now.
      for (const { port } of cards) await ipBatch([`link del ${port}`], emit).catch(() => {})
      await boot(known(host))
      await switched.get(pair)?.()
      const cable = cabled.get(pair)
      if (cable === undefined || switchOf(known(host)) !== null) return
      await cable.process.connect(pair, cable.ends)
      await plug(host, true)
    },
  }

  return {
    tier: 'netns',
    network,
    missingFor,
    bootPair,
    async countExchange({ name }) {
      const process = await switches
      if (process === null) throw new RangeError(`Pair ${name} was not made with an exchange`)
      await process.count(name)
    },
    async close() {
      await (await cables)?.stop()
      await (await switches)?.stop()
    },
  }
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

/** What of a pair the process of switches has to be; null: nothing. */
function switchKindOf(wish: Exclude<PairWish, string>, all: readonly NetnsHost[]): SwitchKind | null {
  if (wish.middle === 'exchange') return { kind: wish.middle, ...wish.exchange }
  if (wish.middle === 'hub') return { kind: wish.middle }
  if (wish.middle === 'access-point') {
    return {
      kind: wish.middle,
      stations: Object.fromEntries(all.map(({ name, cards }) => [name, cards[0].mac])),
    }
  }
  if (wish.middle !== 'learning-switch') return null
  return { kind: wish.middle, ...(wish.ageingMs === undefined ? {} : { ageingMs: wish.ageingMs }) }
}

/** What the port of its first card is attached to. */
function switchOf({ cards }: NetnsHost): string | null {
  return cards[0].switchName
}

/** The other end of a router's network card, in the run's own namespace. */
function routerPort(pair: string, side: HostSide): string {
  return `${pair}-r${side}`
}

/** Writes a setting of this namespace where the kernel has it and lets us. */
function trySysctl(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${path}`, value)
  } catch {
    // Older kernels lack it. The lab reads tables less often then, and says so.
  }
}
