/** Is anybody there, and who is told? The cases `nobody`, `no-host`, `first-byte`, `messages`, `goodbye`. */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { LINES } from './conditions.ts'
import { firstByteAfter, neighbourGiveUp } from './expectations.ts'
import { type Captured, SeenCell } from './seen.ts'

type Claims = (TimedClaim | null)[]

const PORT_UNREACHABLE = 'port unreachable'

export function peerClaims(log: LabLog): Claims {
  const of = (caseId: string, mechanism: string, claims: (cell: SeenCell) => Claims): Claims => {
    const cell = SeenCell.of(log, caseId, mechanism)
    return cell === null ? [] : claims(cell)
  }
  return [
    ...of('nobody', 'udp', nobodyPlain),
    ...of('nobody', 'udp-connected', nobodyConnected),
    ...of('nobody', 'tcp', nobodyTcp),
    ...of('no-host', 'udp', (cell) => [took(cell), toldNothing(cell, 'QUIET'), ...nothingLeft(cell)]),
    ...of('no-host', 'udp-connected', (cell) => [took(cell), toldNothing(cell, 'QUIET')]),
    ...of('no-host', 'tcp', noHostTcp),
    ...of('first-byte', 'udp', (cell) => firstByte(cell, 0)),
    ...of('first-byte', 'udp-connected', (cell) => firstByte(cell, 0)),
    ...of('first-byte', 'tcp', (cell) => firstByte(cell, 3)),
    ...of('messages', 'udp', asMessages),
    ...of('messages', 'tcp', asStream),
    ...of('goodbye', 'udp', goodbyeUdp),
    ...of('goodbye', 'tcp', goodbyeTcp),
  ]
}

/** send() took it; that says nothing about anybody. */
function took(cell: SeenCell): TimedClaim {
  const sent = cell.all('a', 'udp:datagram_sent')
  const failed = cell.all('a', 'udp:send_failed')
  return cell.claim('send', {
    claim: 'send() takes the datagram',
    formula: 'one send()',
    expected: { oneOf: ['1 sent, 0 refused'] },
    observed: { value: `${sent.length} sent, ${failed.length} refused` },
    because: 'send() is done when the own kernel has the datagram; it does not ask for the receiver',
    source: 'RFC 768; send(2): no indication of failure to deliver is implicit in a send()',
    evidence: [...sent, ...failed],
  })
}

/** The sending program hears nothing, for the whole watch. */
function toldNothing(cell: SeenCell, short?: string): TimedClaim {
  const told = cell.first('a', 'udp:error_received')
  return cell.claim('told', {
    claim: 'the sending program is told nothing, for the whole watch',
    formula: 'no error on the socket',
    expected: { value: null },
    observed: { value: told?.data.code ?? null, watchedMs: cell.watchedMs },
    because: 'UDP expects no answer, so its silence is never an error',
    source: 'RFC 768; Linux: only a hard ICMP error reaches a socket, and only a connected one (udp_err)',
    evidence: [told],
    ...(short === undefined ? {} : { short }),
  })
}

/** The ICMP messages about this cell's packets that came back to a. */
function icmpAtA(cell: SeenCell): Captured[] | null {
  return cell.packets('a', 'received')?.filter(({ data }) => data.kind === 'icmp-error') ?? null
}

function icmpCame(cell: SeenCell, because: string): TimedClaim | null {
  const icmp = icmpAtA(cell)
  return (
    icmp &&
    cell.claim('icmp', {
      claim: "host b's kernel answers with an ICMP message, and it arrives",
      formula: 'type 3, code 3, once',
      expected: { oneOf: [PORT_UNREACHABLE] },
      observed: { value: icmp.map(({ data }) => data.text).join(', ') || null },
      because,
      source: 'RFC 1122 section 4.1.3.1; RFC 792',
      evidence: icmp,
    })
  )
}

function nobodyPlain(cell: SeenCell): Claims {
  return [
    took(cell),
    toldNothing(cell, 'QUIET'),
    icmpCame(cell, 'the answer reached host a; its kernel has no socket that asked to be told'),
  ]
}

function nobodyConnected(cell: SeenCell): Claims {
  const [sent] = cell.all('a', 'udp:datagram_sent')
  const told = cell.first('a', 'udp:error_received')
  const [left] = cell.packets('a', 'sent') ?? []
  const since = left ?? sent
  return [
    took(cell),
    icmpCame(cell, 'the same answer as without connect(2)'),
    cell.claim('told', {
      claim: 'the program that called connect() is told ECONNREFUSED, after send() had said ok',
      formula: 'one round trip after the datagram: 0 .. slack',
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed: {
        value:
          told?.data.code === 'ECONNREFUSED' && since
            ? Math.max(0, Math.round(told.time - since.time))
            : null,
        unit: 'ms',
      },
      because: 'a connected socket has one peer, so its kernel knows whose error it is',
      source: 'RFC 1122 section 4.1.3.3; udp(7): ECONNREFUSED on a connected socket',
      evidence: [since, told],
      short: 'REFUSED',
    }),
  ]
}

function nobodyTcp(cell: SeenCell): Claims {
  const told = cell.first('a', 'tcp:error_received')
  const data = cell.packets('a', 'sent')?.filter((packet) => packet.data.bytes > 0)
  return [
    cell.claim('told', {
      claim: 'connect() fails before the message could be sent',
      formula: 'RST answers SYN',
      expected: { oneOf: ['ECONNREFUSED'] },
      observed: { value: told?.data.code ?? null },
      because: 'TCP asks first, and the kernel of host b says no',
      source: 'RFC 9293 section 3.10.7.1',
      evidence: [told],
      short: 'REFUSED',
    }),
    data === undefined
      ? null
      : cell.claim('data', {
          claim: 'not one byte of the message was on the wire',
          formula: 'with payload',
          expected: { min: 0, max: 0, unit: 'packets' },
          observed: { value: data.length, unit: 'packets' },
          because: 'without a connection there is nothing to write on',
          source: 'RFC 9293 section 3.5',
          evidence: data,
        }),
  ]
}

/** Not even a packet: without the receiver's MAC address there is no frame to put it in. */
function nothingLeft(cell: SeenCell): Claims {
  const sent = cell.packets('a', 'sent')
  const asks = asksForNobody(cell)
  const expected = cell.sysctl('a', 'neigh/eth0/mcast_solicit')
  return [
    sent &&
      cell.claim('wire', {
        claim: 'the datagram that send() took never left the host',
        formula: 'UDP',
        expected: { min: 0, max: 0, unit: 'packets' },
        observed: { value: sent.length, unit: 'packets' },
        because:
          'it waits in the kernel for the MAC address of the receiver, and is thrown away with the wait',
        source: 'RFC 826; RFC 1122 section 2.3.2.2',
        evidence: sent,
      }),
    cell.isCaptured
      ? cell.claim('arp', {
          claim: 'what left instead: "who has this address?", and nobody answered',
          formula: `mcast_solicit = ${expected}`,
          expected: { min: expected, max: expected, unit: 'requests' },
          observed: { value: asks.length, unit: 'requests' },
          because: 'all three messages of this case wait for the same address',
          source: 'arp(7): mcast_solicit; net/core/neighbour.c: neigh_timer_handler',
          evidence: asks,
        })
      : null,
  ]
}

function asksForNobody(cell: SeenCell): Captured[] {
  return cell
    .ofHost('a', 'packet:captured')
    .filter(({ data }) => data.kind === 'arp' && data.direction === 'sent' && data.text?.endsWith('.77?'))
}

function noHostTcp(cell: SeenCell): Claims {
  const told = cell.first('a', 'tcp:error_received')
  const [asked] = asksForNobody(cell)
  const asks = cell.sysctl('a', 'neigh/eth0/mcast_solicit')
  const everyMs = cell.sysctl('a', 'neigh/eth0/retrans_time_ms')
  return [
    cell.claim('told', {
      claim: 'connect() fails, EHOSTUNREACH, when the kernel has asked for the address in vain',
      formula: `mcast_solicit x retrans_time_ms = ${asks} x ${everyMs}, + slack`,
      expected: { ...neighbourGiveUp({ asks, everyMs }), unit: 'ms' },
      observed: {
        value: told?.data.code === 'EHOSTUNREACH' && asked ? Math.round(told.time - asked.time) : null,
        unit: 'ms',
      },
      because: 'the same failure reaches both UDP sockets as a soft error, of which nobody is told',
      source: 'arp(7); net/ipv4/tcp_ipv4.c: tcp_v4_err; net/ipv4/udp.c: __udp4_lib_err',
      evidence: [asked, told],
      short: 'UNREACH',
    }),
  ]
}

/** @param before packets until both kernels are ready for the first byte, as the protocol says */
function firstByte(cell: SeenCell, before: number): Claims {
  const sent = cell.packets('a', 'sent')
  const received = cell.packets('a', 'received')
  if (sent === null || received === null) return []
  const first = sent.find(({ data }) => data.bytes > 0)
  const [begun] = sent
  const isBefore = ({ time }: Captured) => first === undefined || time < first.time
  const earlier = [...sent.filter(isBefore), ...received.filter(isBefore)].sort(
    (one, other) => one.time - other.time,
  )
  const arrived = cell.packets('b', 'received')?.find(({ data }) => data.packet === first?.data.packet)
  const oneWayMs = cell.cable()?.delayMs ?? Number.NaN
  // The last packet of the handshake and the first byte leave one right behind the other.
  const waits = Math.max(0, before - 1)
  const handshake = before === 0 ? 'none' : 'SYN, SYN-ACK, ACK'
  return [
    cell.claim('before', {
      claim:
        before === 0
          ? 'the message is the first packet: nothing was arranged'
          : 'a handshake passes before the message',
      formula: `handshake: ${handshake}`,
      expected: { min: before, max: before, unit: 'packets' },
      observed: { value: first === undefined ? null : earlier.length, unit: 'packets' },
      because:
        before === 0
          ? 'UDP has no handshake, and connect() on its socket only notes an address'
          : 'both kernels have to agree on sequence numbers first',
      source: before === 0 ? 'RFC 768; udp(7)' : 'RFC 9293 section 3.5',
      evidence: [...earlier, first],
      short: `${earlier.length} first`,
    }),
    cell.claim('arrival', {
      claim: `from the first packet to the arrival of the message: ${waits + 1} x one way`,
      formula: `${waits + 1} x ${oneWayMs} ms, + slack`,
      expected: { ...firstByteAfter(waits, oneWayMs), unit: 'ms' },
      observed: { value: begun && arrived ? Math.round(arrived.time - begun.time) : null, unit: 'ms' },
      because:
        before === 0
          ? 'it goes at once'
          : 'SYN there, SYN-ACK back, and only then the message, right behind the ACK',
      source: before === 0 ? 'RFC 768' : 'RFC 9293 section 3.5',
      evidence: [begun, first, arrived],
    }),
  ]
}

const WRITTEN = LINES.map((line) => line.length)

function asMessages(cell: SeenCell): Claims {
  const received = cell.all('b', 'udp:datagram_received')
  return [
    cell.claim('reads', {
      claim: 'three datagrams are three messages, of the sizes that were sent',
      formula: 'as written',
      expected: { oneOf: [`${LINES.length} reads: ${WRITTEN.join(', ')} bytes`] },
      observed: { value: readWords(received.map(({ data }) => data.bytes)) },
      because: 'a datagram is delivered as it was sent, or not at all',
      source: 'RFC 768; udp(7): receive operations return only one packet',
      evidence: received,
      short: `${received.length} reads`,
    }),
  ]
}

function asStream(cell: SeenCell): Claims {
  const received = cell.all('b', 'tcp:received')
  const total = WRITTEN.reduce((sum, bytes) => sum + bytes, 0)
  const segments = cell
    .packets('b', 'received')
    ?.filter(({ data }) => data.bytes > 0 && data.kind !== 'retransmission')
  const inSegments = segments === undefined ? '' : `; on the wire they were ${segments.length} segments`
  return [
    cell.claim('reads', {
      claim: 'the same three writes on a stream are read as one piece',
      formula: `${WRITTEN.join(' + ')} = ${total}`,
      expected: { oneOf: [readWords([total])] },
      observed: { value: readWords(received.map(({ data }) => data.bytes)) },
      because: `TCP numbers bytes and knows of no messages${inSegments}`,
      source: 'RFC 9293 section 3.7.4; tcp(7): a byte stream without message boundaries',
      evidence: received,
      short: `${received.length} read`,
    }),
  ]
}

/** `3 reads: 3, 3, 5 bytes` */
function readWords(bytes: readonly number[]): string {
  return `${bytes.length} ${bytes.length === 1 ? 'read' : 'reads'}: ${bytes.join(', ')} bytes`
}

function goodbyeUdp(cell: SeenCell): Claims {
  const left = cell.all('a', 'belief:updated').find(({ data }) => data.trigger === 'user_closed')
  const asked = left && cell.packets('b', 'sent', left.time)?.[0]
  const told = cell.first('b', 'udp:error_received')
  const beliefs = cell.all('b', 'belief:updated')
  const after = left && cell.packets('a', 'sent', left.time)
  const beforeAsking = after?.filter(({ time }) => asked === undefined || time < asked.time)
  const refusals = after?.filter(({ data }) => data.kind === 'icmp-error')
  return [
    cell.claim('server', {
      claim: 'the server still believes in a client that is gone',
      formula: 'no FIN in UDP',
      expected: { oneOf: ['up, told nothing'] },
      observed: {
        value:
          left === undefined
            ? null
            : `${beliefs.at(-1)?.data.new ?? 'unknown'}, told ${told?.data.code ?? 'nothing'}`,
      },
      because: 'close() on a UDP socket is between the program and its kernel',
      source: 'RFC 768: there is no message that ends anything',
      evidence: [left, ...beliefs],
      short: 'UP',
    }),
    beforeAsking === undefined
      ? null
      : cell.claim('wire', {
          claim: 'the client leaves without a packet',
          formula: 'until the server writes',
          expected: { min: 0, max: 0, unit: 'packets' },
          observed: { value: beforeAsking.length, unit: 'packets' },
          because: 'there is nothing that it could send',
          source: 'RFC 768',
          evidence: beforeAsking,
        }),
    refusals === undefined
      ? null
      : cell.claim('icmp', {
          claim: 'the server writes to nobody; an ICMP message says so, its program does not hear it',
          formula: 'type 3, code 3',
          expected: { oneOf: [`${PORT_UNREACHABLE}; told nothing`] },
          observed: {
            value: `${refusals.map(({ data }) => data.text).join(', ') || 'no ICMP'}; told ${told?.data.code ?? 'nothing'}`,
          },
          because: "a server's socket serves all clients and is connected to none",
          source: 'RFC 1122 section 4.1.3.3; udp(7)',
          evidence: [asked, ...refusals, told],
        }),
  ]
}

function goodbyeTcp(cell: SeenCell): Claims {
  const left = cell.first('a', 'tcp:end_sent')
  const told = cell.first('b', 'tcp:end_received')
  return [
    cell.claim('server', {
      claim: "the server is told at once: the client's kernel sends FIN",
      formula: '0 .. slack after the close',
      expected: { min: -STAMP_MS, max: SLACK_MS, unit: 'ms' },
      observed: { value: left && told ? Math.round(told.time - left.time) : null, unit: 'ms' },
      because: 'the end of a connection is part of it',
      source: 'RFC 9293 section 3.6',
      evidence: [left, told],
      short: 'FIN',
    }),
  ]
}
