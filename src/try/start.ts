/** Starts a run of somebody's programs, for whoever wants one: the command line, or the field guide. */
import { availableParallelism, freemem } from 'node:os'
import type { LabEvent } from '../events/vocabulary.ts'
import { findCapabilities, missingIpv6 } from '../hosts/capabilities.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import type { Lab } from '../lab/lab.ts'
import { CannotRunError } from '../launcher/launch.ts'
import { type Run, startRun } from '../launcher/start.ts'
import type { LabOptions } from '../plan/options.ts'
import { selectionOf } from '../plan/plan.ts'
import { casesOf } from './faults.ts'
import { longestWaitMs } from './idle-router.ts'
import { tryLab } from './lab.ts'
import { ASK_LIMIT_MS } from './programs.ts'
import type { TryRequest, TrySettings } from './request.ts'
import { findRunAs } from './run-as.ts'
import { sysctlsOf } from './settings.ts'

/** Idle programs need little; what starts at the same time as others starts late. */
const PAIRS_PER_CPU = 3
/** Two host processes and somebody's programs, the larger ones of them. */
const MEMORY_PER_PAIR_BYTES = 300 * 1024 * 1024
/** To start hosts and to end them, beside what is asked for. */
const OVERHEAD_MS = 10_000

/** What of the command line a run has to know. */
type RunTelling = Pick<LabOptions, 'json' | 'plain' | 'out'>

/**
 * Whether this machine can do it, and as whom.
 * @param folder where the programs run
 * @throws CannotRunError
 */
export async function placeFor(
  requests: readonly TryRequest[],
  folder: string,
): Promise<Omit<TrySettings, keyof TryRequest>> {
  const { tier, because, advice, isolation } = await findCapabilities()
  if (isolation === null || tier !== 'netns') {
    throw new CannotRunError(
      `somebody's programs need hosts of their own: ${because}. Try: ${advice.join('; ')}`,
    )
  }
  const problem = requests.some(({ family }) => family === 6) ? missingIpv6() : null
  if (problem !== null) throw new CannotRunError(`--family 6: ${problem}`)
  return { runAs: await findRunAs(isolation, folder), folder, atOnce: pairsAtOnce() }
}

/** The lab that these programs make. */
export function labOf(settings: TrySettings): Lab<TrySettings> {
  return tryLab(settings, longestMs(settings), sysctlsOf(settings, readSysctls()))
}

/** @throws CannotRunError when this machine cannot run it as asked */
export function startTry(
  lab: Lab<TrySettings>,
  request: TryRequest,
  telling: RunTelling,
  onEvents: (events: LabEvent[]) => void,
): Promise<Run> {
  return startRun(lab, optionsOf(request, telling), onEvents)
}

/** The faults, by the names that they have in a run. */
export function casesIn({ faults, strike }: Pick<TryRequest, 'faults' | 'strike'>): string[] {
  return casesOf(faults, strike).map(({ id }) => id)
}

function pairsAtOnce(): number {
  const byMemory = Math.floor(freemem() / MEMORY_PER_PAIR_BYTES)
  return Math.max(1, Math.min(PAIRS_PER_CPU * availableParallelism(), byMemory))
}

function longestMs(settings: TrySettings): number {
  const { connectWithinMs, settleMs, strikeAfter, bytes, lasts, ask, recoverMs, atOnce } = settings
  const { router, balancer } = settings
  // Some faults strike when they have come about.
  const waitMs = Math.max(
    router === null ? 0 : longestWaitMs(router.idleSeconds * 1000),
    balancer === null ? 0 : longestWaitMs(balancer.idleMs),
    bytes === null ? 0 : settings.watchMs,
  )
  const beginMs = connectWithinMs + (strikeAfter?.waitMs ?? settleMs) + waitMs
  const askMs = ask === null ? 0 : ASK_LIMIT_MS
  const watchMs = Math.max(settings.watchMs, ...Object.values(lasts))
  return Math.ceil(casesIn(settings).length / atOnce) * (beginMs + watchMs + askMs + recoverMs + OVERHEAD_MS)
}

function optionsOf(request: TryRequest, { json, plain, out }: RunTelling): LabOptions {
  const [side, ...others] = request.strike
  return {
    ...selectionOf({}, casesIn(request), [request.name]),
    hosts: 'auto',
    pace: request.pace,
    strike: others.length === 0 ? (side ?? null) : null,
    connections: null,
    seed: 0,
    play: false,
    json,
    plain,
    verbose: false,
    out,
    cell: null,
    predict: false,
    watch: false,
    port: 0,
    help: false,
  }
}
