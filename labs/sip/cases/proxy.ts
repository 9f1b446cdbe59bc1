/** The proxy that found bob ends in the middle of the call, and comes back knowing nobody. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, says, took } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { addressOfBob, heard, openPhone, openRegistrar, TALK_MS, until } from '../phones.ts'
import { firstWord, ofMessage, voiceIn, voiceOf, wordOf } from '../wire.ts'

const ROW = 'udp'

export const proxy: CaseOf<SipSettings> = {
  id: 'proxy',
  promise:
    'in the middle of a call the proxy ends without a word, and is started again; then somebody calls bob',
  needs: ['network'],
  third: true,

  async act(rig, pair) {
    const { a, b } = pair
    const registrar = await openRegistrar(rig, pair, ROW)
    const bob = await openPhone(rig, pair, 'b', ROW, 'bob', { registrar })
    const alice = await openPhone(rig, pair, 'a', ROW, 'alice')
    await bob.register()
    await until(rig, b, 'sip:registered', ROW)
    await alice.call(addressOfBob(registrar))
    await heard(rig, pair, ROW)
    await registrar.close()
    rig.mark(pair, 'gone')
    await rig.sleep(TALK_MS)
    rig.mark(pair, 'hangs-up')
    await alice.hangUp()
    await until(rig, b, 'sip:call_ended', ROW)
    await openRegistrar(rig, pair, ROW, { port: registrar.at.port })
    rig.mark(pair, 'back')
    await alice.call(addressOfBob(registrar))
    await until(rig, a, 'sip:call_failed', ROW)
    rig.mark(pair, 'refused')
    await bob.register()
    await until(rig, b, 'sip:registered', ROW, { occurrence: 2 })
    await alice.call(addressOfBob(registrar))
    await heard(rig, pair, ROW, 2)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    [ROW](cell) {
      const gone = cell.between('gone', 'hangs-up')
      const ending = cell.between('hangs-up', 'back')
      const calling = cell.between('back', 'refused')
      const again = cell.between('refused', 'over')
      if (!gone || !ending || !calling || !again) return []
      const { a, b } = cell
      const { voiceEveryMs } = cell.settings
      const voice = received(voiceOf(a.packets(gone), voiceEveryMs))
      const [answered] = received(ofMessage(a.packets(ending), '200', 'BYE')) ?? []
      const refusal = received(a.packets(calling))?.filter((one) => Number(wordOf(one)) >= 300) ?? null
      return [
        counts(cell, 'goes-on', voiceIn(gone, voiceEveryMs), voice, 'packets', {
          claim: 'the proxy is gone, and the call goes on: neither end was told, or would care',
          formula: `one each ${voiceEveryMs} ms from bob, for ${Math.round(gone.to - gone.from)} ms`,
          because: 'it kept no connection, and of this call it kept nothing',
          source: 'RFC 3261 section 16.2',
          short: 'GOES ON',
        }),
        took(cell, 'hung-up', AT_ONCE, ending.from, a.packets(ending) && answered, {
          claim: 'it ends as any other: BYE, and an answer to it',
          because: 'since bob had answered, the two have talked to each other without it',
          source: 'RFC 3261 section 15',
        }),
        says(cell, 'forgotten', '480', firstWord(refusal), {
          claim: 'started again, it knows nobody: alice is told that bob is nowhere',
          formula: '480 Temporarily Unavailable',
          because:
            'bob does not know that he is not registered any more; he will say it again when his time is over',
          source: 'RFC 3261 section 21.4.18',
          evidence: refusal ?? [],
        }),
        took(
          cell,
          'found-again',
          AT_ONCE,
          b.first('sip:registered', again),
          a.packets(again) && (received(ofMessage(a.packets(again), '200', 'INVITE')) ?? [])[0],
          {
            claim: 'with the next REGISTER of bob all is as before',
            because: 'what it has to know it learns from who wants to be found',
            source: 'RFC 3261 section 10.2',
          },
        ),
      ]
    },
  },
}
