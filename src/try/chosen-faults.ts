/** From the list of faults as somebody typed it to what a request keeps of it. */
import type { IdleRouter } from '../faults/nat-forgets.ts'
import { UsageError } from '../foreign/usage.ts'
import type { IdleLimit } from '../programs/relay/idle-proxy.ts'
import { DEFAULT_FAULTS, type TryFault, tryFaults } from './faults.ts'
import type { WantedFault } from './grammar.ts'

/** Part of a plan. */
export type ChosenFaults = {
  faults: TryFault[]
  /** How long those last of which somebody has chosen it. */
  lasts: Partial<Record<TryFault, number>>
  /** Of `nat-forgets`: it forgets by itself. null: once, because it is told to. */
  router: IdleRouter | null
  /** Of `lb-forgets`, likewise. */
  balancer: IdleLimit | null
  /** Of `after-bytes`; null: it is not among them. */
  bytes: number | null
}

/**
 * @param wanted absent: the default ones
 * @param settleMs the programs are left alone for so long before a fault
 * @throws UsageError
 */
export function chosenFaults(wanted: readonly WantedFault[] | undefined, settleMs: number): ChosenFaults {
  const names = wanted?.map(({ fault }) => fault) ?? DEFAULT_FAULTS
  const twice = names.find((fault, index) => names.indexOf(fault) !== index)
  if (twice !== undefined) {
    throw new UsageError(`--faults: ${twice} is there twice; one run has room for one of them`)
  }
  const router = wanted?.find((one) => one.router !== null)?.router ?? null
  const balancer = wanted?.find((one) => one.balancer !== null)?.balancer ?? null
  for (const [fault, idleMs] of [
    ['nat-forgets', router === null ? null : router.idleSeconds * 1000],
    ['lb-forgets', balancer === null ? null : balancer.idleMs],
  ] as const) {
    if (idleMs === null || idleMs > settleMs) continue
    throw new UsageError(
      `--faults ${fault}=${idleMs / 1000}s: it would be forgotten in the ${settleMs / 1000} s for which the programs are left alone before a fault; make it longer, or lower --settle`,
    )
  }
  return {
    faults: tryFaults.filter((fault) => names.includes(fault)),
    lasts: Object.fromEntries(
      (wanted ?? []).flatMap(({ fault, lastsMs }) => (lastsMs === null ? [] : [[fault, lastsMs]])),
    ),
    router,
    balancer,
    bytes: wanted?.find((one) => one.bytes !== null)?.bytes ?? null,
  }
}
