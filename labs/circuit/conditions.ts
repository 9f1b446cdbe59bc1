/** What experiment, questions and judgement agree on. */
import { UsageError } from '../../src/foreign/usage.ts'
import type { OfficeSettings } from '../../src/hosts/host.ts'
import type { LabOptions } from '../../src/plan/options.ts'
import type { Conditions } from '../../src/plan/plan.ts'
import { VOICE_BYTES } from '../../src/programs/scripts/telephone/requests.ts'
import { LINES_MAX } from '../../src/wire/exchange.ts'

export type CircuitSettings = {
  /** Telephones at either side of an exchange. */
  lines: number
  /** A trunk has a frame every so often, with room for one piece of speech in each slot. */
  frameMs: number
  slotBytes: number
  /** Of the packet line. */
  queueMax: number
  /** Of the exchange of each case. */
  slots: { busy: number; idle: number; cut: number; talk: number; calls: number; load: number }
  /** For how long nobody speaks, and a line stays cut. */
  idleMs: number
  cutMs: number
  /** One conversation after the other: with so many talkers, each for so long. */
  talkers: number[]
  talkMs: number
  spurtMs: number
  silenceMs: number
  /** What is offered to the trunk, one after the other, in calls that would be up at a time. */
  erlangs: number[]
  callsEach: number
  /** What is offered to the packet line, as shares of its capacity. */
  loads: number[]
  loadMs: number
}

/** All rows: in the order in which a reader meets them. */
export const ROWS = ['circuit', 'packets'] as const

/** The slowest case, and what is around it. */
const AROUND_MS = 10_000

const settings: CircuitSettings = {
  lines: 16,
  frameMs: 20,
  slotBytes: VOICE_BYTES,
  queueMax: 50,
  slots: { busy: 2, idle: 1, cut: 1, talk: 4, calls: 10, load: 10 },
  idleMs: 3000,
  cutMs: 2000,
  talkers: [4, 8, 16],
  talkMs: 2500,
  spurtMs: 200,
  silenceMs: 300,
  erlangs: [5, 8, 10, 13],
  callsEach: 1500,
  loads: [0.4, 0.6, 0.8, 1.25],
  loadMs: 3500,
}

export function conditionsOf(_options: Pick<LabOptions, 'pace'>): Conditions<CircuitSettings> {
  return conditionsWith(settings)
}

/** @throws UsageError in one line, when nobody could talk, or more than there are telephones */
export function conditionsWith(settings: CircuitSettings): Conditions<CircuitSettings> {
  const { slots, lines, talkers, talkMs, loads, loadMs } = settings
  for (const [id, each] of Object.entries(slots)) {
    if (!Number.isInteger(each) || each < 1) {
      throw new UsageError(`slots of ${id}: a trunk needs a capacity of 1 at least, not of ${each}`)
    }
    // The one that is refused needs a telephone too, and one that just hung up is not used again at once.
    if (each + 2 > lines)
      throw new UsageError(`lines: ${each} slots need ${each + 2} telephones at least, not ${lines}`)
  }
  const most = Math.max(...talkers)
  if (most > lines) throw new UsageError(`talkers: ${most} calls, but the exchange has ports for ${lines}`)
  if (lines > LINES_MAX)
    throw new UsageError(`lines: an exchange has ports for ${LINES_MAX} at most, not ${lines}`)
  if (Math.min(...talkers) < 1) throw new UsageError('talkers: at least 1 talks')
  return {
    settings,
    sysctls: {},
    watchMs: talkers.length * talkMs + loads.length * loadMs + AROUND_MS,
  }
}

/** What is between the hosts of a case. */
export function officeOf(id: keyof CircuitSettings['slots']): (settings: CircuitSettings) => OfficeSettings {
  return ({ lines, frameMs, queueMax, slots }) => ({ lines, slots: slots[id], frameMs, queueMax })
}
