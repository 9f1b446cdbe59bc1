/**
 * The cable is cut, and mended when the watch is over. One end of tcp-keepalive has given up by then, the other
 * knows nothing of it: does a connection come back by itself, and what does a late segment meet?
 */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { End } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims, nothing, says, took } from '../../../src/lab/claims.ts'
import { firstAnswer } from '../cookie.ts'
import { silenceOf } from '../silence.ts'
import { type FaultCase, OVER, type Struck, sequelOf, UNDOING, WRITING } from '../struck.ts'
import { clientOf, kernelsOf, silent } from './silent.ts'

export const cut: FaultCase = {
  other: silent,
  struck: silent,
  further: {
    'tcp-idle': goesOn,
    'tcp-keepalive': (seen) => [noFlag(seen), ...afterMending(seen)],
    'tcp-heartbeat': (seen) => kernelsOf(seen, ends(seen)),
    'http-session': (seen) => [...kernelsOf(seen, clientOf(seen, ends(seen))), ...cookie(seen)],
    websocket: (seen) => kernelsOf(seen, ends(seen)),
  },
}

function ends({ cell }: Struck): End[] {
  return [cell.a, cell.b]
}

/** "There is no flag": while the cut lasts the entry says ESTABLISHED, and only a count goes up. */
function noFlag({ cell, strike }: Struck) {
  const { a } = cell
  const established = a.all('kernel:socket_updated').filter(({ data }) => data.new?.state === 'ESTABLISHED')
  const counts = established.map(({ data }) => data.new?.unansweredProbes ?? 0)
  const seen = counts.filter((count, index) => count !== counts[index - 1])
  const probes = a.options(strike.at)?.keepaliveProbes ?? 0
  const expected = Array.from({ length: probes + 1 }, (_, count) => count).join(' ')
  // Answered probes before the cut go 0 1 0 1 0; the rise that ends the list is the cut's.
  const rise = seen.slice(seen.lastIndexOf(0)).join(' ')
  return says(cell, 'no-flag', expected, rise, {
    claim: 'the kernel has no flag: its entry stays ESTABLISHED while the count of unanswered probes goes up',
    formula: `0 .. ${probes} (TCP_KEEPCNT), one by one`,
    because: `the socket table showed ESTABLISHED with ${seen.join(', ')} unanswered probes`,
    source: 'RFC 9293 3.8.4; proc_net(5)',
    evidence: established.slice(-probes - 1),
  })
}

function afterMending(seen: Struck): Claims {
  const cell = sequelOf(seen)
  const { a, b } = cell
  const mended = cell.between(UNDOING, WRITING)
  const afterwards = cell.between(WRITING, OVER)
  if (mended === null || afterwards === null) return []
  const [gone, entry] = [a, b].map((end) => end.last('kernel:socket_updated', { to: mended.from }))
  const opened = [a, b].flatMap((end) =>
    end.all('kernel:socket_updated', mended).filter(({ data }) => data.old === null),
  )
  // What is written next has to pass both cards.
  const silence = silenceOf(cell, mended, (end) => end.packets(afterwards))
  const [asked] = b.asked('write', afterwards)
  const halves = `client ${stateOf(gone)}, server ${stateOf(entry)} and ${b.belief(mended.from)}`
  return [
    says(cell, 'half-open', 'client gone, server ESTABLISHED and up', halves, {
      claim: 'one end has given up; the other is still ESTABLISHED, in its kernel and in its belief',
      because: 'the RST of the end that gave up was lost in the cut like everything else',
      source: 'RFC 9293 3.5.1',
      evidence: [gone, entry],
    }),
    nothing(cell, 'no-syn', silence.found && [...opened, ...silence.found], mended, {
      unseen: silence.unseen,
      claim: 'with the cable back no connection comes back by itself',
      formula: 'no new entry in either socket table, and not one packet at either end',
      because: 'neither kernel has a reason to send anything',
      source: 'RFC 9293 3.5',
    }),
    took(cell, 'late-segment', AT_ONCE, asked, b.first('belief:updated', afterwards), {
      claim:
        'the next segment of the end that still believes is answered with RST, never with a new connection',
      code: 'econnreset',
      formula: '0 .. slack after the write',
      because: 'a kernel answers a segment of a connection it does not know with RST',
      source: 'RFC 9293 3.10.7.1',
    }),
  ]
}

/** What a kernel's table showed last. */
function stateOf(shown: EventOf<'kernel:socket_updated'> | undefined): string {
  if (shown === undefined) return 'never seen'
  return shown.data.new?.state ?? 'gone'
}

/** The idle connection that nobody asked about carries data again, as if nothing had happened. */
function goesOn(seen: Struck): Claims {
  const cell = sequelOf(seen)
  const from = cell.moment(WRITING)
  if (from === undefined) return []
  const [asked] = cell.a.asked('write', { from })
  return [
    took(cell, 'goes-on', AT_ONCE, asked, cell.b.first('tcp:received', { from }), {
      claim: 'the idle connection, cut all this time, carries data again once the cable is back',
      formula: '0 .. slack after the write',
      because: 'both kernels still held their halves; no packet was needed to keep them',
      source: 'RFC 9293 3.8.4',
    }),
  ]
}

/** At real pace the next SYN may be a minute away: nobody waits for it. */
function cookie(seen: Struck): Claims {
  const from = sequelOf(seen).moment(UNDOING)
  return from === undefined || seen.cell.plan.pace === 'real' ? [] : firstAnswer(seen, 'accepted', from)
}
