/** One request, a heartbeat of one byte, and as much as fits: what of each frame is left for its user? */

import type { Pair } from '../../../src/hosts/host.ts'
import { betweenLooks, grown } from '../../../src/lab/card-looks.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { bytesOf, type Captured, isNew, sent } from '../../../src/lab/packets.ts'
import { readCard } from '../../../src/rig/cards.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { FramesSettings } from '../conditions.ts'
import {
  AROUND_BYTES,
  ETHERNET_BYTES,
  eachLayer,
  headersBytes,
  IP_BYTES,
  leftBytes,
  tcpHeaderBytes,
} from '../expectations.ts'
import { SOON } from '../kernels.ts'

/** Longer than the case: the server says no goodbye meanwhile. */
const KEPT_MS = 60_000

export const headers: CaseOf<FramesSettings> = {
  id: 'headers',
  promise: 'an HTTP request, heartbeats of one byte and 20,000 bytes in a row, all by the same card',
  needs: ['network'],
  act: converse,
  rows: { http, heartbeat, bulk },
}

export const smallMtu: CaseOf<FramesSettings> = {
  id: 'small-mtu',
  promise: 'the same at an MTU of 576 instead of 1500',
  needs: ['network'],
  act: (rig, pair, settings) => converseAt(settings.smallMtuBytes, rig, pair, settings),
  rows: { http, heartbeat, bulk },
}

export const tinyMtu: CaseOf<FramesSettings> = {
  id: 'tiny-mtu',
  promise: 'the same at an MTU of 296',
  needs: ['network'],
  act: (rig, pair, settings) => converseAt(settings.tinyMtuBytes, rig, pair, settings),
  rows: { bulk },
}

async function converseAt(mtuBytes: number, rig: Rig, pair: Pair, settings: FramesSettings): Promise<void> {
  for (const host of [pair.a, pair.b]) {
    await rig.run(host, ['ip', 'link', 'set', 'dev', 'eth0', 'mtu', String(mtuBytes)])
  }
  await converse(rig, pair, settings)
}

async function converse(rig: Rig, pair: Pair, settings: FramesSettings): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const site = await atB.http.listen('http', { keepAliveTimeoutMs: KEPT_MS })
  await readCard(rig, a)

  await atA.http.get('http', site, { by: 'node' })
  await rig.came(rig.untilEvent(a, 'http:response_received', { mechanism: 'http', ...SOON }))

  const beating = await rig.connectTcp(pair, 'heartbeat')
  for (let beat = 0; beat < settings.beats; beat++) {
    await beating.client.write('.')
    await rig.sleep(settings.beatEveryMs)
  }

  const carrying = await rig.connectTcp(pair, 'bulk')
  await carrying.client.writeBytes(settings.bulkBytes)
  await rig.came(rig.untilKernel(a, carrying.client.groupId, { sendQueueBytes: 0 }, SOON))
  // The last acknowledgements may be delayed.
  await rig.sleep(SLACK_MS)
  await readCard(rig, a)
}

function http(cell: Cell<FramesSettings>): Claims {
  const request = firstData(cell)
  const packets = cell.a.packets()
  const empty = packets?.filter(({ data }) => data.bytes === 0) ?? null
  return [
    layers(cell, request),
    counts(cell, 'length', inAll(cell, request), request && lengthOf(request), 'bytes', {
      claim: 'the headers and the request make up the whole frame, as the kernel measured it',
      formula: `${headersBytes(timestamps(cell))} + ${request?.data.bytes ?? 0}`,
      because: 'nothing else is in it; on a real cable 8 bytes go before it, 4 check it and 12 keep distance',
      source: 'IEEE 802.3 sections 3.2 and 4.4.2',
      evidence: [request ?? undefined],
      short: request ? `${lengthOf(request)} B` : '?',
    }),
    counts(cell, 'empty', { min: 4, max: packets?.length ?? 0 }, empty, 'frames', {
      claim: 'many frames of one request carry nothing for anybody but the two kernels',
      formula: 'at least SYN, SYN ACK, ACK, and one acknowledgement',
      because: `${packets?.length ?? 0} frames, ${lengthsOf(packets)} bytes, for an answer whose page is "here"`,
      source: 'RFC 9293 sections 3.5 and 3.8.6.3',
    }),
  ]
}

function heartbeat(cell: Cell<FramesSettings>): Claims {
  const { beats } = cell.settings
  const beat = firstData(cell)
  const of = headersBytes(timestamps(cell))
  const open = cell.a.first('tcp:connected')
  const packets = open === undefined ? null : cell.packets({ from: open.time })
  // Each as its sender's card saw it: so nothing is counted twice.
  const all = sent(packets)?.filter(isNew) ?? null
  return [
    layers(cell, beat),
    says(
      cell,
      'share',
      `${of} of ${of + 1} bytes`,
      beat === null ? null : beat ? `${headersOf(beat)} of ${lengthOf(beat)} bytes` : '',
      {
        claim: 'a heartbeat of one byte is headers and hardly anything else',
        formula: `${ETHERNET_BYTES} + ${IP_BYTES} + ${tcpHeaderBytes(timestamps(cell))}, of one more`,
        because: 'every frame bears the same headers, however little it carries',
        source: 'RFC 791 section 3.1; RFC 9293 section 3.1; RFC 7323 appendix A',
        evidence: [beat ?? undefined],
        short: beat ? percent(headersOf(beat) / lengthOf(beat)) : '?',
      },
    ),
    counts(
      cell,
      'cost',
      { min: beats * (of + 1) + of, max: beats * (2 * of + 1) },
      all && lengthsOf(all),
      'bytes',
      {
        claim: `${beats} bytes of heartbeat cost twice as many frames: each is acknowledged`,
        formula: `${beats} x ${of + 1}, and ${of} for one acknowledgement at least, for each at most`,
        because: `${all?.length ?? 0} frames; an acknowledgement is headers alone`,
        source: 'RFC 9293 section 3.8.6.3; RFC 1122 section 4.2.3.2',
        evidence: all ?? [],
      },
    ),
  ]
}

function bulk(cell: Cell<FramesSettings>): Claims {
  const { a } = cell
  const data = sent(a.packets())?.filter(({ data }) => data.bytes > 0) ?? null
  const largest = data?.toSorted((one, other) => lengthOf(other) - lengthOf(one))[0]
  const mtuBytes = a.ofHost('kernel:card_read').at(-1)?.data.mtuBytes ?? Number.NaN
  const left = leftBytes(mtuBytes, timestamps(cell))
  const full = mtuBytes + ETHERNET_BYTES
  const { bulkBytes } = cell.settings
  const frames = Math.ceil(bulkBytes / left)
  const between = betweenLooks(a)
  const surely = between && sent(a.everyPacket(between.surely))
  const all = between && sent(a.everyPacket(between.perhaps))
  const counted = { min: lengthsOf(surely), max: lengthsOf(all) }
  const conversations = new Set(all?.flatMap(({ group_id }) => group_id ?? [])).size
  return [
    counts(cell, 'full', full, data && (largest === undefined ? undefined : lengthOf(largest)), 'bytes', {
      claim: 'the largest frame is as long as the MTU lets it be, and the header of Ethernet longer',
      formula: `MTU ${mtuBytes} + ${ETHERNET_BYTES}`,
      because: 'the MTU is what Ethernet carries for IP, so its own header is not counted in it',
      source: 'RFC 894; ip-link(8): mtu',
      evidence: [largest],
    }),
    counts(cell, 'left', left, data && largest?.data.bytes, 'bytes', {
      claim: `of those ${full} bytes so many are left for the user`,
      formula: `${mtuBytes} - ${IP_BYTES} - ${tcpHeaderBytes(timestamps(cell))}`,
      because: `headers take ${largest === undefined ? '?' : percent(headersOf(largest) / lengthOf(largest))} of a full frame`,
      source: 'RFC 9293 section 3.7.1; RFC 6691',
      evidence: [largest],
      short: `${largest?.data.bytes ?? 0} B`,
    }),
    says(cell, 'each-layer', eachLayer(mtuBytes, timestamps(cell)).join(', '), data && leftOfEach(largest), {
      claim: 'each layer has less than the one below it',
      formula: `for IP the MTU ${mtuBytes}, for TCP ${IP_BYTES} less, for its user ${tcpHeaderBytes(timestamps(cell))} less`,
      because: `of a full frame of ${full} bytes, which takes ${full + AROUND_BYTES} bytes of time on a real cable`,
      source: 'RFC 1122 section 4.2.2.6; IEEE 802.3 sections 3.2 and 4.4.2',
      evidence: [largest],
    }),
    counts(cell, 'frames', { min: frames, max: 2 * frames }, data, 'frames', {
      claim: `${bulkBytes} bytes take a frame for each ${left} of them`,
      formula: `ceil(${bulkBytes} / ${left}), twice that where a write or a loss leaves frames half full`,
      because: `${bytesOf(data ?? [])} bytes of payload, ${lengthsOf(data)} on the wire`,
      source: 'RFC 9293 section 3.7',
    }),
    counts(cell, 'one-cable', counted, surely && all && grown(a, 'sentBytes'), 'bytes', {
      claim: 'all conversations go by the one card: its own count is the sum of their frames',
      formula: `${all?.length ?? 0} captured frames, of ${conversations} conversations`,
      because: 'a frame bears the names of whom it is for; the wire belongs to nobody while none passes',
      source: 'ip-link(8): -s; IEEE 802.3 section 3.2',
      evidence: a.ofHost('kernel:card_read'),
      short: 'SHARED',
    }),
  ]
}

/** What the headers of a frame leave to each layer, from the outside in. */
function leftOfEach(packet: Captured | undefined): string {
  if (packet === undefined) return ''
  const { headerBytes = [] } = packet.data
  return headerBytes
    .map((_, layer) => lengthOf(packet) - headerBytes.slice(0, layer + 1).reduce((sum, bytes) => sum + bytes))
    .join(', ')
}

/** From the outside in: Ethernet, IP, TCP. */
function layers(cell: Cell, packet: Captured | undefined | null) {
  const tcp = tcpHeaderBytes(timestamps(cell))
  const found = packet === null ? null : (packet?.data.headerBytes?.join(' + ') ?? '')
  return says(cell, 'layers', `${ETHERNET_BYTES} + ${IP_BYTES} + ${tcp}`, found, {
    claim: 'before the first byte of the message stand three headers, one in the other',
    formula: `Ethernet ${ETHERNET_BYTES}, IPv4 ${IP_BYTES}, TCP 20 and options (tcp_timestamps = ${timestamps(cell)})`,
    because: `then ${packet?.data.bytes ?? 0} bytes of the message`,
    source: 'IEEE 802.3 section 3.2; RFC 791 section 3.1; RFC 9293 section 3.1; RFC 7323 appendix A',
    evidence: [packet ?? undefined],
  })
}

/** The first frame of the row with which a said something; undefined: it did not come; null: nobody watched. */
function firstData(cell: Cell): Captured | undefined | null {
  const packets = sent(cell.a.packets())
  return packets === null ? null : packets.find(({ data }) => data.bytes > 0)
}

function timestamps({ a }: Cell): number {
  return a.sysctl('tcp_timestamps')
}

function inAll(cell: Cell, packet: Captured | undefined | null): number {
  return headersBytes(timestamps(cell)) + (packet?.data.bytes ?? 0)
}

function lengthOf({ data }: Captured): number {
  return data.frameBytes ?? Number.NaN
}

function lengthsOf(packets: readonly Captured[] | null): number {
  return (packets ?? []).reduce((sum, packet) => sum + lengthOf(packet), 0)
}

function headersOf({ data }: Captured): number {
  return (data.headerBytes ?? []).reduce((sum, bytes) => sum + bytes, 0)
}

/** `98.5 %` */
function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
