/** The cord board of `busy`, from what its exchange said. Pure. */
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { cordsDrawn } from '../../src/view/cord-board.ts'
import type { CircuitSettings } from './conditions.ts'

const CASE = 'busy'

/** Each moment at which a cord was moved, or somebody heard the busy tone. */
export function boardStory(log: LabLog, plan: Plan<CircuitSettings>): Story | null {
  const watch = log.watchOf(CASE)
  if (watch === undefined || !plan.cases.includes(CASE)) return null
  const cords = log
    .all('exchange:cords_moved', watch)
    .filter(({ data }) => data.exchange === CASE)
    .map(({ time, data }) => ({ time, lines: cordsDrawn(data.owners) }))
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
