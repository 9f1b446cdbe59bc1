/**
 * A router that translates addresses, in a namespace of its own: what stands between most homes and the
 * Internet. Host a is inside; host b, outside, sees the router's address where a is. It keeps a table of
 * connections (conntrack), which is a third belief beside those of the two ends, and forgets on its own.
 *
 *      nat-a               nat-sa               nat-router               nat-sb               nat-b
 *   +-----------+   +----------------+   +---------------------+   +----------------+   +-----------+
 *   | 10.0.6.1  |   |     switch     |   | 10.0.6.254          |   |     switch     |   |  10.1.6.2 |
 *   |      eth0 +---+ nat-a   nat-ra +---+ eth0           eth1 +---+ nat-rb   nat-b +---+ eth0      |
 *   +-----------+   +----------------+   |          10.1.6.254 |   +----------------+   +-----------+
 *                                        +---------------------+
 *
 * Needs nftables, and the connection tracking and translation of the kernel.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../events/emit.ts'
import type { RouterMapping } from '../events/vocabulary.ts'
import { parseMappings } from '../kernel/conntrack.ts'
import { CommandError, ipBatch, run } from './commands.ts'

/** What a router can be told. What is left out is as the kernel has it. */
export interface RouterSettings {
  /** An idle established TCP connection is forgotten after so long; the kernel's default is five days. */
  tcpEstablishedSeconds?: number
  /** UDP of which nothing came back yet; the kernel's default is 30 s. */
  udpSeconds?: number
  /** UDP with answers; the kernel's default is 120 s. */
  udpStreamSeconds?: number
  /**
   * Whether a segment from the middle of a connection nobody knows makes a new mapping (nf_conntrack_tcp_loose).
   * The kernel's default is true, with which a router that forgot often goes unnoticed. False: it is `invalid`.
   */
  tcpLoose?: boolean
  /** Each mapping gets a port at random instead of the client's own where that is free (the default). */
  randomPorts?: boolean
  /**
   * What happens to a packet that fits no connection and begins none. `forward` (the default): it passes
   * untranslated, and b answers RST; `drop`; `reset`: the router answers TCP with RST and drops the rest.
   */
  invalid?: 'forward' | 'drop' | 'reset'
  /**
   * What happens to packets from outside for the router itself, which is what answers from b become when
   * their mapping is gone. `answer` (the default): RST, or ICMP for UDP; `drop`.
   */
  input?: 'answer' | 'drop'
  /** It takes no longer packets to b: the MTU of its card there. The default is that of a. */
  outsideMtuBytes?: number
}

/**
 * What a router does with a segment of a connection that it has forgotten. One of no such kind learns the connection
 * anew when the segment comes from inside, as the kernel does by default.
 */
export const routerKinds = {
  /** From inside it passes untranslated, and the server answers RST; from outside the router does. */
  strict: { tcpLoose: false },
  /** The router answers RST, to either side. */
  reset: { tcpLoose: false, invalid: 'reset' },
  /** It is dropped, whoever sent it. */
  silent: { tcpLoose: false, invalid: 'drop', input: 'drop' },
} as const satisfies Record<string, RouterSettings>
export type RouterKind = keyof typeof routerKinds

export interface Router {
  /** Its namespace. */
  readonly name: string
  /** What b sees instead of a's address. */
  readonly outside: string
  /**
   * Flushes its mappings, and sees them gone.
   * @returns how many there were
   * @throws RouterError when they are still there, or cannot be seen
   */
  forget(): Promise<number>
  /** Its mappings now, also logged. @throws RouterError when this system shows them to nobody */
  mappings(): Promise<RouterMapping[]>
}

/** The router could not do it, or nothing shows that it did. */
export class RouterError extends Error {
  override name = 'RouterError'
}

/** A flush of the kernel's own is done a moment after the command that caused it. */
const FORGOTTEN_WITHIN_MS = 1000
const LOOK_EVERY_MS = 20

/** Before connection tracking, which is at priority -200 (nft(8)). */
const PAUSE = 'table ip pause { chain passing { type filter hook prerouting priority -400; policy drop; }; }'

/** Where a router is, and by which interfaces of the switches it is reached. */
export interface RouterPlace {
  name: string
  /** Its own addresses. */
  inside: string
  outside: string
  /** The two switches, and the names of its ports there; null: a cable is connected to that port. */
  switches: { a: string | null; b: string | null }
  ports: { a: string; b: string }
}

/** The rules of nft(8), as one argument. */
export function routerRules({ randomPorts = false, invalid = 'forward', input = 'answer' }: RouterSettings) {
  const onInvalid = {
    forward: '',
    drop: 'ct state invalid drop;',
    reset: 'ct state invalid meta l4proto tcp reject with tcp reset; ct state invalid drop;',
  }[invalid]
  const onInput = input === 'drop' ? 'iifname "eth1" drop;' : ''
  return [
    'table ip stillhere {',
    `chain through { type filter hook forward priority filter; ${onInvalid} };`,
    `chain itself { type filter hook input priority filter; ${onInput} };`,
    `chain outwards { type nat hook postrouting priority srcnat; oifname "eth1" masquerade ${randomPorts ? 'random' : ''}; };`,
    '}',
  ]
    .join(' ')
    .replaceAll(/ +/g, ' ')
    .replaceAll(' ;', ';')
}

/** Settings under /proc/sys. */
export function routerSysctls(settings: RouterSettings): Record<string, string> {
  const { tcpEstablishedSeconds, udpSeconds, udpStreamSeconds, tcpLoose } = settings
  const values = {
    tcp_timeout_established: tcpEstablishedSeconds,
    udp_timeout: udpSeconds,
    udp_timeout_stream: udpStreamSeconds,
    tcp_loose: tcpLoose === undefined ? undefined : Number(tcpLoose),
  }
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return {
    'net/ipv6/conf/all/disable_ipv6': '1',
    'net/ipv4/ip_forward': '1',
    ...Object.fromEntries(
      given.map(([name, value]) => [`net/netfilter/nf_conntrack_${name}`, String(value)]),
    ),
  }
}

/** What decides for how long it remembers, and whom it takes up again. */
const DECISIVE = ['tcp_loose', 'tcp_timeout_established', 'udp_timeout', 'udp_timeout_stream'].map(
  (name) => `net/netfilter/nf_conntrack_${name}`,
)

/** Makes the router between two switches that are there already. @throws CommandError */
export async function bootRouter(
  { name, inside, outside, switches, ports }: RouterPlace,
  settings: RouterSettings,
  link: string,
  emit: Emitter,
): Promise<Router> {
  const here = ['ip', 'netns', 'exec', name]
  const { outsideMtuBytes } = settings
  const rules = routerRules(settings)
  const sysctls = routerSysctls(settings)
  await ipBatch(
    [
      `netns add ${name}`,
      `link add name ${ports.a} ${link} type veth peer name eth0 ${link} netns ${name}`,
      `link add name ${ports.b} ${link} type veth peer name eth1 ${link} netns ${name}`,
      `link set ${ports.a} ${switches.a === null ? '' : `master ${switches.a} `}up`,
      `link set ${ports.b} ${switches.b === null ? '' : `master ${switches.b} `}up`,
    ],
    emit,
  )
  // First of all the rules: with them the kernel begins to track, and only then it has the settings for that.
  await run([...here, 'nft', rules], emit)
  const set = Object.entries(sysctls).map(([path, value]) => `echo ${value} >/proc/sys/${path}`)
  const readBack = `cd /proc/sys && grep '' ${[...new Set([...Object.keys(sysctls), ...DECISIVE])].join(' ')}`
  const inForce = await run([...here, 'sh', '-c', [...set, readBack].join(' && ')], emit)
  await ipBatch(
    [
      `link set lo up`,
      `addr add ${inside}/24 dev eth0`,
      `addr add ${outside}/24 dev eth1`,
      ...(outsideMtuBytes === undefined ? [] : [`link set eth1 mtu ${outsideMtuBytes}`]),
      `link set eth0 up`,
      `link set eth1 up`,
    ],
    emit,
    { name },
  )
  emit('router:started', { router: name, inside, outside, rules, sysctls: settingsIn(inForce) })

  async function read(): Promise<{ mappings: RouterMapping[]; by: string }> {
    const problems: string[] = []
    for (const by of [
      ['cat', '/proc/net/nf_conntrack'],
      ['conntrack', '-L'],
    ]) {
      try {
        return { mappings: parseMappings(await run([...here, ...by], emit)), by: by.join(' ') }
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        problems.push(error.message)
      }
    }
    throw new RouterError(
      `The router's table cannot be read; apt-get install conntrack (${problems.join('; ')})`,
    )
  }

  /** @returns how */
  async function flush(): Promise<string> {
    try {
      await run([...here, 'conntrack', '-F'], emit)
      return 'conntrack -F'
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      // Not installed. The kernel also forgets what it translated to the address of a card that goes down.
      await ipBatch(['link set eth1 down', 'link set eth1 up'], emit, { name })
      return 'eth1 down and up'
    }
  }

  return {
    name,
    outside,
    async mappings() {
      const { mappings, by } = await read()
      emit('router:mappings_read', { router: name, by, mappings })
      return mappings
    },
    async forget() {
      const { mappings } = await read()
      const held = new Set(mappings.map(identityOf))
      let by = await flush()
      if (!(await forgets(held))) by = await whileNothingPasses(flush, held)
      emit('router:forgot', { router: name, by, mappings: mappings.length })
      return mappings.length
    },
  }

  /** Whether all of these are seen to be gone. Others may have come meanwhile: whoever speaks gets a new one. */
  async function forgets(held: ReadonlySet<string>): Promise<boolean> {
    const until = performance.now() + FORGOTTEN_WITHIN_MS
    while ((await read()).mappings.some((mapping) => held.has(identityOf(mapping)))) {
      if (performance.now() > until) return false
      await delay(LOOK_EVERY_MS)
    }
    return true
  }

  /**
   * Who speaks without a pause has the same mapping again before anybody could see that it was gone. So for a moment
   * packets are dropped before the kernel tracks them; their senders send them again.
   */
  async function whileNothingPasses(act: () => Promise<string>, held: ReadonlySet<string>): Promise<string> {
    await run([...here, 'nft', PAUSE], emit)
    try {
      const by = await act()
      if (!(await forgets(held))) throw new RouterError(`${name} still has its mappings after ${by}`)
      return by
    } finally {
      await run([...here, 'nft', 'delete', 'table', 'ip', 'pause'], emit)
    }
  }
}

/** From `path:value` lines. */
export function settingsIn(lines: string): Record<string, string> {
  return Object.fromEntries(
    [...lines.matchAll(/^([^:]+):(.*)$/gm)].map(([, path = '', value = '']) => [path, value]),
  )
}

function identityOf({ protocol, source, destination, seenAs }: RouterMapping): string {
  return [protocol, source, destination, seenAs].join(' ')
}
