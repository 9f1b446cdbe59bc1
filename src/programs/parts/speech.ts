/** What an end of a call says: encoded once, and repeated for as long as the call lasts. */
import { PAYLOAD_TYPE, SAMPLES_PER_PACKET, SAMPLES_PER_SECOND } from '../../protocols/rtp/constants.ts'
import { encodeG711, type Law } from '../../protocols/rtp/g711.ts'
import { toneSamples } from './tone.ts'
import { readWavFile } from './wav.ts'

/** `tone`, `silence`, or the path of a WAV file. */
export type SpeechName = string

/** @returns null where the payload type is neither G.711 u-law (0) nor A-law (8) */
export function lawOf(payloadType: number): Law | null {
  if (payloadType === PAYLOAD_TYPE.pcmu) return 'ulaw'
  return payloadType === PAYLOAD_TYPE.pcma ? 'alaw' : null
}

/** The payloads of one packet after the other, without end. */
export interface Speech {
  kind: 'tone' | 'silence' | 'file'
  next(): Buffer
}

/** @throws UsageError where the file cannot be sent */
export function speechOf(name: SpeechName, law: Law): Speech {
  const bytes = encodeG711(law, samplesOf(name))
  let at = 0
  return {
    kind: name === 'tone' || name === 'silence' ? name : 'file',
    next() {
      const pieces: Buffer[] = []
      for (let missing = SAMPLES_PER_PACKET; missing > 0; ) {
        const piece = bytes.subarray(at, at + missing)
        pieces.push(piece)
        missing -= piece.length
        at = (at + piece.length) % bytes.length
      }
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
    },
  }
}

function samplesOf(name: SpeechName): Int16Array {
  if (name === 'silence') return new Int16Array(SAMPLES_PER_PACKET)
  // A second has whole turns of a whole number of Hz: the end meets the beginning.
  if (name === 'tone') return toneSamples(0, SAMPLES_PER_SECOND)
  const samples = readWavFile(name)
  return samples.length > 0 ? samples : new Int16Array(SAMPLES_PER_PACKET)
}
