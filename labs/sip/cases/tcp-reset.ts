/** SIP over TCP: the connection dies in the middle of the call. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, counts, nothing, took } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { TALK_MS, talkDirectly, until } from '../phones.ts'
import { beliefs, ofMessage, voiceIn, voiceOf } from '../wire.ts'

const ROW = 'tcp'

export const tcpReset: CaseOf<SipSettings> = {
  id: 'tcp-reset',
  promise: 'SIP over TCP: in the middle of the call its connection is reset; then alice hangs up',
  needs: [],

  async act(rig, pair) {
    const { alice } = await talkDirectly(rig, pair, ROW)
    rig.alive(pair)
    await rig.strike('reset', pair, pair.b)
    rig.mark(pair, 'reset')
    await rig.sleep(TALK_MS)
    rig.mark(pair, 'hangs-up')
    await alice.hangUp()
    await until(rig, pair.b, 'sip:call_ended', ROW)
    rig.endWatch('reset', pair, pair.b)
  },

  rows: {
    [ROW](cell) {
      const after = cell.between('reset', 'hangs-up')
      const hungUp = cell.moment('hangs-up')
      if (after === null || hungUp === undefined) return []
      const { a, b } = cell
      const { voiceEveryMs } = cell.settings
      const ended = [...a.all('sip:call_ended', after), ...b.all('sip:call_ended', after)]
      const [answered] = received(ofMessage(a.packets({ from: hungUp }), '200', 'BYE')) ?? []
      return [
        counts(
          cell,
          'goes-on',
          voiceIn(after, voiceEveryMs),
          received(voiceOf(a.packets(after), voiceEveryMs)),
          'packets',
          {
            claim: 'the connection is gone, and both go on talking',
            formula: `one each ${voiceEveryMs} ms from bob, for ${Math.round(after.to - after.from)} ms`,
            because: 'the voice had never been in it',
            source: 'RFC 3261 section 18',
            short: 'GOES ON',
          },
        ),
        nothing(cell, 'not-ended', ended, after, {
          claim: 'neither end takes that for the end of the call',
          because: `believed: ${beliefs(cell, after.to)}`,
          source: 'RFC 3261 section 12',
          evidence: [a.last('belief:updated', { to: after.to })],
        }),
        took(cell, 'hung-up', AT_ONCE, hungUp, a.packets({ from: hungUp }) && answered, {
          claim: 'alice hangs up, and is answered',
          because: 'to say BYE she has opened another connection',
          source: 'RFC 3261 section 18.1.1',
        }),
        counts(cell, 'connections', 2, b.all('tcp:accepted'), 'connections', {
          claim: 'one call over two connections, one after the other',
          formula: 'one for INVITE and ACK, one for BYE',
          because: 'a connection is a way for messages, and no part of the call',
          source: 'RFC 3261 sections 12, 18',
        }),
      ]
    },
  },
}
