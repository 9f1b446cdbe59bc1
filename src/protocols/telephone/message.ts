/**
 * What telephones and their exchange say to each other, a datagram each. Of one line with a number there is a
 * telephone at either side of the exchange:
 *
 *     attach 0                telephones > exchange > telephones   here we are; so I have noted
 *     call 3                  telephone 3 > exchange               I want to speak with 3 at the other side
 *     connected 3 | busy 3    exchange > telephone 3               you can speak | no slot is free
 *     ringing 3               exchange > the other 3               somebody wants to speak with you
 *     hang-up 3               telephone 3 > exchange
 *     cleared 3               exchange > both                      the call is over
 *     lost 3                  exchange > who is left               the other one's line is dead
 *     voice 3 17 4711         telephone > exchange > telephone     the 17th piece of speech, spoken at 4711 us
 *
 * Real telephones lift a hook and hear tones; ISDN says the same in words (ITU-T Q.931: SETUP, CONNECT, RELEASE).
 */

export const verbs = [
  'attach',
  'call',
  'connected',
  'busy',
  'ringing',
  'hang-up',
  'cleared',
  'lost',
  'voice',
] as const
export type Verb = (typeof verbs)[number]

export interface TelephoneMessage {
  verb: Verb
  line: number
  /** Only of a voice: its number among those of its line, and when it was spoken (CLOCK_MONOTONIC). */
  voice?: { number: number; spokenAtUs: number }
}

/** Where telephones and their exchange expect each other, at the address of whoever is beyond it. */
export const TELEPHONE_PORT = 40_017
/** 20 ms of speech at 64 kbit/s: ITU-T G.711, 8000 samples of 8 bits a second. */
export const VOICE_BYTES = 160

const MESSAGE = new RegExp(`^(${verbs.join('|')}) (\\d{1,4})(?: (\\d{1,9}) (\\d{1,15}))?(?:\\n|$)`)

/** @param bytes a voice is made so long: it is speech, whatever was said */
export function formatTelephone({ verb, line, voice }: TelephoneMessage, bytes = VOICE_BYTES): Buffer {
  if (voice === undefined) return Buffer.from(`${verb} ${line}\n`)
  return Buffer.from(`${verb} ${line} ${voice.number} ${voice.spokenAtUs}\n`.padEnd(bytes, '~'))
}

/** null: it is no such message. Anybody can have sent it. */
export function parseTelephone(datagram: Buffer): TelephoneMessage | null {
  const [, verb, line, number, spokenAtUs] = MESSAGE.exec(datagram.toString('latin1', 0, 64)) ?? []
  if (verb === undefined || (verb === 'voice') !== (number !== undefined)) return null
  return {
    verb: verb as Verb,
    line: Number(line),
    ...(number === undefined ? {} : { voice: { number: Number(number), spokenAtUs: Number(spokenAtUs) } }),
  }
}
