/** What tshark says of a telephone call's packets. */
import { tshark, tsharkFields } from '../../support/tshark.ts'

/** From here on its expert information is a warning or an error (PI_WARN). */
const WARNING = 6_291_456

/** Packets that it cannot read, or warns of: a line each. What it says of TCP's course is about the machine's. */
export function doubtful(file: string): string[] {
  return tshark(
    file,
    `_ws.malformed || sdp.invalid || (_ws.expert.severity >= ${WARNING} && !tcp.analysis.flags)`,
  )
}

export interface RtpStream {
  from: string
  packets: number
  /** Numbers that were left out, or came in another order. */
  outOfOrder: number
}

/** The streams of RTP, by what stands in their packets. */
export function rtpStreams(file: string): RtpStream[] {
  const streams = new Map<string, RtpStream & { last: number }>()
  for (const [from = '', source = '', number = ''] of tsharkFields(file, 'rtp && !icmp', [
    'ip.src',
    'rtp.ssrc',
    'rtp.seq',
  ])) {
    const last = Number(number)
    const stream = streams.get(`${from} ${source}`)
    if (stream === undefined) {
      streams.set(`${from} ${source}`, { from, packets: 1, outOfOrder: 0, last })
      continue
    }
    stream.packets += 1
    if (last !== ((stream.last + 1) & 0xffff)) stream.outOfOrder += 1
    stream.last = last
  }
  return [...streams.values()].map(({ last, ...stream }) => stream)
}

/** How many packets its own statistics of RTP miss, of each stream. */
export function rtpLost(file: string): number[] {
  const table = tshark(file, 'rtp', ['-q', '-z', 'rtp,streams'])
  return table.flatMap((line) => {
    const lost = /\s(-?\d+) \(-?[\d.]+%\)/.exec(line)?.[1]
    return lost === undefined ? [] : [Number(lost)]
  })
}

/** Requests and answers of SIP in the order of the wire, as in `INVITE` and `407 INVITE`. */
export function sipLadder(file: string): { from: string; words: string; atSeconds: number }[] {
  const fields = ['frame.time_relative', 'ip.src', 'sip.Method', 'sip.Status-Code', 'sip.CSeq.method']
  return tsharkFields(file, 'sip', fields).map(([at, from = '', method = '', status = '', of = '']) => ({
    from,
    words: method === '' ? `${status} ${of}` : method,
    atSeconds: Number(at),
  }))
}
