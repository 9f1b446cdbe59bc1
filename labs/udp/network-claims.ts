/**
 * What the network between does to datagrams, and what it takes to do without: the cases `loss`, `duplicate`,
 * `reorder`, `sizes`, `black-hole`. All of them are counted from captured packets.
 */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { IP_HEADER_BYTES, LARGEST_BYTES, UDP_HEADER_BYTES, type UdpSettings } from './conditions.ts'
import { fitsInOnePacket, lossOfWhole, packetsOf, plausibleHits, segmentBytesMax } from './expectations.ts'
import { type Captured, copiesOf, distinct, lostOf, reorderedOf, SeenCell } from './seen.ts'

type Claims = (TimedClaim | null)[]

/** The score interval of E. B. Wilson (1927), for 5 standard deviations: see `isPlausible`. */
const WILSON = 'Wilson, z = 5'

export function networkClaims(log: LabLog, settings: UdpSettings): Claims {
  const of = (caseId: string, mechanism: string, claims: (cell: SeenCell) => Claims): Claims => {
    const cell = SeenCell.of(log, caseId, mechanism)
    return cell?.isCaptured ? claims(cell) : []
  }
  return [
    ...of('loss', 'udp', (cell) => [
      shareClaim(cell, 'loss'),
      numbersClaim(cell, 'lost'),
      senderTold(cell, settings),
    ]),
    ...of('loss', 'fragmented', (cell) => fragmentedLoss(cell, settings)),
    ...of('loss', 'stop-and-wait', (cell) => [
      delivered(cell, settings),
      sentAgain(cell, settings),
      waits(cell, settings),
    ]),
    ...of('loss', 'tcp', (cell) => [streamComplete(cell, settings), retransmitted(cell)]),
    ...of('duplicate', 'udp', (cell) => [shareClaim(cell, 'duplicate'), numbersClaim(cell, 'duplicated')]),
    ...of('duplicate', 'stop-and-wait', (cell) => [delivered(cell, settings), copiesAnswered(cell)]),
    ...of('duplicate', 'tcp', (cell) => [streamComplete(cell, settings)]),
    ...of('reorder', 'udp', (cell) => [shareClaim(cell, 'reorder'), numbersClaim(cell, 'reordered')]),
    ...of('reorder', 'stop-and-wait', (cell) => [delivered(cell, settings)]),
    ...of('reorder', 'tcp', (cell) => [streamComplete(cell, settings)]),
    ...of('sizes', 'udp', sizesUdp),
    ...of('sizes', 'udp-df', sizesDontFragment),
    ...of('sizes', 'tcp', sizesTcp),
    ...of('black-hole', 'udp', blackHoleUdp),
    ...of('black-hole', 'udp-df', blackHoleUdp),
    ...of('black-hole', 'tcp', (cell) => blackHoleTcp(cell, log)),
  ]
}

// ---- loss, duplicate, reorder -------------------------------------------------------------------

const FATES = {
  loss: {
    words: 'never arrived',
    find: lostOf,
    because: 'nobody repeats a datagram: what is lost is lost',
  },
  duplicate: {
    words: 'arrived twice',
    find: (_sent: readonly Captured[], received: readonly Captured[]) => copiesOf(received),
    because: 'UDP does not know which datagrams it has had',
  },
  reorder: {
    words: 'arrived after one that was sent later',
    find: reorderedOf,
    because: 'UDP hands over what comes, as it comes',
  },
} as const

/** Asked against measured. */
function shareClaim(cell: SeenCell, fate: keyof typeof FATES): TimedClaim {
  const { sent, received } = bothEnds(cell)
  const { words, find, because } = FATES[fate]
  const hit = find(sent, received)
  const asked = cell.cable()?.[fate] ?? Number.NaN
  return cell.claim('share', {
    claim: `as many ${words} as was asked of the cable, within what chance allows`,
    formula: `${sent.length} x ${percent(asked)}, ${WILSON}`,
    expected: { ...plausibleHits(sent.length, asked), unit: 'datagrams' },
    observed: { value: hit.length, unit: 'datagrams' },
    because,
    source: 'src/wire/cable.ts; RFC 4737 section 3.3 for what is reordered, RFC 5560 for copies',
    evidence: hit,
    short: percent(hit.length / sent.length),
  })
}

/** What the receiver's program knows by the numbers in the datagrams, against what the wire shows. */
function numbersClaim(cell: SeenCell, what: 'lost' | 'duplicated' | 'reordered'): TimedClaim {
  const { sent, received } = bothEnds(cell)
  const onWire = {
    lost: lostOf(sent, received),
    duplicated: copiesOf(received),
    reordered: reorderedOf(sent, received),
  }[what]
  const counted = cell.all('b', 'udp:counted').at(-1)
  return cell.claim('numbers', {
    claim: `the receiver knows how many were ${what}, since the application numbered them`,
    formula: `as captured: ${onWire.length}`,
    expected: { min: onWire.length, max: onWire.length, unit: 'datagrams' },
    observed: { value: counted?.data[what] ?? null, unit: 'datagrams' },
    because: "UDP's header has two ports, a length and a checksum, and no number",
    source: 'RFC 768; src/protocols/datagrams/tally.ts',
    evidence: [counted],
  })
}

function senderTold(cell: SeenCell, { datagrams }: UdpSettings): TimedClaim {
  const taken = cell.all('a', 'udp:datagram_sent').length
  const told = cell.all('a', 'udp:error_received').length + cell.all('a', 'udp:send_failed').length
  return cell.claim('told', {
    claim: 'the sender is told of none of the losses, although its socket is connected',
    formula: 'every send() ok',
    expected: { oneOf: [`${datagrams} sent, told of 0`] },
    observed: { value: `${taken} sent, told of ${told}` },
    because: 'a frame that vanishes leaves nobody who could say so',
    source: 'RFC 768',
    evidence: [],
  })
}

function fragmentedLoss(cell: SeenCell, { fragmentedBytes }: UdpSettings): Claims {
  const sent = cell.all('a', 'udp:datagram_sent')
  const arrived = new Set(cell.all('b', 'udp:datagram_received').map(({ data }) => data.number))
  const lost = sent.filter(({ data }) => !arrived.has(data.number))
  const loss = cell.cable()?.loss ?? Number.NaN
  const packets = packetsOf(fragmentedBytes, cell.pathMtuBytes())
  const asked = lossOfWhole(loss, packets)
  const { sent: onWire } = bothEnds(cell)
  return [
    cell.claim('pieces', {
      claim: 'each datagram is cut into fragments',
      formula: `${sent.length} x ceil((${fragmentedBytes} + 8) / ${cell.pathMtuBytes() - IP_HEADER_BYTES})`,
      expected: { min: sent.length * packets, max: sent.length * packets, unit: 'packets' },
      observed: { value: onWire.length, unit: 'packets' },
      because: 'none of them fits into one packet',
      source: 'RFC 791 section 3.2',
      evidence: onWire.slice(0, packets),
    }),
    cell.claim('share', {
      claim: 'a datagram in pieces is lost as a whole when any piece is',
      formula: `${sent.length} x (1 - ${1 - loss}^${packets} = ${percent(asked)}), ${WILSON}`,
      expected: { ...plausibleHits(sent.length, asked), unit: 'datagrams' },
      observed: { value: lost.length, unit: 'datagrams' },
      because: 'the receiver puts the pieces together, and nobody sends a missing one again',
      source: 'RFC 791 section 3.2; RFC 8085 section 3.2',
      evidence: lost,
      short: percent(lost.length / sent.length),
    }),
  ]
}

/** All, once, in order. */
function delivered(cell: SeenCell, { messages }: UdpSettings): TimedClaim {
  const handed = cell.all('b', 'delivery:handed_over')
  const inOrder = handed.every(({ data }, index) => data.number === index + 1)
  const took = stopAndWaitMs(cell)
  return cell.claim('delivered', {
    claim: 'with numbers, acknowledgements and a timer all arrive, once and in order',
    formula: `1 .. ${messages}`,
    expected: { oneOf: [`${messages}, each once, in order`] },
    observed: { value: `${handed.length}${inOrder ? ', each once, in order' : ', not in order'}` },
    because: `one message at a time; the ${messages} of them took ${Math.round(took)} ms`,
    source: 'src/protocols/stop-and-wait/',
    evidence: [handed[0], handed.at(-1)],
    short: `${handed.length} of ${messages}`,
  })
}

function stopAndWaitMs(cell: SeenCell): number {
  const sent = cell.all('a', 'udp:datagram_sent')
  return (cell.all('a', 'delivery:acknowledged').at(-1)?.time ?? 0) - (sent[0]?.time ?? 0)
}

function sentAgain(cell: SeenCell, { messages }: UdpSettings): TimedClaim {
  const forth = bothEnds(cell)
  const back = {
    sent: cell.packets('b', 'sent') ?? [],
    received: cell.packets('a', 'received') ?? [],
  }
  const lostForth = lostOf(forth.sent, forth.received).length
  const lostBack = lostOf(back.sent, back.received).length
  const expected = messages + lostForth + lostBack
  return cell.claim('cost', {
    claim: 'it cost a datagram and a timeout more for each loss, of a message or its acknowledgement',
    formula: `${messages} + ${lostForth} messages lost + ${lostBack} acknowledgements lost`,
    expected: { min: expected, max: expected, unit: 'datagrams' },
    observed: { value: forth.sent.length, unit: 'datagrams' },
    because: `the sender cannot tell which of the two was lost; it all took ${Math.round(stopAndWaitMs(cell))} ms`,
    source: 'src/protocols/stop-and-wait/sender.ts',
    evidence: cell.all('a', 'delivery:sent_again'),
  })
}

/** The longest time for which a message waited to be sent again. */
function waits(cell: SeenCell, { timeoutMs }: UdpSettings): TimedClaim {
  const { sent } = bothEnds(cell)
  const gaps = sent.flatMap((packet, index) => {
    const before = sent[index - 1]
    return before !== undefined && before.data.text === packet.data.text ? [packet.time - before.time] : []
  })
  const longest = gaps.length === 0 ? null : Math.round(Math.max(...gaps))
  const shortest = gaps.length === 0 ? '' : `; the shortest ${Math.round(Math.min(...gaps))} ms`
  return cell.claim('waits', {
    claim: 'the longest wait for an acknowledgement that did not come; nothing is sent meanwhile',
    formula: `timeout ${timeoutMs} ms, + slack`,
    // Once in five thousand runs nothing is lost, and nobody waits.
    expected:
      longest === null
        ? { value: null }
        : { min: timeoutMs - STAMP_MS, max: timeoutMs + SLACK_MS, unit: 'ms' },
    observed: { value: longest, unit: 'ms' },
    because: `${gaps.length} messages were sent again${shortest}`,
    source: 'src/protocols/stop-and-wait/sender.ts',
    evidence: cell.all('a', 'delivery:sent_again'),
  })
}

function copiesAnswered(cell: SeenCell): TimedClaim {
  const { received } = bothEnds(cell)
  const answers = cell.packets('b', 'sent') ?? []
  return cell.claim('cost', {
    claim: 'it cost an acknowledgement for each copy',
    formula: `${distinct(received).size} datagrams + ${copiesOf(received).length} copies of them`,
    expected: { min: received.length, max: received.length, unit: 'acknowledgements' },
    observed: { value: answers.length, unit: 'acknowledgements' },
    because: 'a copy may mean that the acknowledgement before was lost, so it is answered too',
    source: 'src/protocols/stop-and-wait/receiver.ts',
    evidence: answers,
  })
}

function streamComplete(cell: SeenCell, { streamBytes }: UdpSettings): TimedClaim {
  const bytes = cell.all('b', 'tcp:received').reduce((sum, { data }) => sum + data.bytes, 0)
  return cell.claim('complete', {
    claim: 'TCP over the same cable: every byte arrives, once',
    formula: 'as written',
    expected: { min: streamBytes, max: streamBytes, unit: 'bytes' },
    observed: { value: bytes, unit: 'bytes' },
    because: 'its kernels do what stop-and-wait does, with many segments under way at once',
    source: 'RFC 9293 section 3.4',
    evidence: [],
    short: bytes === streamBytes ? 'ALL' : 'PART',
  })
}

function retransmitted(cell: SeenCell): TimedClaim {
  const { sent, received } = bothEnds(cell)
  const withData = sent.filter(({ data }) => data.bytes > 0)
  const lost = lostOf(withData, received)
  const again = withData.filter(({ data }) => data.kind === 'retransmission')
  return cell.claim('cost', {
    claim: 'it cost at least a segment sent again for each that was lost',
    formula: `${lost.length} lost .. ${withData.length} sent in all`,
    expected: { min: lost.length, max: withData.length, unit: 'segments' },
    observed: { value: again.length, unit: 'segments' },
    because: 'some are sent again that were only late, or whose acknowledgement was lost',
    source: 'RFC 6298, RFC 8985',
    evidence: again,
  })
}

// ---- sizes --------------------------------------------------------------------------------------

function sizesUdp(cell: SeenCell): Claims {
  const mtu = cell.pathMtuBytes()
  const fits = fitsInOnePacket(mtu)
  const pieces = piecesOf(cell)
  const received = cell.all('b', 'udp:datagram_received').map(({ data }) => data.bytes)
  const refused = cell.first('a', 'udp:send_failed')
  const inPackets = (what: string, bytes: number, index: number, claim: string, short?: string) => {
    const expected = packetsOf(bytes, mtu)
    return cell.claim(what, {
      claim,
      formula: `ceil((${bytes} + 8) / ${mtu - IP_HEADER_BYTES}), path MTU ${mtu}`,
      expected: { min: expected, max: expected, unit: 'packets' },
      observed: { value: pieces[index]?.length ?? null, unit: 'packets' },
      because: 'IP cuts what is too large for the wire, in units of 8 bytes; UDP does not know',
      source: 'RFC 791 section 3.2; ip(7): IP_MTU',
      evidence: pieces[index] ?? [],
      ...(short === undefined ? {} : { short }),
    })
  }
  return [
    inPackets('fits', fits, 0, `${fits} bytes go in one packet`),
    inPackets('one-more', fits + 1, 1, 'one byte more, and they are two'),
    inPackets('largest', LARGEST_BYTES, 2, `65,535 - 20 - 8 = ${LARGEST_BYTES} bytes, the largest there is`),
    cell.claim('whole', {
      claim: 'each arrives as one message, however many packets it took',
      formula: 'as sent',
      expected: { oneOf: [`${fits}, ${fits + 1}, ${LARGEST_BYTES} bytes`] },
      observed: { value: `${received.join(', ')} bytes` },
      because: "the receiver's kernel puts the fragments together before its program sees anything",
      source: 'RFC 791 section 3.2; RFC 768',
      evidence: cell.all('b', 'udp:datagram_received'),
      short: `${received.length} of 4`,
    }),
    cell.claim('too-large', {
      claim: 'one byte more is refused by the own kernel, and nothing is sent',
      formula: `${LARGEST_BYTES + 1} + 8 + 20 > 65,535`,
      expected: { oneOf: [`${LARGEST_BYTES + 1} bytes: EMSGSIZE, 0 packets`] },
      observed: {
        value:
          refused === undefined
            ? null
            : `${refused.data.bytes} bytes: ${refused.data.code}, ${pieces[3]?.length ?? 0} packets`,
      },
      because: 'the length of an IP packet has 16 bits',
      source: 'RFC 791 section 3.1; send(2): EMSGSIZE',
      evidence: [refused],
    }),
  ]
}

/** The packets of each datagram that left a, in order. */
function piecesOf(cell: SeenCell): Captured[][] {
  const pieces: Captured[][] = []
  for (const packet of cell.packets('a', 'sent') ?? []) {
    if (packet.data.kind === 'datagram') pieces.push([packet])
    else pieces.at(-1)?.push(packet)
  }
  return pieces
}

function sizesDontFragment(cell: SeenCell): Claims {
  const fits = fitsInOnePacket(cell.pathMtuBytes())
  const received = cell.all('b', 'udp:datagram_received')
  const refused = cell.first('a', 'udp:send_failed')
  const sent = cell.packets('a', 'sent') ?? []
  return [
    cell.claim('fits', {
      claim: 'what fits goes, and is not cut',
      formula: 'path MTU - 20 - 8',
      expected: { oneOf: [`${fits} bytes, 1 packet`] },
      observed: {
        value: `${received.map(({ data }) => data.bytes).join(', ')} bytes, ${sent.length} ${sent.length === 1 ? 'packet' : 'packets'}`,
      },
      because: 'only what fits was put on the wire',
      source: 'ip(7): IP_PMTUDISC_DO',
      evidence: [...sent, ...received],
    }),
    cell.claim('one-more', {
      claim: 'who forbids fragments is refused one byte more',
      formula: `${fits + 1} + 8 + 20 > path MTU`,
      expected: { oneOf: [`${fits + 1} bytes: EMSGSIZE`] },
      observed: { value: refused === undefined ? null : `${refused.data.bytes} bytes: ${refused.data.code}` },
      because: 'its kernel knows the MTU of its own network card',
      source: 'ip(7): IP_MTU_DISCOVER; RFC 1191',
      evidence: [refused],
      short: 'TOO BIG',
    }),
  ]
}

function sizesTcp(cell: SeenCell): Claims {
  const received = cell.all('b', 'tcp:received').reduce((sum, { data }) => sum + data.bytes, 0)
  const largest = Math.max(0, ...(cell.packets('a', 'sent') ?? []).map(({ data }) => data.bytes))
  const { mtu, evidence } = mtuOfHost(cell)
  return [
    cell.claim('whole', {
      claim: 'the bytes that UDP refused are nothing special to a stream',
      formula: 'as written',
      expected: { min: LARGEST_BYTES + 1, max: LARGEST_BYTES + 1, unit: 'bytes' },
      observed: { value: received, unit: 'bytes' },
      because: 'a stream has no size',
      source: 'RFC 9293 section 3.7',
      evidence: [],
      short: 'ALL',
    }),
    cell.claim('segments', {
      claim: 'TCP itself cuts them so that nobody else has to',
      formula: `${mtu} - 20 - 20`,
      expected: { min: 1, max: segmentBytesMax(mtu), unit: 'bytes' },
      observed: { value: largest, unit: 'bytes' },
      because: 'it knows its maximum segment size from the handshake',
      source: 'RFC 9293 section 3.7.1; RFC 6691',
      evidence,
    }),
  ]
}

/** As the UDP sockets beside know it. */
function mtuOfHost(cell: SeenCell) {
  const bound = cell.ofHost('a', 'udp:bound').find(({ data }) => data.pathMtuBytes !== undefined)
  return { mtu: bound?.data.pathMtuBytes ?? Number.NaN, evidence: [bound] }
}

// ---- black-hole ---------------------------------------------------------------------------------

function blackHoleUdp(cell: SeenCell): Claims {
  const { sent } = bothEnds(cell)
  const limit = cell.cable()?.mtuBytes ?? Number.NaN
  const fits = limit - IP_HEADER_BYTES - UDP_HEADER_BYTES
  const received = cell.all('b', 'udp:datagram_received')
  const told = [...cell.all('a', 'udp:error_received'), ...cell.all('a', 'udp:send_failed')]
  const icmp = cell.packets('a', 'received')?.filter(({ data }) => data.kind === 'icmp-error') ?? []
  return [
    cell.claim('arrives', {
      claim: `of ${fits} and ${fits + 1} bytes sent only the smaller one arrives`,
      formula: `${limit} - 20 - 8`,
      expected: { oneOf: [`${sent.length} sent, received ${fits} bytes`] },
      observed: {
        value: `${sent.length} sent, received ${received.map(({ data }) => data.bytes).join(', ') || 'no'} bytes`,
      },
      because: 'a packet that is too large on the way is thrown away there',
      source: 'RFC 2923 section 2.1; RFC 4821',
      evidence: [...sent, ...received],
      short: `${received.length} of ${sent.length}`,
    }),
    cell.claim('told', {
      claim: 'nobody says so: no error, no ICMP message, for the whole watch',
      formula: 'no ICMP type 3, code 4',
      expected: { value: null },
      observed: {
        value: [...told.map(({ data }) => data.code), ...icmp.map(({ data }) => data.text)][0] ?? null,
        watchedMs: cell.watchedMs,
      },
      because: "the sender's kernel knows only its own MTU; the way's it learns only if somebody tells it",
      source: 'RFC 1191 section 1; RFC 2923 section 2.1',
      evidence: [...told, ...icmp],
    }),
  ]
}

function blackHoleTcp(cell: SeenCell, log: LabLog): Claims {
  const received = cell.all('b', 'tcp:received').reduce((sum, { data }) => sum + data.bytes, 0)
  const small = 'small'.length
  const updates = cell.all('a', 'kernel:socket_updated')
  const last = updates.at(-1)
  const again = Math.max(0, ...updates.map(({ data }) => data.new?.retransmits ?? 0))
  return [
    cell.claim('stuck', {
      claim: 'a connection that came up, and carried a small message, carries no large one',
      formula: `tcp_mtu_probing ${cell.sysctl('a', 'tcp_mtu_probing')}`,
      expected: { oneOf: [`${small} bytes received, ESTABLISHED, sent again`] },
      observed: {
        value: `${received} bytes received, ${last?.data.new?.state ?? 'no entry'}, ${again > 0 ? 'sent again' : 'not sent again'}`,
      },
      because: `each full segment vanishes, as the handshake did not; host a's kernel: ${kernelWords(log, cell.host('a'), 'tcp', cell.to)}`,
      source: 'RFC 2923 section 2.1; ip-sysctl: tcp_mtu_probing; RFC 4821',
      evidence: [last],
      short: 'STUCK',
    }),
  ]
}

function bothEnds(cell: SeenCell): { sent: Captured[]; received: Captured[] } {
  const ofA = (packets: Captured[] | null) => packets?.filter(({ data }) => data.kind !== 'icmp-error') ?? []
  return { sent: ofA(cell.packets('a', 'sent')), received: ofA(cell.packets('b', 'received')) }
}

/** `10 %`, `34.4 %` */
function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}
