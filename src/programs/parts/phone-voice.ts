/** The voice of a telephone's calls: RTP from when both ends have agreed until one of them hangs up. */
import type { Emitter } from '../../events/emit.ts'
import type { Agreed } from '../../protocols/sdp/negotiation.ts'
import { openMedia } from './call-media.ts'
import { drawLevel } from './level-meter.ts'
import type { SpeechName } from './speech.ts'
import { errorData } from './tcp-events.ts'

/** Who speaks and hears for a telephone, in one call. */
export interface PhoneMedia {
  /** Where it hears. */
  readonly port: number
  /** Both ends agreed, for the first time or anew. */
  agreed(agreed: Agreed): void
  /** A second call does nothing. */
  close(): Promise<void>
}

interface VoiceOptions {
  address: string
  send: SpeechName
  /** A WAV file, written anew. */
  recordTo?: string | undefined
  /** Draws how loud the other end is, while it can be heard. */
  draw?: ((line: string) => void) | undefined
}

/** To look for a tone takes some milliseconds. */
const METER_EVERY_MS = 1000

/** @throws as `openMedia` does */
export async function openVoice(
  { address, send, recordTo, draw }: VoiceOptions,
  groupId: string,
  emit: Emitter,
): Promise<PhoneMedia> {
  const media = await openMedia({ address, groupId, recordTo }, emit)
  let meter: NodeJS.Timeout | undefined

  function drawLevelOf(): void {
    const { levelDbfs, toneHz } = media.statistics()
    draw?.(`${drawLevel(levelDbfs)}${toneHz === null ? '' : `  a tone of ${Math.round(toneHz)} Hz`}`)
  }

  return {
    port: media.localPort,
    agreed(agreed) {
      media
        .start({ ...agreed, send })
        .catch((error: Error) => emit('udp:error_received', errorData(error), groupId))
      if (draw !== undefined) meter ??= setInterval(drawLevelOf, METER_EVERY_MS)
    },
    close() {
      clearInterval(meter)
      return media.stop()
    },
  }
}
