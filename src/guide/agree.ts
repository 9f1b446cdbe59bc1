/** Whether a run is as the entry's formula says, and as the run that is kept. Pure. */
import { SLACK_MS } from '../lab/checks.ts'
import { type Entry, formulaOf, GUIDE_FAULTS, rangeOf, type Variant, variants } from './entry.ts'
import { type EndRecord, type EntryRecord, type FaultRecord, firstMs, type VariantRecord } from './record.ts'

const ends = ['client', 'server'] as const
const levels = ['loses', 'says', 'ends'] as const
/** Other people's programs start and work at their own pace; this is no measurement of a kernel's timer. */
const PACE_MS = 700
/** A program that waits longer each time waits by chance, too. */
const SHARE = 0.25

/** What does not fit, a line each. */
export function againstFormula(entry: Entry, run: EntryRecord['variants']): string[] {
  return variants.flatMap((variant) =>
    ends.flatMap((end) => {
      const range = rangeOf(entry, variant, end)
      return formulaOf(entry, variant).finds.flatMap((fault) => {
        // It is the server that is frozen.
        if (fault === 'freeze' && end === 'server') return []
        const { [end]: seen, watchedMs } = run[variant].faults[fault]
        const at = seen === null ? null : firstMs(seen)
        const where = `${variant}, ${fault}: ${end}`
        if (range === null || range.fromMs > watchedMs) {
          return at === null || range === null
            ? []
            : [`${where} noticed after ${at} ms, and not before ${range.fromMs} ms by its formula`]
        }
        const { fromMs, toMs } = range
        const isMissing = at === null && toMs + SLACK_MS + PACE_MS <= watchedMs
        const isOutside = at !== null && (at < fromMs - SLACK_MS || at > toMs + SLACK_MS + PACE_MS)
        return isMissing || isOutside
          ? [
              `${where} noticed ${at === null ? 'nothing' : `after ${at} ms`}; its formula says ${fromMs} to ${toMs} ms`,
            ]
          : []
      })
    }),
  )
}

/** What differs between two runs by more than the heartbeat's phase, a line each. */
export function againstRecord(
  entry: Entry,
  kept: EntryRecord['variants'],
  run: EntryRecord['variants'],
): string[] {
  return variants.flatMap((variant) =>
    GUIDE_FAULTS.flatMap((fault) => {
      const [before, now] = [kept[variant].faults[fault], run[variant].faults[fault]]
      const where = `${variant}, ${fault}`
      return [
        ...ends.flatMap((end) =>
          differences(`${where}: ${end}`, before[end], now[end], spreadMs(entry, variant, kept[variant])),
        ),
        ...(isBack(before) === isBack(now)
          ? []
          : [
              `${where}: it ${isBack(before) ? 'came back, and now does not' : 'did not come back, and now does'}`,
            ]),
      ]
    }),
  )
}

/** When a fault strikes between two heartbeats is chance: so much may two runs differ. */
function spreadMs(entry: Entry, variant: Variant, { heartbeat }: VariantRecord): number {
  const widths = ends.map((end) => {
    const range = rangeOf(entry, variant, end)
    return range === null ? 0 : range.toMs - range.fromMs
  })
  return SLACK_MS + PACE_MS + Math.max(heartbeat?.everyMs ?? 0, ...widths)
}

function differences(
  where: string,
  before: EndRecord | null,
  now: EndRecord | null,
  spread: number,
): string[] {
  if (before === null || now === null)
    return before === now ? [] : [`${where} was ended by the fault once, and once not`]
  return levels.flatMap((level) => {
    const [one, other] = [before[level], now[level]]
    if (one === null || other === null) {
      return one === other ? [] : [`${where} ${level}: ${words(one)} before, ${words(other)} now`]
    }
    const mayMs = Math.max(spread, SHARE * one.afterMs)
    return Math.abs(one.afterMs - other.afterMs) > mayMs
      ? [`${where} ${level}: ${words(one)} before, ${words(other)} now`]
      : []
  })
}

function words(sign: EndRecord['loses']): string {
  return sign === null ? 'never' : `after ${sign.afterMs} ms`
}

function isBack({ backAfterMs, kept }: FaultRecord): boolean {
  return kept || backAfterMs !== null
}
