/**
 * The operator's cord board, as it was before exchanges were machines: a lamp lights where somebody calls, and a cord
 * is put in for as long as the call lasts. Drawn from what the exchange of `busy` said. Pure.
 */
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { CircuitSettings } from './conditions.ts'

const CASE = 'busy'

/** Each moment at which a cord was moved, or somebody heard the busy tone. */
export function boardStory(log: LabLog, plan: Plan<CircuitSettings>): Story | null {
  const watch = log.watchOf(CASE)
  if (watch === undefined || !plan.cases.includes(CASE)) return null
  const cords = log
    .all('exchange:cords_moved', watch)
    .filter(({ data }) => data.exchange === CASE)
    .map(({ time, data }) => ({ time, lines: drawn(data.owners) }))
  const tones = log
    .all('telephone:call_updated', { ...watch, host: `${CASE}-a` })
    .filter(({ data }) => data.new === 'busy')
    .map(({ time, data }) => ({
      time,
      lines: [`line ${data.line} lights up, and there is no cord: busy tone`],
    }))
  const moments = [...cords, ...tones].sort((one, other) => one.time - other.time)
  if (moments.length === 0) return null
  return {
    heading: `The cord board: ${plan.settings.slots.busy} cords, ${plan.settings.slots.busy + 1} callers`,
    entries: moments.map(({ time, lines }) => ({
      term: `${((time - watch.from) / 1000).toFixed(2)} s`,
      lines,
    })),
    cell: `${CASE}/circuit`,
  }
}

/** `cord 1   a 3 o======o b 3` */
export function drawn(owners: readonly number[]): string[] {
  return owners.map((line, slot) => {
    const end = line === 0 ? ' ' : String(line)
    return `cord ${slot + 1}   a ${end} o${(line === 0 ? ' ' : '=').repeat(16)}o b ${end}`.trimEnd()
  })
}
