/** The cases of the lab, their routers, and the settings at both paces. */
import type { RouterSettings } from '../../src/hosts/router.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'
import type { LabOptions } from '../../src/lab/options.ts'
import type { Case, Conditions, Matrix, Pace } from '../../src/lab/plan.ts'

export const mechanisms = [
  'client-first',
  'server-first',
  'keepalive-below',
  'keepalive-above',
  'udp-client-first',
  'udp-server-first',
  'udp-answered',
  'tcp-idle',
  'front',
  'back',
] as const
export type NatMechanism = (typeof mechanisms)[number]

export interface NatCase extends Case {
  readonly rows: readonly NatMechanism[]
  /** null: there is no router in it. */
  readonly router: RouterSettings | null
  /** Why it is not shown at `--pace real`; null where it is. */
  readonly tooLong: string | null
}

const ROUTER = ['router'] as const
const BOTH = ['client-first', 'server-first'] as const
const FIVE_DAYS =
  'a router remembers an idle TCP connection for five days (nf_conntrack_tcp_timeout_established)'

export const natCases: readonly NatCase[] = [
  {
    id: 'naive',
    promise: 'the router forgets, and learns anew from any segment (tcp_loose=1, the default)',
    router: {},
    rows: [...BOTH, 'keepalive-above'],
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'random',
    promise: 'the same, and every mapping gets a port at random',
    router: { randomPorts: true },
    rows: BOTH,
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'strict',
    promise: 'the router forgets, and lets what it does not know pass untranslated (tcp_loose=0)',
    router: { tcpLoose: false },
    rows: BOTH,
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'reset',
    promise: 'the router forgets, and answers RST to what it does not know',
    router: { tcpLoose: false, invalid: 'reset' },
    rows: [...BOTH, 'keepalive-above'],
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'half-silent',
    promise: 'the router forgets, drops what it does not know from inside, and refuses it from outside',
    router: { tcpLoose: false, invalid: 'drop' },
    rows: BOTH,
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'silent',
    promise: 'the router forgets, and drops what it does not know from either side without a word',
    router: { tcpLoose: false, invalid: 'drop', input: 'drop' },
    rows: [...BOTH, 'keepalive-below', 'keepalive-above'],
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'frozen',
    promise: 'the same router, and the program of the server hangs (SIGSTOP)',
    router: { tcpLoose: false, invalid: 'drop', input: 'drop' },
    rows: ['keepalive-below'],
    needs: [...ROUTER, 'signals'],
    tooLong: FIVE_DAYS,
  },
  {
    id: 'dead',
    promise: 'the same router, and the host of the server loses power',
    router: { tcpLoose: false, invalid: 'drop', input: 'drop' },
    rows: ['keepalive-below'],
    needs: ROUTER,
    tooLong: FIVE_DAYS,
  },
  {
    id: 'udp',
    promise: 'datagrams through a router that forgets, and refuses what comes too late',
    router: {},
    rows: ['udp-client-first', 'udp-server-first', 'udp-answered', 'tcp-idle'],
    needs: ROUTER,
    tooLong: null,
  },
  {
    id: 'udp-silent',
    promise: 'datagrams through a router that forgets, and drops what comes too late',
    router: { input: 'drop' },
    rows: ['udp-server-first'],
    needs: ROUTER,
    tooLong: null,
  },
  {
    id: 'proxy',
    promise: 'the server behind a proxy is killed; the proxy keeps that to itself',
    router: null,
    rows: ['front', 'back'],
    tooLong: null,
  },
  {
    id: 'proxy-off',
    promise: 'the host of the server behind a proxy loses power',
    router: null,
    rows: ['front', 'back'],
    needs: ['network'],
    tooLong: 'the kernel of the proxy has patience for a quarter of an hour (tcp_retries2)',
  },
]

export const matrix: Matrix = {
  cases: natCases,
  mechanisms,
  hasCell: (caseId, mechanism) => rowsOf(caseId).some((row) => row === mechanism),
}

function rowsOf(caseId: string): readonly NatMechanism[] {
  return natCases.find(({ id }) => id === caseId)?.rows ?? []
}

// ---- ours, with reasons -----------------------------------------------------------------------

/**
 * For how long a router remembers, instead of five days, 30 s and 120 s: long enough that hosts on a busy
 * machine can open all connections of a case meanwhile. UDP counts as answered only two seconds after the
 * mapping began, so it has to be remembered for longer than that.
 */
const QUICK_MEMORY = { tcpEstablishedSeconds: 4, udpSeconds: 4, udpStreamSeconds: 6 }
/** The case in which UDP is compared with TCP leaves TCP as the kernel has it. */
const UDP_MEMORY = { udpSeconds: QUICK_MEMORY.udpSeconds, udpStreamSeconds: QUICK_MEMORY.udpStreamSeconds }
/** Three probes fit into the memory of the router; or the first comes two seconds too late. */
const KEEPALIVE = {
  below: { idleMs: 1000, intervalMs: 1000, probes: 3 },
  above: { idleMs: 6000, intervalMs: 1000, probes: 3 },
}
/** 2 instead of 15: a kernel gives up on unacknowledged data after some 3.4 s (labs/keepalive/conditions.ts). */
const QUICK_SYSCTLS = { 'net/ipv4/tcp_retries2': '2' }

/** Plain data, so no interface. */
type Probing = Pick<Keepalive, keyof Keepalive>
export type NatSettings = { keepalive: { below: Probing; above: Probing } }

export function conditionsOf({ pace }: Pick<LabOptions, 'pace'>): Conditions<NatSettings> {
  return {
    settings: { keepalive: KEEPALIVE },
    sysctls: pace === 'quick' ? QUICK_SYSCTLS : {},
    // The longest case: at real pace answered UDP, remembered for two minutes.
    watchMs: pace === 'quick' ? 15_000 : 140_000,
  }
}

/** How the router of a case is set; undefined where it has none. */
export function routerOf({ router, rows }: NatCase, pace: Pace): RouterSettings | undefined {
  if (router === null) return undefined
  if (pace === 'real') return router
  return { ...(rows.includes('tcp-idle') ? UDP_MEMORY : QUICK_MEMORY), ...router }
}
