/** What somebody asks of `npm run try`, with what they left out; and what cannot be asked together. */
import { otherRole, type Role } from '../events/host-names.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Link } from '../hosts/host.ts'
import type { Pace } from '../plan/plan.ts'
import { type ChosenFaults, chosenFaults } from './chosen-faults.ts'
import { ENDS_THE_STRUCK, isOnTheWay, type TryFault, tryFaults } from './faults.ts'
import type { Cue, Rule, Who } from './grammar.ts'
import { clientNames, isServer, SECOND } from './rows.ts'
import type { RunAs } from './run-as.ts'
import type { strikes, Wanted } from './schema.ts'

/** What is settled before a run. A `type`: it is part of a plan, which is JSON. */
export type TryRequest = ChosenFaults & {
  /** The row of the matrix: lower-case letters, digits and hyphens. */
  name: string
  server: string
  /** Runs on a third host, and is struck by no fault: somebody to go to; null: there is none. */
  secondServer: string | null
  clients: string[]
  strike: Role[]
  /** What the way between the hosts is like for the whole run; null: it takes no time and loses nothing. */
  link: Link | null
  /** They talk through a WireGuard tunnel, and know no other addresses than those inside. */
  tunnel: boolean
  expect: Rule[]
  /** As regular expressions; null: not given. `down`: the peer is gone; `up`: served again. */
  ready: string | null
  serverReady: string | null
  /** null: the fault strikes a moment after they talk. */
  strikeAfter: Cue | null
  down: string | null
  up: string | null
  watchMs: number
  recoverMs: number
  settleMs: number
  connectWithinMs: number
  pace: Pace
  /** As paths under /proc/sys. */
  sysctls: Record<string, string>
  /** Runs on a third host, from when the fault has struck; null: nobody comes later. */
  later: string | null
  /** Runs on the server's host, at the end of the watch; null: nobody is asked. */
  ask: string | null
  family: Family
  allowOutside: boolean
  /** This machine's loopback counts as outside. */
  allowLoopback: boolean
  /** Each host has a TUN device that the programs may open. */
  allowTun: boolean
}

/** By which version of IP they are to talk. */
export type Family = 4 | 6

/** What the runner needs to know beside the plan. */
export type TrySettings = TryRequest & {
  runAs: RunAs
  /** The person's working directory. */
  folder: string
  /** So many pairs of hosts at once. */
  atOnce: number
}

/** Long enough for a keepalive of some seconds, and short enough to wait for. */
const WATCH_MS = 30_000
const RECOVER_MS = 10_000
/** After they have begun to talk: what belongs to the beginning is over. */
const SETTLE_MS = 1000
const CONNECT_WITHIN_MS = 15_000
/** @throws UsageError where what is wanted contradicts itself */
export function requestOf(wanted: Wanted): TryRequest {
  const settleMs = wanted.settle ?? SETTLE_MS
  const chosen = chosenFaults(wanted.faults, wanted['strike-after'] === undefined ? settleMs : 0)
  const expect = wanted.expect ?? []
  const idle = expect.find(({ fault }) => !chosen.faults.includes(fault))
  if (idle !== undefined) {
    throw new UsageError(
      `--expect ${idle.text}: the fault is not among --faults ${chosen.faults.join(',')}; add it there`,
    )
  }
  const [server = '', secondServer = null] = [wanted.server].flat()
  if (secondServer !== null) checkFaults(chosen.faults)
  const strike = wanted.strike ?? 'server'
  const clients = [wanted.client].flat()
  for (const rule of expect) if ('who' in rule) checkWho(rule, clients, strike, secondServer !== null)
  const watchMs = wanted.watch ?? WATCH_MS
  const recoverMs = wanted.recover ?? RECOVER_MS
  for (const one of expect) {
    // Who has a second server to go to need not wait for the mending.
    const isAfter = one.kind === 'recovers' && secondServer === null
    const limitMs = isAfter ? recoverMs : watchMs
    if ('withinMs' in one && one.withinMs > limitMs) {
      const option = isAfter ? '--recover' : '--watch'
      throw new UsageError(
        `--expect ${one.text}: it is watched for ${limitMs / 1000} s only; raise ${option} to ${one.withinMs / 1000}s`,
      )
    }
  }
  if (wanted.settle !== undefined && wanted['strike-after'] !== undefined) {
    throw new UsageError('--settle and --strike-after each say when the fault strikes; leave one of them out')
  }
  const family = wanted.family === '6' ? 6 : 4
  if (family === 6 && chosen.faults.includes('nat-forgets')) {
    throw new UsageError('--family 6: the router of nat-forgets translates IPv4 alone; leave one of them out')
  }
  const { link, isTunnel } = wanted.link ?? { link: null, isTunnel: false }
  if (isTunnel) checkTunnel(chosen.faults, family, secondServer ?? wanted.later ?? null)
  const allowLoopback = wanted['allow-loopback'] ?? false
  return {
    name: wanted.name ?? nameOf(server),
    server,
    secondServer,
    clients,
    ...chosen,
    strike: strike === 'both' ? ['server', 'client'] : [strike],
    link,
    tunnel: isTunnel,
    expect,
    ready: wanted.ready ?? null,
    serverReady: wanted['server-ready'] ?? null,
    strikeAfter: wanted['strike-after'] ?? null,
    down: wanted.down ?? null,
    up: wanted.up ?? null,
    watchMs,
    recoverMs,
    settleMs,
    connectWithinMs: wanted['connect-within'] ?? CONNECT_WITHIN_MS,
    pace: wanted.pace ?? 'real',
    sysctls: Object.fromEntries(Object.entries(wanted.sysctl ?? {}).map(settingOf)),
    later: wanted.later ?? null,
    ask: wanted.ask ?? null,
    family,
    allowOutside: wanted['allow-outside'] === true || allowLoopback,
    allowLoopback,
    allowTun: wanted['allow-tun'] ?? false,
  }
}

/** What looks for TCP between the hosts finds none there. */
const NOT_THROUGH_TUNNEL: readonly TryFault[] = ['after-bytes', 'lb-forgets', 'reset']

/** @throws UsageError where something would not be in the tunnel, or could not strike what is in it */
function checkTunnel(chosen: readonly TryFault[], family: Family, third: string | null): void {
  const blind = chosen.find((fault) => NOT_THROUGH_TUNNEL.includes(fault))
  if (blind !== undefined) {
    throw new UsageError(
      `--link wireguard: ${blind} looks for TCP between the hosts, and there are only the datagrams of the tunnel; leave one of them out`,
    )
  }
  if (third !== null || family === 6) {
    throw new UsageError(
      `--link wireguard: inside are two hosts with an IPv4 address each; leave out ${third === null ? '--family 6' : 'the third host'}`,
    )
  }
}

/** @throws UsageError where one would strike the second server, too */
function checkFaults(chosen: readonly TryFault[]): void {
  const wrong = chosen.find((fault) => isOnTheWay(fault))
  if (wrong === undefined) return
  throw new UsageError(
    `--faults ${wrong}: it is on the way to both servers, and nobody could go to the second one; leave it out, or the second --server`,
  )
}

/** @throws UsageError where a rule names a row that there is not, or one that could notice nothing */
function checkWho(
  { text, who, kind, fault }: Extract<Rule, { who: Who }>,
  clients: readonly string[],
  strike: (typeof strikes)[number],
  hasSecond: boolean,
): void {
  const role = isServer(who) ? 'server' : who.startsWith('client') ? 'client' : null
  if (role === 'client' && !clientNames(clients).includes(who)) {
    throw new UsageError(
      `--expect ${text}: there is no ${who}; the clients are ${clientNames(clients).join(', ')}`,
    )
  }
  if (who === SECOND && !hasSecond) {
    throw new UsageError(`--expect ${text}: there is no ${who}; give --server twice`)
  }
  if (kind !== 'recovers' && who !== SECOND && role === strike && ENDS_THE_STRUCK.includes(fault)) {
    throw new UsageError(
      `--expect ${text}: ${fault} ends the ${role} itself, which then notices nothing; leave out "@${who}", or try --strike ${otherRole(role)}`,
    )
  }
  if (kind === 'recovers' && role === 'server') {
    throw new UsageError(`--expect ${text}: only clients are served; leave out "@${who}"`)
  }
}

/** `net.ipv4.tcp_retries2` and `net/ipv4/tcp_retries2` are the same; others are not a host's own. */
function settingOf([name, value]: [string, string]): [path: string, value: string] {
  const path = name.includes('/') ? name : name.replaceAll('.', '/')
  if (!/^net(\/[\w-]+)+$/.test(path)) {
    throw new UsageError(`--sysctl ${name}: a host has settings of its own only under net.`)
  }
  if (!/^[\w. -]{1,100}$/.test(value)) {
    throw new UsageError(`--sysctl ${name}: "${value}" is no value; expected a number or words`)
  }
  return [path, value]
}

/** The program of a command, as far as it makes a name: `redis-server`. */
function nameOf(command: string): string {
  const words = command.trim().split(/\s+/)
  const program = words.find((word) => !/^(exec|env|sudo)$|=/.test(word)) ?? ''
  const name = (program.split('/').at(-1) ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z\d-]/g, '-')
    .slice(0, 30)
  const isTaken = (tryFaults as readonly string[]).includes(name)
  return /^[a-z]/.test(name) && !isTaken ? name : 'program'
}
