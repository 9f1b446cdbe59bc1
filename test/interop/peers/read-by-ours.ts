/** What our own parsers make of other people's packets, beside what tshark makes of them. */
import { decodeG711 } from '../../../src/protocols/rtp/g711.ts'
import { readRtp } from '../../../src/protocols/rtp/packet.ts'
import { readRtcp } from '../../../src/protocols/rtp/rtcp.ts'
import type { Sound } from './tone.ts'
import type { Wire } from './wire.ts'

/** Packets of RTP and RTCP that we do not read, or read otherwise: a line each. */
export function mediaReadOtherwise({ packets }: Wire): string[] {
  return packets.flatMap(({ protocols, payload, payloadType, sequence, timestamp, ssrc }) => {
    const bytes = bytesOf(payload)
    if (/:rtcp\b/.test(protocols)) return readRtcp(bytes) === null ? [`RTCP ${payload}`] : []
    if (!/:rtp\b/.test(protocols)) return []
    const theirs = [payloadType, sequence, timestamp, ssrc].map(Number).join(' ')
    const packet = readRtp(bytes)
    const ours = packet && [packet.payloadType, packet.sequence, packet.timestamp, packet.ssrc].join(' ')
    return theirs === ours ? [] : [`RTP ${theirs}, by us ${ours}`]
  })
}

/** What a host has said in G.711, decoded by us from the packets of the wire. */
export function saidOnWire({ packets }: Wire, host: string): Sound {
  const said = packets.flatMap(({ from, protocols, payload }) => {
    const packet = from === host && /:rtp\b/.test(protocols) ? readRtp(bytesOf(payload)) : null
    if (packet === null) return []
    return [...decodeG711(packet.payloadType === 0 ? 'ulaw' : 'alaw', packet.payload)]
  })
  return { rate: 8000, samples: Float64Array.from(said, (sample) => sample / 32_768) }
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(':', ''), 'hex')
}
