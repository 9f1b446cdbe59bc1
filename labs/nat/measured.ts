/** What was in force when a packet was lost, as the log has it: the numbers that predictions are made of. */
import { type BusyConnection, sendsTailLossProbes } from '../../src/kernel/give-up.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'

/** One tick of the kernel's clock. */
export function jiffyOf({ environment }: Pick<Plan, 'environment'>): number {
  return Number(environment.jiffyMs ?? Number.NaN)
}

/** What a host's kernel says of a connection at a moment; null where it does not tell. */
export function connectionOf(
  log: LabLog,
  plan: Plan,
  host: string,
  mechanism: string,
  to: number,
): BusyConnection | null {
  const info = log.last('kernel:tcp_info_read', { host, mechanism, to })?.data
  const options = log.last('kernel:options_read', { host, mechanism, to })?.data
  if (info === undefined || options === undefined) return null
  return {
    retransmissionTimeoutMs: info.retransmissionTimeoutMs,
    roundTripMs: info.roundTripMs,
    userTimeoutMs: options.userTimeoutMs,
    ...patienceOf(log, plan, host),
  }
}

/** What of it is the host's. */
export function patienceOf(log: LabLog, plan: Plan, host: string) {
  const sysctls = log.last('kernel:sysctls_read', { host })?.data.values ?? {}
  return {
    retries2: Number(sysctls.tcp_retries2 ?? Number.NaN),
    // SACK, which it needs, is on in every system that can run this.
    tailLossProbe: sendsTailLossProbes(sysctls.tcp_early_retrans),
    jiffyMs: jiffyOf(plan),
  }
}

/** As the kernel of a client has it; null where it has none, or does not tell. */
export function keepaliveOf(log: LabLog, host: string, mechanism: string): Keepalive | null {
  const options = log.first('kernel:options_read', { host, mechanism })?.data
  if (options?.keepalive !== true) return null
  return {
    idleMs: options.keepaliveIdleMs,
    intervalMs: options.keepaliveIntervalMs,
    probes: options.keepaliveProbes,
  }
}
