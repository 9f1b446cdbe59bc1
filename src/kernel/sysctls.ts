/** The settings of a host that decide when its kernel gives up: ip-sysctl.rst in the kernel's documents. */
import { readFileSync } from 'node:fs'

const names = [
  // An idle connection: the values a socket has that asks for keepalive and sets nothing else.
  'tcp_keepalive_time',
  'tcp_keepalive_intvl',
  'tcp_keepalive_probes',
  // A busy one.
  'tcp_retries1',
  'tcp_retries2',
  'tcp_early_retrans', // 3 and 4: with tail loss probe
  'tcp_sack', // without it no tail loss probe
  'tcp_rto_min_us', // since Linux 6.11
  'tcp_rto_max_ms', // since Linux 6.15
  'tcp_thin_linear_timeouts',
  'tcp_mtu_probing', // smaller segments when large ones seem to vanish (RFC 4821)
  // One that is being opened.
  'tcp_syn_retries',
  'tcp_syn_linear_timeouts', // since Linux 6.5
  'tcp_synack_retries',
  // One that the program has closed.
  'tcp_orphan_retries',
  'tcp_fin_timeout',
  'tcp_timestamps', // whether a fixed port may be used again in TIME-WAIT
  // The address of a neighbour on the wire: how many questions, and how far apart, until it is unreachable.
  'neigh/eth0/mcast_solicit',
  'neigh/eth0/retrans_time_ms',
] as const

/**
 * For labs in which datagrams go on into a cut: hosts go on sending, as those behind a router do. A neighbour that does not
 * answer ARP is given up after 3 questions, some 9 s after the first packet; then the kernel keeps what is sent, and none of
 * it reaches the wire (arp(7), ucast_solicit). TCP confirms its neighbours by itself, UDP does not.
 */
export const ASKS_ON = { 'net/ipv4/neigh/eth0/ucast_solicit': '1000' } as const

const FOLDER = '/proc/sys/net/ipv4'

/**
 * The sysctls of the network namespace this process runs in; those that this kernel lacks are absent, as
 * are all of them where there is no /proc. Of another namespace: {@link sysctlsCommand}.
 */
export function readSysctls(): Record<string, string> {
  const values: Record<string, string> = {}
  for (const name of names) {
    try {
      values[name] = readFileSync(`${FOLDER}/${name}`, 'utf8').trim()
    } catch {
      // This kernel does not have it.
    }
  }
  return values
}

/**
 * A command that prints them all, for {@link parseSysctls}. There is no way to read another namespace's from
 * outside: what is below /proc/sys/net is that of the process that reads. So this one has to run inside.
 */
export const sysctlsCommand: readonly string[] = [
  'grep',
  '-Hs', // with file names, and silent about those that this kernel lacks
  '',
  ...names.map((name) => `${FOLDER}/${name}`),
]

/** What {@link sysctlsCommand} printed, as `readSysctls` has it. */
export function parseSysctls(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const name = names.find((one) => line.slice(0, colon) === `${FOLDER}/${one}`)
    if (name !== undefined) values[name] = line.slice(colon + 1).trim()
  }
  return values
}

/** These settings as a host takes them over from a system; those that it does not tell are left out. */
export function takenOver(
  values: Readonly<Record<string, string>>,
  names: readonly string[] = Object.keys(values),
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name]
      return value === undefined ? [] : [[`net/ipv4/${name}`, value]]
    }),
  )
}
