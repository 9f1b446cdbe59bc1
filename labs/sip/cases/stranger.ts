/** Somebody else would like to end the call, and to be bob. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { byeFor, overhear, registerFor, replayOf } from '../overheard.ts'
import { addressOfBob, heard, openPhone, openRegistrar, TALK_MS, until } from '../phones.ts'
import { beliefs, firstWord, methodOf, ofMessage, voiceIn, voiceOf } from '../wire.ts'

const ROW = 'udp'

export const stranger: CaseOf<SipSettings> = {
  id: 'stranger',
  promise:
    'in the middle of a call a third host says BYE with a tag that it has guessed, REGISTER without a password, and REGISTER with a proof that it has overheard; then BYE with overheard tags',
  needs: ['network'],
  third: true,

  async act(rig, pair) {
    const { a, b, c = b } = pair
    const registrar = await openRegistrar(rig, pair, ROW, { on: a })
    const bob = await openPhone(rig, pair, 'b', ROW, 'bob', { registrar })
    const alice = await openPhone(rig, pair, 'a', ROW, 'alice')
    await bob.register()
    await until(rig, b, 'sip:registered', ROW)
    await alice.call(addressOfBob(bob))
    await heard(rig, pair, ROW)
    const register = await overhear(rig, b, 'REGISTER ')
    const invite = await overhear(rig, b, 'INVITE ')
    const answer = await overhear(rig, b, '200 OK (INVITE)')
    const toBob = await rig.sockets(c).udp.open(ROW, { to: bob.at })
    rig.mark(pair, 'guesses')
    await toBob.sendText(byeFor(invite, answer, toBob.at, 'guessed'))
    await rig.sleep(TALK_MS)
    rig.mark(pair, 'registers')
    await toBob.sendText(registerFor('bob', registrar.at, toBob.at), registrar.at)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'replays')
    await toBob.sendText(replayOf(register, toBob.at), registrar.at)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'has-overheard')
    await toBob.sendText(byeFor(invite, answer, toBob.at))
    await until(rig, b, 'sip:call_ended', ROW)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    [ROW](cell) {
      const guesses = cell.between('guesses', 'registers')
      const registers = cell.between('registers', 'replays')
      const replays = cell.between('replays', 'has-overheard')
      const knows = cell.between('has-overheard', 'over')
      if (!guesses || !registers || !replays || !knows) return []
      const { a, b, c } = cell
      const { voiceEveryMs } = cell.settings
      const refused = received(ofMessage(c.packets(guesses), '481', 'BYE'))
      const challenged = received(c.packets(registers))?.filter((one) => methodOf(one) === 'REGISTER') ?? null
      const proof = a.first('sip:proof_refused', replays)
      const voice = received(voiceOf(a.packets(guesses), voiceEveryMs))
      const afterwards = { from: knows.to - SLACK_MS, to: knows.to }
      return [
        says(cell, 'refused', '481', firstWord(refused), {
          claim: 'who guesses a tag is told that there is no such call',
          formula: '481 Call/Transaction Does Not Exist',
          because: 'a call is its Call-ID and both tags together; each end has made its tag by chance',
          source: 'RFC 3261 sections 12.2.2, 19.3',
          evidence: refused ?? [],
        }),
        counts(cell, 'goes-on', voiceIn(guesses, voiceEveryMs), voice, 'packets', {
          claim: 'and the call goes on',
          formula: `one each ${voiceEveryMs} ms from bob, for ${Math.round(guesses.to - guesses.from)} ms`,
          because: `believed: ${beliefs(cell, guesses.to)}`,
          source: 'RFC 3261 section 12.2.2',
        }),
        says(cell, 'asked-for-proof', '401', firstWord(challenged), {
          claim: 'who says that he is bob, and wants his calls, is asked for a proof',
          formula: '401 Unauthorized, with a number to answer',
          because: 'the proof of the password that bob has given was for one question alone',
          source: 'RFC 7616 section 3.3; RFC 3261 section 22.4',
          evidence: challenged ?? [],
        }),
        says(cell, 'replayed', 'replayed', proof?.data.because ?? null, {
          claim:
            'the proof that bob gave, said again with another address, is right, and is refused all the same',
          formula: 'not "wrong": each proof has a number of its own, and that one was taken before',
          because:
            'what is proved is the password, for this method at this registrar; the address is no part of it',
          source: 'RFC 7616 sections 3.4.3, 5.5; RFC 3261 section 22.4',
          evidence: [proof],
          short: 'REPLAYED',
        }),
        nothing(cell, 'still-his', a.all('sip:binding_added', replays), replays, {
          claim: 'and calls for bob still go to bob',
          because: `${a.all('sip:binding_added', { to: replays.to }).length} entry of his, from before`,
          source: 'RFC 3261 section 10.3',
          evidence: [a.last('sip:binding_added', { to: replays.from })],
        }),
        took(cell, 'overheard', AT_ONCE, knows.from, b.first('sip:call_ended', knows), {
          claim: 'who has overheard the tags ends the call, from wherever he is',
          because: 'where a datagram comes from is no part of a dialog, and nothing in it is secret',
          source: 'RFC 3261 sections 12.2.2, 26.1.4',
          short: 'ENDED',
        }),
        nothing(cell, 'alice-untold', a.all('sip:call_ended', knows), afterwards, {
          claim: 'and alice, whom nobody has told, goes on speaking',
          because: `believed: ${beliefs(cell, knows.to)}`,
          source: 'RFC 3261 section 15.1.2: it is answered to whoever sent it',
          evidence: [b.last('belief:updated', knows)],
        }),
      ]
    },
  },
}
