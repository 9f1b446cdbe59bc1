/** Bob's telephone stops running, and goes on later. His kernel takes what comes, and tells nobody. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts } from '../../../src/lab/claims.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { goesOn, learnsOfIt, lookOn, sessionEnds, silenceOf, strikeInCall, unnoticed } from '../silence.ts'

export const frozen: CaseOf<SipSettings> = {
  id: 'frozen',
  promise:
    "in the middle of a call bob's telephone stops running (SIGSTOP), and goes on when the session timer has run out",
  needs: ['signals'],

  async act(rig, pair, settings) {
    const { struck } = await strikeInCall(rig, pair, 'freeze', settings)
    rig.endWatch('freeze', pair, pair.b)
    rig.mark(pair, 'thawing')
    await struck.undo()
    await lookOn(rig, pair, 'thawed', settings)
  },

  rows: {
    udp(cell) {
      const silent = silenceOf(cell)
      if (silent === null) return []
      return [
        ...unnoticed(cell, silent, 'a program that does not run says nothing'),
        counts(cell, 'unreachable', 0, received(ofKind(cell.a.packets(silent), 'icmp-error')), 'packets', {
          claim: 'and this time the kernel says nothing either: the sockets are there',
          formula: 'none: the port is open',
          because: 'to every other machine a telephone that hangs looks like one that has nothing to say',
          source: 'RFC 1122 section 3.2.2.1',
          evidence: [cell.a.packets(silent)?.at(-1)],
        }),
        ...goesOn(cell, 'thawing', 'thawed'),
      ]
    },

    timer: (cell) => [
      ...sessionEnds(cell),
      ...learnsOfIt(cell, 'thawing', 'thawed', 0, 'the BYE has waited in his kernel'),
    ],
  },
}
