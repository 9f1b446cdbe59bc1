/** Nothing passes between the two, and nobody is told. Later the cable is whole again. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { refreshMs } from '../expectations.ts'
import { goesOn, learnsOfIt, lookOn, sessionEnds, silenceOf, strikeInCall, unnoticed } from '../silence.ts'
import { ofMessage, onTime } from '../wire.ts'

export const cutOff: CaseOf<SipSettings> = {
  id: 'cut-off',
  promise: 'in the middle of a call the cable of bob is cut, and mended when the session timer has run out',
  needs: ['network'],

  async act(rig, pair, settings) {
    const { struck } = await strikeInCall(rig, pair, 'cut', settings)
    rig.endWatch('cut', pair, pair.b)
    rig.mark(pair, 'mending')
    await struck.undo()
    await lookOn(rig, pair, 'mended', settings)
  },

  rows: {
    udp(cell) {
      const silent = silenceOf(cell)
      if (silent === null) return []
      return [
        ...unnoticed(cell, silent, 'neither end misses anything: voice is not answered'),
        ...goesOn(cell, 'mending', 'mended'),
      ]
    },

    timer(cell) {
      const silent = silenceOf(cell)
      if (silent === null) return []
      const { b } = cell
      const { sessionMs, times } = cell.settings
      const atMs = refreshMs(sessionMs)
      const refreshes = sent(ofMessage(b.packets(silent), 'INVITE'))
      return [
        ...sessionEnds(cell),
        took(
          cell,
          'refreshes',
          onTime(atMs),
          b.first('sip:session_agreed'),
          b.packets(silent) && refreshes?.[0],
          {
            claim: 'bob refreshes the session at half of its time, as he has promised',
            formula: 'half of the session, since it was agreed on',
            because: 'so that there is time for several more tries',
            source: 'RFC 4028 section 7.2',
          },
        ),
        counts(cell, 'unanswered', { min: 2, max: 12 }, refreshes, 'messages', {
          claim: 'and says it again and again, since nobody answers',
          formula: 'more than once: after T1 and its doubles',
          because: 'so the end that refreshes has something to miss as well',
          source: 'RFC 3261 section 17.1.1.2',
        }),
        ...learnsOfIt(cell, 'mending', 'mended', times.t2Ms, 'alice says BYE again and again, too'),
      ]
    },
  },
}
