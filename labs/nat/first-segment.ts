/** The first segment after the router has forgotten: what it meets on the wires and in the router. */
import { type HostSide, otherSide } from '../../src/events/host-names.ts'
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../src/lab/claims.ts'
import { type Captured, received, sent } from '../../src/lab/packets.ts'
import { type Fate, type RouterInForce, SIGNS } from './expectations.ts'
import { CONNTRACK, firstShown, looksOf, mappingIn } from './router-table.ts'

/** In seven characters, what a program was told after a segment was sent. */
export function shortOf(error: EventOf<'tcp:error_received'> | undefined): string | undefined {
  if (error === undefined) return undefined
  return error.data.code === 'ETIMEDOUT' ? 'TIMEOUT' : 'RST'
}

/** How much of what one end sent from a moment on came through, and who said RST. */
export function onTheWires(cell: Cell, fate: Fate, side: HostSide, from: number): Claims {
  const [speaker, listener] = [cell.at(side), cell.at(otherSide(side))]
  const { passes, error } = SIGNS[fate]
  const out = sent(speaker.packets({ from }))
  const numbers = new Set(out?.map(({ data }) => data.packet))
  const arrived = received(listener.packets({ from }))?.filter(({ data }) => numbers.has(data.packet)) ?? null
  const through = out && arrived && (out.length === 0 ? undefined : arrived)
  return [
    // Where nothing was sent, nothing could come through.
    counts(cell, 'passed', passes ? numbers.size : 0, through, 'packets', {
      claim: passes ? 'what it sent came through' : 'not one packet of it came through',
      formula: passes ? 'as many as were sent' : '0',
      because: `${out?.length ?? 0} were sent`,
      source: 'packets captured at both ends',
      evidence: [out?.[0], arrived?.[0]],
    }),
    ...(error === 'ECONNRESET' ? [whoSaidRst(cell, fate, side, from)] : []),
  ]
}

function whoSaidRst(cell: Cell, fate: Fate, side: HostSide, from: number) {
  const other = side === 'a' ? 'the server' : 'the client'
  const heard = received(cell.at(side).packets({ from }))
  const left = sent(cell.at(otherSide(side)).packets({ from }))
  const told = heard?.find(({ data }) => data.kind === 'rst')
  const said = left?.find(({ data }) => data.packet === told?.data.packet)
  const byRouter = fate === 'reset by the router'
  return says(cell, 'rst-from', byRouter ? 'the router' : other, heard && left && sayer(told, said, other), {
    claim: byRouter ? 'the RST comes from the router: neither end sent it' : `the RST comes from ${other}`,
    formula: byRouter ? 'nobody but the router' : 'the other end',
    because: `the RST was ${said === undefined ? 'sent by neither end' : 'captured where it was sent'}`,
    source: 'packets captured at both ends; RFC 9293 3.10.7.1, nft(8) reject',
    evidence: [told, said],
  })
}

function sayer(told: Captured | undefined, said: Captured | undefined, other: string): string {
  if (told === undefined) return 'nobody'
  return said === undefined ? 'the router' : other
}

/** The router has taken the connection up again. */
export function relearned(cell: Cell, passedAt: number): Claims {
  const first = looksOf(cell)[0]
  const after = firstShown(cell, passedAt)
  const [old, now] = [mappingIn(cell, first)?.seenAs, mappingIn(cell, after)?.seenAs]
  return [
    says(cell, 'relearned', 'the same port', now === undefined ? 'no mapping' : portWords(old, now), {
      claim: 'the router has the connection again, and under the same port',
      formula: 'tcp_loose = 1; masquerade keeps a free port',
      because: `seen as ${old ?? 'nobody'}, then as ${now ?? 'nobody'}`,
      source: `${CONNTRACK}, nft(8) masquerade`,
      evidence: [first, after],
    }),
  ]
}

/** The port at which the server's card sees a client that goes on speaking. */
export function seenFrom(cell: Cell, router: RouterInForce, from: number) {
  const { a, b } = cell
  const known = b.first('tcp:accepted')
  const out = sent(a.packets({ from }))
  // From another port it may not look like a packet of this row.
  const came = received(b.everyPacket({ from }))
  const seen = came?.find(({ data }) => data.packet === out?.[0]?.data.packet)
  const port = seen === undefined ? 'not seen' : portWords(known?.data.remote, seen.data.source)
  return says(cell, 'seen-from', router.randomPorts ? 'another port' : 'the same port', out && came && port, {
    claim: router.randomPorts
      ? 'the server now sees the client at another port'
      : 'the server sees the client at the port that it already knows',
    formula: router.randomPorts ? 'masquerade random: any other' : 'masquerade: its own, where that is free',
    because: `${known?.data.remote ?? 'nobody'}, then ${seen?.data.source ?? 'nobody'}`,
    source: 'nft(8) masquerade, nf_nat_core.c',
    evidence: [known, seen],
  })
}

/** Whether a client is seen where it was seen before. */
export function portWords(before: string | undefined, now: string): 'the same port' | 'another port' {
  return now === before ? 'the same port' : 'another port'
}
