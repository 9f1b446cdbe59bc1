/** Bob's telephone is killed in the middle of the call. His kernel stays, and says so to whoever speaks to him. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, took } from '../../../src/lab/claims.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { sessionEnds, silenceOf, strikeInCall, unnoticed } from '../silence.ts'

/** net.ipv4.icmp_ratelimit: one a second to each host, and so many at once (icmp_global and XRLIM_BURST_FACTOR). */
const ICMP_AT_ONCE = 6
const ICMP_EVERY_MS = 1000

export const killed: CaseOf<SipSettings> = {
  id: 'killed',
  promise: "in the middle of a call bob's telephone is killed (SIGKILL); the kernel of his host goes on",
  needs: [],

  async act(rig, pair, settings) {
    await strikeInCall(rig, pair, 'kill', settings)
    rig.endWatch('kill', pair, pair.b)
  },

  rows: {
    udp(cell) {
      const silent = silenceOf(cell)
      if (silent === null) return []
      return [
        ...unnoticed(cell, silent, 'nobody says goodbye for a program that had no connection'),
        ...unreachable(cell, silent.to),
      ]
    },
    timer: sessionEnds,
  },
}

function unreachable(cell: Cell<SipSettings>, until: number): Claims {
  const { a, strike } = cell
  if (strike === undefined) return []
  const dead = { from: strike.at, to: until }
  const { voiceEveryMs } = cell.settings
  const errors = received(ofKind(a.packets(dead), 'icmp-error'))
  const max = ICMP_AT_ONCE + Math.ceil((dead.to - dead.from) / ICMP_EVERY_MS)
  return [
    counts(cell, 'unreachable', { min: 1, max }, errors, 'packets', {
      claim: "the kernel of bob's host says it all the time: nobody is at that port",
      formula: 'a few at once, then one a second: not one for each packet of voice',
      because: 'a closed UDP port is answered with ICMP, and a kernel sends only so many of those',
      source: 'RFC 1122 section 3.2.2.1; icmp(7), icmp_ratelimit',
    }),
    took(cell, 'told', { minMs: 0, maxMs: voiceEveryMs }, strike.at, a.first('media:refused', dead), {
      code: 'ECONNREFUSED',
      formula: '0 .. one packet of voice + slack',
      claim: "alice's telephone is told, where it speaks: its sockets of the voice are connected to bob's",
      because: 'the sockets of its signalling are not: they hear anybody, and no error',
      source: 'RFC 1122 section 4.1.3.3; udp(7)',
      evidence: errors ?? [],
    }),
  ]
}
