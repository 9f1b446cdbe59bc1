/** What one end of a call hears: in its turn out of the jitter buffer, onto a recording, onto the level meter. */
import { PLAYOUT_DELAY_MS } from '../../protocols/rtp/constants.ts'
import { decodeG711 } from '../../protocols/rtp/g711.ts'
import { JitterBuffer, type JitterCounts } from '../../protocols/rtp/jitter-buffer.ts'
import type { RtpPacket } from '../../protocols/rtp/packet.ts'
import { levelDbfs } from './level-meter.ts'
import { lawOf } from './speech.ts'
import { frequencyOf } from './tone.ts'
import { recordWav } from './wav.ts'

/** The last fifth of a second is measured. */
const MEASURED_SAMPLES = 1_600

export interface Ear {
  readonly counts: JitterCounts
  /** @returns false for what is not G.711 */
  take(packet: RtpPacket, nowMs: number): boolean
  /** Hears all that has its turn by now. @returns true at the moment when the recording has become full */
  hear(nowMs: number): boolean
  /** How loud the last fifth of a second was; -Infinity: silence. */
  levelDbfs(): number
  /** The tone in it, in Hz; null where there is none. Takes some milliseconds. */
  toneHz(): number | null
  close(): void
}

/** @throws what opening the recording throws */
export function openEar(recordTo: string | undefined, delayMs = PLAYOUT_DELAY_MS): Ear {
  const buffer = new JitterBuffer(delayMs)
  const recorder = recordTo === undefined ? null : recordWav(recordTo)
  let isFull = false
  const measured = new Int16Array(MEASURED_SAMPLES)
  let filled = 0

  function heard(samples: Int16Array): void {
    const newest = samples.subarray(-MEASURED_SAMPLES)
    measured.copyWithin(0, newest.length)
    measured.set(newest, MEASURED_SAMPLES - newest.length)
    filled = Math.min(MEASURED_SAMPLES, filled + newest.length)
    if (recorder !== null && !isFull) isFull = !recorder.write(samples)
  }

  const last = () => measured.subarray(MEASURED_SAMPLES - filled)

  return {
    counts: buffer.counts,
    take({ payloadType, timestamp, payload }, nowMs) {
      const law = lawOf(payloadType)
      if (law === null) return false
      buffer.insert(timestamp, decodeG711(law, payload), nowMs)
      return true
    },
    hear(nowMs) {
      const wasFull = isFull
      for (const piece of buffer.due(nowMs))
        heard(piece.kind === 'speech' ? piece.samples : new Int16Array(piece.samples))
      return isFull && !wasFull
    },
    levelDbfs: () => levelDbfs(last()),
    toneHz: () => frequencyOf(last()),
    close: () => recorder?.close(),
  }
}
