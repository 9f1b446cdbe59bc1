/**
 * What this machine can show, found out by doing it once rather than by looking at version numbers.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ownCommand } from '../project/package.ts'
import { environmentWithSbin, execute } from './commands.ts'
import type { Tier } from './host.ts'

/** How to start a process in namespaces of its own, all of which end with it. */
export interface Isolation {
  /** Put before the command. */
  readonly commandPrefix: readonly string[]
  readonly asRoot: boolean
}

export interface Capabilities {
  readonly tier: Tier
  /** Why this tier: one sentence for the person in front. */
  readonly because: string
  /** null in the process tier, where nothing is isolated. */
  readonly isolation: Isolation | null
  /** What would make more possible, each with the command or setting that does it. */
  readonly advice: readonly string[]
}

const TOOLS = { ip: 'iproute2', ss: 'iproute2', unshare: 'util-linux', setpriv: 'util-linux', mount: 'mount' }

/** The namespaces a run lives in. Without the pid namespace a killed lab would leave its hosts behind. */
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** What the netns tier will do, in small. */
const REHEARSAL = [
  'mount -t tmpfs none /run',
  'mount -t sysfs none /sys',
  'ip netns add stillhere-try',
  'ip link add name sw-try type bridge',
  'ip link add name port-try type veth peer name eth0 netns stillhere-try',
  'ip link set port-try master sw-try up',
  'ip netns exec stillhere-try true',
].join(' && ')

/** What was found to work goes on working; what did not is tried again, since somebody may have mended it. */
let working: Capabilities | null = null

/** Tries the richest tier and settles for what works. */
export async function findCapabilities(): Promise<Capabilities> {
  const found = working ?? (await tryTiers())
  if (found.tier === 'netns') working = found
  return found
}

async function tryTiers(): Promise<Capabilities> {
  if (process.platform !== 'linux') {
    return processTier(`${process.platform} has no network namespaces`, [
      'run the lab on Linux, or in a container, to cut cables and reboot hosts',
    ])
  }
  const missing = Object.entries(TOOLS).filter(([tool]) => !isInPath(tool))
  if (missing.length > 0) {
    const tools = missing.map(([tool]) => tool).join(', ')
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ')
    return processTier(`${tools} not found`, [
      `apt-get install ${packages} (or your system's packages of that name)`,
    ])
  }
  const asRoot = process.getuid?.() === 0
  const problems: string[] = []
  for (const userNamespace of asRoot
    ? [[], ['--user', '--map-root-user']]
    : [['--user', '--map-root-user']]) {
    const commandPrefix = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...userNamespace, ...NAMESPACES]
    const { status, stderr } = await execute([...commandPrefix, 'sh', '-c', REHEARSAL])
    if (status === 0) {
      const how = userNamespace.length === 0 ? 'as root' : 'without root, in a user namespace'
      return {
        tier: 'netns',
        because: `network namespaces work here ${how}`,
        isolation: { commandPrefix, asRoot: userNamespace.length === 0 },
        advice: [],
      }
    }
    problems.push(stderr.split('\n')[0] ?? '')
  }
  return processTier(
    `network namespaces do not work here (${problems.join('; ')})`,
    adviceOnNamespaces(asRoot),
  )
}

function processTier(reason: string, advice: readonly string[]): Capabilities {
  return {
    tier: 'process',
    because: `${reason}, so hosts are plain processes on loopback`,
    isolation: null,
    advice,
  }
}

/** The settings that are known to forbid what the rehearsal does. */
function adviceOnNamespaces(asRoot: boolean): string[] {
  const advice: string[] = []
  if (readSetting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    advice.push(
      'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (AppArmor restricts user namespaces)',
    )
  }
  if (readSetting('kernel/unprivileged_userns_clone') === '0') {
    advice.push('sudo sysctl kernel.unprivileged_userns_clone=1')
  }
  if (readSetting('user/max_user_namespaces') === '0')
    advice.push('sudo sysctl user.max_user_namespaces=10000')
  if (asRoot && existsSync('/.dockerenv')) {
    advice.push(
      'give the container --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined',
    )
  }
  return advice.length > 0 ? advice : [`run the lab as root: sudo ${ownCommand('lab keepalive')}`]
}

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** What rules for packets need, `nft`: null when it is here, else what is missing and how to get it. */
export function missingFirewall(): string | null {
  return isInPath('nft') ? null : 'nft not found: apt-get install nftables'
}

/** null where hosts can have IPv6, else why not. */
export function missingIpv6(): string | null {
  return existsSync('/proc/sys/net/ipv6') ? null : 'the kernel of this machine has no IPv6'
}

/** Chromium under the names that distributions give it. */
const BROWSERS = ['chromium', 'google-chrome', 'google-chrome-stable']

/** The command of a Chromium; null where there is none. */
export function findBrowser(): string | null {
  return BROWSERS.find(isInPath) ?? null
}

/** null when a Chromium is here, else what is missing and how to get it. */
export function missingBrowser(): string | null {
  return findBrowser() === null ? 'no Chromium found: apt-get install chromium' : null
}

/** A program of others that a part of the project needs, and the rest does without. */
interface Companion {
  readonly name: string
  readonly isHere: boolean
  readonly purpose: string
  /** A command, or a page. */
  readonly howToGet: string
  /** Why it is of no use although it is here, and what to do. */
  readonly butFirst?: string
}

/** All of them, whether they are here or not. */
export function companions(): Companion[] {
  const packaged = (name: string, purpose: string, from = name, isHere = isInPath(name)): Companion => {
    return { name, isHere, purpose, howToGet: `apt-get install ${from}` }
  }
  return [
    packaged('nft', 'routers that translate and forget (lab nat), the fault reject', 'nftables'),
    packaged(
      'Chromium',
      'a real browser on a host of its own (lab websocket)',
      'chromium',
      findBrowser() !== null,
    ),
    packaged('redis-server', 'two servers that share their sessions (lab http, case shared)'),
    packaged('tshark', 'reads the *.pcapng files of a run on a terminal, as Wireshark does in a window'),
    {
      name: 'Docker',
      isHere: isInPath('docker'),
      purpose: 'containers for hosts (docker compose up)',
      howToGet: 'https://docs.docker.com/get-docker/',
      ...engineProblem(),
    },
  ]
}

/** Where the engine listens, unless DOCKER_HOST says otherwise: dockerd(8). */
const ENGINE_SOCKET = '/var/run/docker.sock'

function engineProblem(): Pick<Companion, 'butFirst'> {
  if (process.env.DOCKER_HOST !== undefined || process.platform !== 'linux') return {}
  if (!existsSync(ENGINE_SOCKET)) return { butFirst: 'no engine runs: sudo systemctl start docker' }
  try {
    accessSync(ENGINE_SOCKET, constants.W_OK)
    return {}
  } catch {
    return { butFirst: 'its engine refuses you: sudo usermod -aG docker $USER, and sign in again' }
  }
}

/** Whether a shell would find it, or root's shell. */
export function isInPath(tool: string): boolean {
  const folders = (environmentWithSbin().PATH ?? '').split(delimiter)
  return folders.some((folder) => folder !== '' && existsSync(join(folder, tool)))
}
