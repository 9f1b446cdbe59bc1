/** The settings of the hosts' kernels: this machine's own, unless somebody wants others; and words to look for. */
import { takenOver } from '../kernel/sysctls.ts'
import type { TryRequest } from './request.ts'

/**
 * Some seconds instead of two hours and a quarter of one, for programs that leave it to the system. What a
 * program sets on its sockets itself is not touched.
 */
const QUICK: Record<string, string> = {
  'net/ipv4/tcp_keepalive_time': '2',
  'net/ipv4/tcp_keepalive_intvl': '1',
  'net/ipv4/tcp_keepalive_probes': '3',
  'net/ipv4/tcp_retries2': '2',
  'net/ipv4/tcp_syn_retries': '1',
  'net/ipv4/tcp_syn_linear_timeouts': '0',
}
/** On a host of their own ordinary users may open any port, as root does elsewhere. */
const PORTS = { 'net/ipv4/ip_unprivileged_port_start': '0' }

/** @param own this machine's, by name; a new host would have the kernel's */
export function sysctlsOf(
  { pace, sysctls }: Pick<TryRequest, 'pace' | 'sysctls'>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.keys(own).filter((name) => name.startsWith('tcp_'))
  return { ...PORTS, ...takenOver(own, names), ...(pace === 'quick' ? QUICK : {}), ...sysctls }
}

/** A plan keeps a pattern as its text, which the request has checked. null: none was given. */
export function patternOf(text: string | null): RegExp | null {
  return text === null ? null : new RegExp(text)
}
