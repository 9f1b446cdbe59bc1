/** Datagrams through a router: how long it remembers, and what comes too late. */
import { STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { mappingIn } from './believers.ts'
import { type Cell, idleAt, ifTimeIsUp, memoryClaim, seconds, UDP_TRACKING } from './cell.ts'
import { portAfterLateAnswer } from './expectations.ts'

const SHORT: Record<string, string> = { 'the same port': 'SAME', 'another port': 'MOVED' }

/** One datagram went out, none came back; later the client sends another. */
export function datagramClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, a, b, row, router } = cell
  const again = log.all('udp:datagram_sent', { host: a, mechanism: row })[1]
  const late = log.first('udp:datagram_sent', { host: b, mechanism: row })
  const [first, second] = log.all('udp:datagram_received', { host: b, mechanism: row })
  const before = again && cell.lookBefore(Math.min(again.time, late?.time ?? again.time))
  if (again === undefined || before === undefined) return []
  const idleMs = idleAt(cell, before)
  const expected = late === undefined ? 'the same port' : portAfterLateAnswer(router)
  const held = mappingIn(log, cell.name, before)
  const value =
    second === undefined || first === undefined
      ? 'not at all'
      : second.data.remote === first.data.remote
        ? 'the same port'
        : 'another port'
  return [
    cell.timed('seen-from', second?.time ?? cell.watch.to, {
      claim:
        late === undefined
          ? 'the client speaks again: how the server sees it'
          : 'then the client speaks: how the server sees it',
      formula:
        expected === 'the same port'
          ? 'masquerade: its own port, where that is free'
          : 'the late answer was to that port of the router: it is taken',
      expected: { oneOf: [expected] },
      observed: { value },
      because: `${first?.data.remote ?? 'nobody'}, then ${second?.data.remote ?? 'nobody'}`,
      source: 'nft(8) masquerade, nf_nat_core.c',
      evidence: [first, second],
      short: SHORT[value] ?? '-',
    }),
    memoryClaim(cell, 'remembered', cell.looks[0], router.udpMs, 'nf_conntrack_udp_timeout', {
      claim: 'one datagram is remembered, and not for long',
    }),
    cell.timed('forgotten', before.time, {
      claim: 'then the router has forgotten it',
      formula: `idle for ${seconds(idleMs)}, nf_conntrack_udp_timeout ${seconds(router.udpMs)}`,
      expected: { oneOf: ['no mapping'] },
      observed: { value: ifTimeIsUp(held === undefined ? 'no mapping' : 'a mapping', idleMs, router.udpMs) },
      because: `nothing had passed for ${seconds(idleMs)}`,
      source: UDP_TRACKING,
      evidence: [before],
    }),
  ]
}

/** The server answers when the router has forgotten whom it is for. */
export function lateAnswerClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, a, b, row, router, watch } = cell
  const late = log.first('udp:datagram_sent', { host: b, mechanism: row })
  const again = log.all('udp:datagram_sent', { host: a, mechanism: row })[1]
  if (late === undefined || again === undefined) return []
  const got = log.first('udp:datagram_received', {
    host: a,
    mechanism: row,
    from: late.time - STAMP_MS,
    to: watch.to,
  })
  // Of an ICMP message the group is that of the datagram that it is about.
  const refusals = cell
    .packets(b, 'received', late.time - STAMP_MS)
    .filter(({ data }) => data.kind === 'icmp-error')
  const heard = log.first('udp:error_received', {
    host: b,
    mechanism: row,
    from: late.time - STAMP_MS,
    to: watch.to,
  })
  const refused = router.input === 'answer' ? 1 : 0
  const captured = log.first('wire:capture_started', { host: b }) !== undefined
  return [
    cell.timed('late-answer', again.time, {
      claim: 'the late answer of the server is lost',
      formula: 'nothing, until the client speaks again',
      expected: { value: null },
      observed:
        got === undefined
          ? { value: null, watchedMs: Math.round(again.time - late.time) }
          : { value: Math.round(got.time - late.time), unit: 'ms' },
      because: 'nothing says whom inside it is for',
      source: UDP_TRACKING,
      evidence: [late, got],
    }),
    captured
      ? cell.timed('refused', again.time, {
          claim:
            refused === 1
              ? 'the router refuses it, with ICMP port unreachable'
              : 'the router does not say so',
          formula: `input: ${router.input}`,
          expected: { min: refused, max: refused, unit: 'messages' },
          observed: { value: refusals.length, unit: 'messages' },
          because: refusals[0]?.data.text ?? 'no ICMP message arrived',
          source: 'RFC 1122 3.2.2.1',
          evidence: [refusals[0]],
        })
      : null,
    cell.timed('unheard', watch.to, {
      claim: 'the program of the server hears nothing of it',
      formula: 'an unconnected socket is told of no ICMP error',
      expected: { value: null },
      observed:
        heard === undefined
          ? { value: null, watchedMs: Math.round(watch.to - late.time) }
          : { value: heard.data.code },
      because: `${refusals.length} ICMP messages reached its kernel`,
      source: 'udp(7), RFC 1122 4.1.3.3',
      evidence: [late, heard],
    }),
  ]
}

/** Answered twice: the second time the router takes it for a stream. */
export function answeredClaims(cell: Cell): (TimedClaim | null)[] {
  const { log, a, row, router } = cell
  const [, second] = log.all('udp:datagram_received', { host: a, mechanism: row })
  if (second === undefined) return []
  const early = cell.lookBefore(second.time)
  const stream = cell.looks.find(({ time }) => time > second.time)
  const last = cell.looks.at(-1)
  return [
    memoryClaim(cell, 'stream', stream, router.udpStreamMs, 'nf_conntrack_udp_timeout_stream', {
      claim: 'answered again after two seconds it is a stream, and remembered for longer',
      short: 'STREAM',
    }),
    memoryClaim(cell, 'answered-once', early, router.udpMs, 'nf_conntrack_udp_timeout', {
      claim: 'an answer within the first two seconds does not make it last',
    }),
    last === undefined
      ? null
      : cell.timed('forgotten', last.time, {
          claim: 'and is forgotten all the same',
          formula: `idle for ${seconds(idleAt(cell, last))}, nf_conntrack_udp_timeout_stream ${seconds(router.udpStreamMs)}`,
          expected: { oneOf: ['no mapping'] },
          observed: {
            value: ifTimeIsUp(
              mappingIn(log, cell.name, last) === undefined ? 'no mapping' : 'a mapping',
              idleAt(cell, last),
              router.udpStreamMs,
            ),
          },
          because: 'nothing passed after the second answer',
          source: UDP_TRACKING,
          evidence: [last],
        }),
  ]
}
