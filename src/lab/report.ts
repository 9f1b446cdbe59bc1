/** `report.json`: what a run found, for people and for programs. */

import { killWords } from '../events/killed.ts'
import type { Plan } from '../plan/plan.ts'
import type { Check, Verdict } from './checks.ts'
import { overall } from './checks.ts'
import type { LabLog } from './log.ts'

export const REPORT_SCHEMA = 'stillhere/report@1'

export interface Report {
  schema: typeof REPORT_SCHEMA
  lab: string
  run: string
  tier: string
  tierBecause: string
  pace: string
  /** null: a lab in which nobody chooses which host is struck. */
  strike: string | null
  seed: number
  environment: Record<string, string | number | Record<string, string>>
  /** How often the kernels' socket tables were read; null where this system has none to read. */
  kernelSampledEveryMs: number | null
  startedAt: string
  durationMs: number
  /** The part of that which is the experiment itself: its longest chain of waits. null where it never began, or is not one of cases. */
  chainMs: number | null
  checks: Check[]
  verdict: Verdict
  /** What somebody else has ended on the hosts meanwhile: what the run says of those pairs proves nothing. */
  killed?: string[]
  /** From a lab that finds what nobody has claimed: see its own type. */
  findings?: unknown
}

/** Puts the report together. The sysctls are those of a host, as its own process read them. */
export function reportOf(
  plan: Plan,
  log: LabLog,
  checks: Check[],
  startedAt: Date,
  findings?: unknown,
): Report {
  const killed = log.all('host:killed').map(killWords)
  return {
    schema: REPORT_SCHEMA,
    lab: plan.lab,
    run: plan.run,
    tier: plan.tier,
    tierBecause: plan.because,
    pace: plan.pace,
    strike: plan.strike,
    seed: plan.seed,
    environment: { ...plan.environment, sysctls: log.first('kernel:sysctls_read')?.data.values ?? {} },
    kernelSampledEveryMs: log.first('kernel:sampling_started')?.data.everyMs ?? null,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(log.events.at(-1)?.time ?? 0),
    chainMs: chainOf(log),
    checks,
    verdict: overall(checks),
    ...(killed.length === 0 ? {} : { killed }),
    ...(findings === undefined ? {} : { findings }),
  }
}

function chainOf(log: LabLog): number | null {
  const [began, ended] = [log.first('run:hosts_ready'), log.last('run:ended')]
  return began === undefined || ended === undefined ? null : Math.round(ended.time - began.time)
}
