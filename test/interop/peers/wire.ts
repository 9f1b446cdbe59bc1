/** What tshark says of telephone calls' packets, all of it from one look at the file: it needs seconds to start. */
import { tshark } from '../../support/tshark.ts'

/** From here on its expert information is a warning or an error (PI_WARN). */
const WARNING = 6_291_456
const DOUBT = `_ws.malformed || sdp.invalid || (_ws.expert.severity >= ${WARNING} && !tcp.analysis.flags)`
const FIELDS = {
  atSeconds: 'frame.time_relative',
  from: 'ip.src',
  protocols: 'frame.protocols',
  severity: '_ws.expert.severity',
  words: '_ws.expert.message',
  method: 'sip.Method',
  status: 'sip.Status-Code',
  of: 'sip.CSeq.method',
  payloadType: 'rtp.p_type',
  sequence: 'rtp.seq',
  timestamp: 'rtp.timestamp',
  ssrc: 'rtp.ssrc',
  payload: 'udp.payload',
} as const
type Packet = Record<keyof typeof FIELDS, string>

export interface RtpStream {
  from: string
  packets: number
  /** Numbers that were left out, or came in another order. */
  outOfOrder: number
}

/** A message of SIP, as in `INVITE` and `407 INVITE`. */
export interface Told {
  from: string
  words: string
  atSeconds: number
}

export interface Wire {
  packets: readonly Packet[]
  /** What it cannot read, or warns of: a line for each packet; none of a clean call. TCP's course is not asked. */
  doubts: string[]
  ladder: Told[]
  streams: RtpStream[]
  /** How many packets its own statistics of RTP miss, of each stream. */
  lost: number[]
}

/** @throws Error when tshark cannot read the file */
export function readWire(file: string): Wire {
  const options = ['-T', 'fields', ...Object.values(FIELDS).flatMap((field) => ['-e', field])]
  const filter = `!icmp && (sip || rtp || rtcp || ${DOUBT})`
  const lines = tshark(file, filter, [...options, '-z', 'rtp,streams'])
  const end = lines.findIndex((line) => line.includes('RTP Streams'))
  const packets = lines.slice(0, end).map(readFields)
  return {
    packets,
    doubts: packets.filter(isDoubtful).map((packet) => `${packet.from} ${packet.protocols}: ${packet.words}`),
    ladder: packets.flatMap((packet) => toldIn(packet) ?? []),
    streams: streamsIn(packets),
    lost: lines.slice(end).flatMap((line) => lostIn(line) ?? []),
  }
}

function readFields(line: string): Packet {
  const values = line.split('\t')
  const names = Object.keys(FIELDS) as (keyof typeof FIELDS)[]
  return Object.fromEntries(names.map((name, place) => [name, values[place] ?? ''])) as Packet
}

function isDoubtful({ protocols, severity }: Packet): boolean {
  const isOfTcp = /:tcp$/.test(protocols)
  return (
    /malformed/.test(protocols) || (!isOfTcp && severity.split(',').some((each) => Number(each) >= WARNING))
  )
}

function toldIn({ from, method, status, of, atSeconds }: Packet): Told | null {
  if (method === '' && status === '') return null
  return { from, words: method === '' ? `${status} ${of}` : method, atSeconds: Number(atSeconds) }
}

function streamsIn(packets: readonly Packet[]): RtpStream[] {
  const streams = new Map<string, RtpStream & { last: number }>()
  for (const { from, ssrc, sequence } of packets) {
    if (ssrc === '' || sequence === '') continue
    const last = Number(sequence)
    const stream = streams.get(`${from} ${ssrc}`)
    if (stream === undefined) {
      streams.set(`${from} ${ssrc}`, { from, packets: 1, outOfOrder: 0, last })
      continue
    }
    stream.packets += 1
    if (last !== ((stream.last + 1) & 0xffff)) stream.outOfOrder += 1
    stream.last = last
  }
  return [...streams.values()].map(({ last, ...stream }) => stream)
}

/** A line of its table, as in `0 (0.0%)`. */
function lostIn(line: string): number | null {
  const lost = /\s(-?\d+) \(-?[\d.]+%\)/.exec(line)?.[1]
  return lost === undefined ? null : Number(lost)
}
