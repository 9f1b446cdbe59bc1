/** What the faults of a cable have in common: they change one direction of it, the way to the struck host. */
import type { Truth } from '../events/vocabulary.ts'
import type { Cable } from '../hosts/host.ts'
import type { CableSettings } from '../wire/cable.ts'
import type { Fault, Target } from './fault.ts'
import { isPlausible, roundTripOf, type SeriesSummary, summarise } from './measure.ts'
import { FaultError, type Proof, verify } from './proof.ts'

/** Enough for a share of one in ten to be told from none and from three in ten. */
export const MANY = { count: 300, everyMs: 2 }
/**
 * To see that nothing is wrong, that nothing arrives, or when. So far apart that a pause of a busy machine
 * meets fewer than half of them, and leaves the median alone; and one at least finds the machine idle.
 */
export const FEW = { count: 30, everyMs: 15 }
/** Beside the header of IP and UDP. */
export const SMALL_BYTES = 20
/** After the last was sent and the longest delay of the fault is over, what has not come back is lost. */
export const WITHIN_MS = 250
/**
 * How much later than asked the fastest frame may come: two processes have to be woken on the way, each by timers
 * that are right to a millisecond, on a machine that may be busy.
 */
export const LATE_MS = 15

/** @throws FaultError when this pair has no cable that can be told what to do */
export function cableOf({ network, pair }: Target): Cable {
  verify(network !== null, 'there is no cable on loopback')
  try {
    return network.cable(pair)
  } catch (error) {
    throw new FaultError(error instanceof Error ? error.message : String(error))
  }
}

interface Way {
  count: number
  everyMs: number
  bytes?: number
  /** The longest that the fault keeps a frame. */
  delayMs?: number
}

/** What a series of datagrams from the other host to the struck one, and back, met with. */
export async function measureWay(
  { other, measure }: Target,
  { count, everyMs, bytes = SMALL_BYTES, delayMs = 0 }: Way,
): Promise<SeriesSummary> {
  return summarise(await measure(other, { count, everyMs, bytes, withinMs: WITHIN_MS + delayMs }), count)
}

/** Of a series no more were lost than the link by itself loses. */
export function losesAsLink({ pair }: Target, { lost, sent }: SeriesSummary): boolean {
  return isPlausible(lost, sent, roundTripOf(pair.link).loss)
}

/** What makes one fault of a cable differ from another. */
interface CableFault extends Pick<Fault, 'id' | 'promise'> {
  /** On the way to the struck host, from now on. */
  change: Partial<CableSettings>
  /** What is true of either host, as the other sees it, while it lasts. Absent: they answer as before. */
  truth?: Truth
  /** Measures that it is so. @throws FaultError when it is not */
  prove(target: Target): Promise<Proof>
}

/** A fault of a cable that is a program; the pair must have been made with one. */
export function cableFault({ id, promise, change, truth, prove }: CableFault): Fault {
  return {
    id,
    promise,
    needs: ['cable'],
    async strike(target) {
      const { pair, struck, other } = target
      const cable = cableOf(target)
      const direction = struck === pair.a ? 'bToA' : 'aToB'
      const before = await cable.set(direction, change)
      const seen = (now: Truth) => {
        target.truth(other, now)
        target.truth(struck, now)
      }
      if (truth !== undefined) seen(truth)
      const putBack = async () => {
        if (truth !== undefined) seen('answering')
        const changed = Object.keys(change) as (keyof CableSettings)[]
        await cable.set(direction, Object.fromEntries(changed.map((key) => [key, before[key]])))
      }
      let proof: Proof
      try {
        proof = await prove(target)
      } catch (error) {
        // What cannot be seen to have happened cannot be undone either: nothing of it may stay.
        await putBack()
        throw error
      }
      return {
        ...proof,
        async undo() {
          await putBack()
          return proveWhole(target, change)
        },
      }
    },
  }
}

/**
 * The way as it is without the fault: everything arrives, once, in order, and at once where the fault was about
 * time. How late a busy machine is says nothing about whether frames are lost.
 */
export async function proveWhole(target: Target, change: Partial<CableSettings> = {}): Promise<Proof> {
  const summary = await measureWay(target, FEW)
  const { lost, doubled, reordered, leastMs, medianMs, sent } = summary
  // A delay is there for each of them; with jitter some are fast.
  const tellingMs = 'jitterMs' in change ? medianMs : leastMs
  const isAboutTime = 'delayMs' in change || 'jitterMs' in change
  const isInTime = tellingMs < roundTripOf(target.pair.link).delayMs + LATE_MS
  verify(
    losesAsLink(target, summary) && doubled + reordered === 0 && (!isAboutTime || isInTime),
    `of ${sent} datagrams ${lost} were lost, ${doubled} doubled, ${reordered} reordered; median ${medianMs.toFixed(1)} ms`,
  )
  return {
    verifiedBy: `${sent - lost} of ${sent} datagrams came back, once, in order, within ${medianMs.toFixed(1)} ms (median)`,
  }
}
