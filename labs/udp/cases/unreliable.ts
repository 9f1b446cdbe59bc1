/**
 * A cable that loses, doubles or reorders one frame in ten. Numbered datagrams show what it does; then the same
 * cable carries protocols that want everything, and in order.
 */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell as CellOf } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { bytesOf, reorderedOf } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { type CableSettings, REORDER_WAIT_MS } from '../../../src/wire/cable.ts'
import { IP_HEADER_BYTES, type UdpSettings } from '../conditions.ts'
import {
  cableOf,
  copiesOf,
  distinct,
  lostOf,
  type Passage,
  passage,
  passageBack,
  pathMtu,
} from '../datagrams.ts'
import { lossOfWhole, packetsOf, plausibleHits } from '../expectations.ts'
import { portAt, setCable } from '../sockets.ts'

type Cell = CellOf<UdpSettings>

/** TCP doubles its patience with each loss in a row. */
const STREAM_LIMIT_MS = 12_000
const DATAGRAM_EVERY_MS = 2
/** The score interval of E. B. Wilson (1927), for 5 standard deviations: see `isPlausible`. */
const WILSON = 'Wilson, z = 5'

export const loss: CaseOf<UdpSettings> = {
  id: 'loss',
  promise: 'the cable loses 10 % of the frames, each way',
  needs: ['cable'],
  act: (rig, pair, settings) => sendOver(rig, pair, settings, { loss: settings.share }),
  rows: {
    udp: (cell) => [
      shareClaim(cell, 'loss', lostOf, 'never arrived', 'nobody repeats a datagram: what is lost is lost'),
      numbersClaim(cell, 'lost', lostOf),
      senderTold(cell),
    ],
    fragmented: (cell) => [inPieces(cell), lostAsAWhole(cell)],
    'stop-and-wait': (cell) => [delivered(cell), sentAgain(cell), longestWait(cell)],
    tcp: (cell) => [complete(cell), retransmitted(cell)],
  },
}

export const duplicate: CaseOf<UdpSettings> = {
  id: 'duplicate',
  promise: 'the cable delivers 10 % of the frames twice, each way',
  needs: ['cable'],
  act: (rig, pair, settings) => sendOver(rig, pair, settings, { duplicate: settings.share }),
  rows: {
    udp: (cell) => [
      shareClaim(
        cell,
        'duplicate',
        copiesOf,
        'arrived twice',
        'UDP does not know which datagrams it has already had',
      ),
      numbersClaim(cell, 'duplicated', copiesOf),
    ],
    'stop-and-wait': (cell) => [delivered(cell), copiesAnswered(cell)],
    tcp: (cell) => [complete(cell)],
  },
}

export const reorder: CaseOf<UdpSettings> = {
  id: 'reorder',
  promise: 'the cable lets 10 % of the frames be overtaken by the next one, each way',
  needs: ['cable'],
  act: (rig, pair, settings) => sendOver(rig, pair, settings, { reorder: settings.share }),
  rows: {
    udp: (cell) => [
      shareClaim(
        cell,
        'reorder',
        reorderedOf,
        'arrived after one that was sent later',
        'UDP hands over what comes, as it comes',
      ),
      numbersClaim(cell, 'reordered', reorderedOf),
    ],
    'stop-and-wait': (cell) => [delivered(cell)],
    tcp: (cell) => [complete(cell)],
  },
}

async function sendOver(
  rig: Rig,
  pair: Pair,
  settings: UdpSettings,
  change: Partial<CableSettings>,
): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const sender = await atA.udp.open('udp', { to: receiver.at, connected: true })
  const exact = await atB.stopAndWait.receive('stop-and-wait', { port: portAt(b, 'stop-and-wait') })
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await listener.accepted(caller).accepted()
  await setCable(rig, pair, change)

  // One after the other: what is overtaken should be overtaken by its own kind.
  await sender.send({ count: settings.datagrams, bytes: 100, intervalMs: DATAGRAM_EVERY_MS })
  if (change.loss !== undefined) {
    const large = await atB.udp.open('fragmented', { port: portAt(b, 'fragmented') })
    const largeSender = await atA.udp.open('fragmented', { to: large.at, connected: true })
    const { fragmented: count, fragmentedBytes: bytes } = settings
    await largeSender.send({ count, bytes, intervalMs: DATAGRAM_EVERY_MS })
  }
  await rig.sleep(REORDER_WAIT_MS + SLACK_MS)
  await receiver.count()

  const { messages: count, timeoutMs, triesMax } = settings
  await atA.stopAndWait.send('stop-and-wait', exact, { count, timeoutMs, triesMax, bytes: 100 })
  await caller.writeBytes(settings.streamBytes)
  const isSent = rig.untilKernel(a, caller.groupId, { sendQueueBytes: 0 }, { withinMs: STREAM_LIMIT_MS })
  await rig.came(isSent)
  await rig.sleep(SLACK_MS)
}

type Find = (passage: Passage) => Passage['sent']

/** Asked against measured. */
function shareClaim(
  cell: Cell,
  fate: 'loss' | 'duplicate' | 'reorder',
  find: Find,
  words: string,
  because: string,
) {
  const passed = passage(cell)
  const hit = passed && find(passed)
  const count = passed?.sent.length ?? 0
  const asked = cableOf(cell)?.[fate] ?? Number.NaN
  return counts(cell, 'share', plausibleHits(count, asked), hit, 'datagrams', {
    claim: `as many datagrams ${words} as the cable was asked for, within what chance allows`,
    formula: `${count} x ${percent(asked)}, ${WILSON}`,
    because,
    source: 'src/wire/cable.ts; RFC 4737 section 3.3 for what is reordered, RFC 5560 for copies',
    short: percent((hit?.length ?? 0) / count),
  })
}

/** What the receiver's program knows by the numbers in the datagrams, against what the wire shows. */
function numbersClaim(cell: Cell, what: 'lost' | 'duplicated' | 'reordered', find: Find) {
  const passed = passage(cell)
  const onWire = passed === null ? 0 : find(passed).length
  const counted = cell.b.last('udp:counted')
  return counts(cell, 'numbers', onWire, passed && counted?.data[what], 'datagrams', {
    claim: `the receiver knows how many were ${what}, since the application numbered them`,
    formula: `as captured: ${onWire}`,
    because: "UDP's header has two ports, a length and a checksum, and no number",
    source: 'RFC 768; src/protocols/datagrams/tally.ts',
    evidence: [counted],
  })
}

function senderTold(cell: Cell) {
  const { a } = cell
  const taken = a.all('udp:datagram_sent').length
  const told = a.all('udp:error_received').length + a.all('udp:send_failed').length
  return says(cell, 'told', `${cell.settings.datagrams} sent, told of 0`, `${taken} sent, told of ${told}`, {
    claim: 'the sender is told of none of the losses, although its socket is connected',
    formula: 'every send() ok',
    because: 'a frame that vanishes leaves nobody who could say so',
    source: 'RFC 768',
  })
}

function inPieces(cell: Cell) {
  const datagrams = cell.a.all('udp:datagram_sent').length
  const { fragmentedBytes } = cell.settings
  const { mtuBytes } = pathMtu(cell)
  const packets = packetsOf(fragmentedBytes, mtuBytes)
  return counts(cell, 'pieces', datagrams * packets, passage(cell)?.sent ?? null, 'packets', {
    claim: 'each datagram is cut into fragments',
    formula: `${datagrams} x ceil((${fragmentedBytes} + 8) / ${mtuBytes - IP_HEADER_BYTES})`,
    because: 'none of them fits into one packet',
    source: 'RFC 791 section 3.2',
  })
}

function lostAsAWhole(cell: Cell) {
  const sent = cell.a.all('udp:datagram_sent')
  const arrived = new Set(cell.b.all('udp:datagram_received').map(({ data }) => data.number))
  const lost = sent.filter(({ data }) => !arrived.has(data.number))
  const share = cableOf(cell)?.loss ?? Number.NaN
  const packets = packetsOf(cell.settings.fragmentedBytes, pathMtu(cell).mtuBytes)
  const asked = lossOfWhole(share, packets)
  return counts(cell, 'share', plausibleHits(sent.length, asked), lost, 'datagrams', {
    claim: 'a datagram in pieces is lost as a whole when any piece is',
    formula: `${sent.length} x (1 - ${1 - share}^${packets} = ${percent(asked)}), ${WILSON}`,
    because: 'the receiver puts the pieces together, and nobody sends a missing one again',
    source: 'RFC 791 section 3.2; RFC 8085 section 3.2',
    short: percent(lost.length / sent.length),
  })
}

/** All, once, in order. */
function delivered(cell: Cell) {
  const handed = cell.b.all('delivery:handed_over')
  const inOrder = handed.every(({ data }, index) => data.number === index + 1)
  const { messages } = cell.settings
  const found = `${handed.length}${inOrder ? ', each once, in order' : ', not in order'}`
  return says(cell, 'delivered', `${messages}, each once, in order`, found, {
    claim: 'with numbers, acknowledgements and a timer everything arrives, once and in order',
    formula: `1 .. ${messages}`,
    because: `one message at a time; the ${messages} of them took ${stopAndWaitMs(cell)} ms`,
    source: 'src/protocols/stop-and-wait/',
    evidence: [handed[0], handed.at(-1)],
    short: `${handed.length} of ${messages}`,
  })
}

function stopAndWaitMs(cell: Cell): number {
  const began = cell.a.first('udp:datagram_sent')?.time ?? 0
  return Math.round((cell.a.last('delivery:acknowledged')?.time ?? began) - began)
}

function sentAgain(cell: Cell) {
  const [forth, back] = [passage(cell), passageBack(cell)]
  const lostForth = forth === null ? 0 : lostOf(forth).length
  const lostBack = back === null ? 0 : lostOf(back).length
  const { messages } = cell.settings
  const sent = back && (forth?.sent.length ?? null)
  return counts(cell, 'cost', messages + lostForth + lostBack, sent, 'datagrams', {
    claim:
      'it cost one more datagram and one more timeout for each loss, of a message or its acknowledgement',
    formula: `${messages} + ${lostForth} messages lost + ${lostBack} acknowledgements lost`,
    because: `the sender cannot tell which of the two was lost; it all took ${stopAndWaitMs(cell)} ms`,
    source: 'src/protocols/stop-and-wait/sender.ts',
    evidence: cell.a.all('delivery:sent_again'),
  })
}

/** The longest time for which a message waited to be sent again. */
function longestWait(cell: Cell) {
  const passed = passage(cell)
  const gaps = (passed?.sent ?? []).flatMap((packet, index) => {
    const before = passed?.sent[index - 1]
    return before !== undefined && before.data.text === packet.data.text ? [{ before, packet }] : []
  })
  const ms = ({ before, packet }: (typeof gaps)[number]) => packet.time - before.time
  const [longest] = gaps.toSorted((one, other) => ms(other) - ms(one))
  const { timeoutMs } = cell.settings
  const words = {
    claim: 'no message waits longer than the timeout to be sent again; nothing else is sent meanwhile',
    formula: `timeout ${timeoutMs} ms, + slack`,
    because: `${gaps.length} messages were sent again`,
    source: 'src/protocols/stop-and-wait/sender.ts',
    evidence: cell.a.all('delivery:sent_again'),
  }
  // Once in five thousand runs nothing is lost, and nobody waits.
  if (passed !== null && longest === undefined) {
    return nothing(cell, 'waits', cell.a.all('delivery:sent_again'), cell.watch, words)
  }
  const expected = { minMs: timeoutMs, maxMs: timeoutMs }
  return took(cell, 'waits', expected, passed && longest?.before.time, longest?.packet.time, words)
}

function copiesAnswered(cell: Cell) {
  const [forth, back] = [passage(cell), passageBack(cell)]
  const received = forth?.received ?? []
  const copies = forth === null ? 0 : copiesOf(forth).length
  return counts(cell, 'cost', received.length, forth && (back?.sent ?? null), 'acknowledgements', {
    claim: 'it cost an acknowledgement for each copy',
    formula: `${distinct(received).size} datagrams + ${copies} copies of them`,
    because: 'a copy may mean that the acknowledgement before was lost, so it is answered too',
    source: 'src/protocols/stop-and-wait/receiver.ts',
  })
}

function complete(cell: Cell) {
  const bytes = bytesOf(cell.b.all('tcp:received'))
  const { streamBytes } = cell.settings
  return counts(cell, 'complete', streamBytes, bytes, 'bytes', {
    claim: 'TCP over the same cable: every byte arrives, once',
    formula: 'as written',
    because: 'its kernels do what stop-and-wait does, with many segments under way at once',
    source: 'RFC 9293 section 3.4',
    evidence: cell.b.all('tcp:received').slice(-1),
    short: bytes === streamBytes ? 'ALL' : 'PART',
  })
}

function retransmitted(cell: Cell) {
  const passed = passage(cell)
  const withData = passed?.sent.filter(({ data }) => data.bytes > 0) ?? []
  const lost = passed === null ? 0 : lostOf({ sent: withData, received: passed.received }).length
  const again = withData.filter(({ data }) => data.kind === 'retransmission')
  return counts(cell, 'cost', { min: lost, max: withData.length }, passed && again, 'segments', {
    claim: 'it cost at least a segment sent again for each that was lost',
    formula: `${lost} lost .. ${withData.length} sent in all`,
    because: 'some of those were only late, or only their acknowledgement was lost',
    source: 'RFC 6298, RFC 8985',
  })
}

/** `10 %`, `34.4 %` */
function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}
