/**
 * Offer and answer (RFC 3264) for speech in G.711: one end says what it can, the other takes some of it. Each names the
 * address where it wants to hear; so nobody has to be connected with anybody.
 */
import type { Description, Direction, Media } from './description.ts'

/** RFC 3551 6: numbers that everybody knows. */
const CODES: Readonly<Record<string, string>> = { '0': 'PCMU/8000', '8': 'PCMA/8000' }
const RTP = 'RTP/AVP'

/** One end's own. */
export interface LocalMedia {
  address: string
  port: number
  /** Of the session; the version grows with each description that differs. */
  id: number
  version: number
  direction: Direction
}

/** What both may do from now on. */
export interface Agreed {
  remoteAddress: string
  remotePort: number
  payloadType: number
  /** As this end sees it: `sendonly`, the other is on hold. */
  direction: Direction
}

export function offerOf(local: LocalMedia): Description {
  return describe(local, [audio(local.port, Object.keys(CODES), local.direction)])
}

/** @returns null: it has no speech that we know; whoever offered is told 488 */
export function answerTo(
  offer: Description,
  local: LocalMedia,
): { answer: Description; agreed: Agreed } | null {
  const place = offer.media.findIndex((media) => codeOf(media) !== undefined && media.port > 0)
  const chosen = offer.media[place]
  if (chosen === undefined) return null
  const direction = both(mirrored(directionOf(offer, chosen)), local.direction)
  const agreed = agreedOf(offer, chosen, direction)
  if (agreed === null) return null
  // Section 6: as many media as were offered, in the same order; port 0 refuses one.
  const media = offer.media.map((one, index) =>
    index === place
      ? audio(local.port, [String(agreed.payloadType)], direction)
      : { ...one, port: 0, address: null, direction: null, attributes: [] },
  )
  return { answer: describe(local, media), agreed }
}

/** @returns null: they refused it, or the answer is none to our offer */
export function takeAnswer(answer: Description, local: LocalMedia): Agreed | null {
  const [chosen] = answer.media
  if (chosen === undefined || chosen.port === 0 || codeOf(chosen) === undefined) return null
  return agreedOf(answer, chosen, both(mirrored(directionOf(answer, chosen)), local.direction))
}

function agreedOf(theirs: Description, media: Media, direction: Direction): Agreed | null {
  const remoteAddress = media.address ?? theirs.address
  const code = codeOf(media)
  if (remoteAddress === null || code === undefined) return null
  // Before RFC 3264 an address of zeros put the other on hold.
  const isOldHold = remoteAddress === '0.0.0.0'
  return {
    remoteAddress,
    remotePort: media.port,
    payloadType: Number(code),
    direction: isOldHold ? both(direction, 'recvonly') : direction,
  }
}

const codeOf = ({ kind, protocol, formats }: Media) =>
  kind === 'audio' && protocol === RTP ? formats.find((format) => Object.hasOwn(CODES, format)) : undefined

const directionOf = (all: Description, one: Media) => one.direction ?? all.direction ?? 'sendrecv'

/** What one end sends the other receives. */
function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly'
  return direction === 'recvonly' ? 'sendonly' : direction
}

export const sends = (direction: Direction) => direction === 'sendrecv' || direction === 'sendonly'
export const hears = (direction: Direction) => direction === 'sendrecv' || direction === 'recvonly'

function both(one: Direction, other: Direction): Direction {
  const [bothSend, bothHear] = [sends, hears].map((does) => [one, other].every(does))
  if (bothSend) return bothHear ? 'sendrecv' : 'sendonly'
  return bothHear ? 'recvonly' : 'inactive'
}

function audio(port: number, formats: string[], direction: Direction): Media {
  const attributes = [...formats.map((format) => `rtpmap:${format} ${CODES[format]}`), 'ptime:20']
  return { kind: 'audio', port, protocol: RTP, formats, address: null, direction, attributes }
}

function describe({ address, id, version }: LocalMedia, media: Media[]): Description {
  const origin = { user: '-', id: String(id), version: String(version), address }
  return { origin, address, direction: null, media }
}
