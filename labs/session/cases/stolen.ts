/** A stolen token. To the server the token is the client: it knows nothing else of it. */
import { copyFileSync } from 'node:fs'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { once, PROTOCOL, ROTATION } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse } from '../conversation.ts'
import { oversAt } from '../messages.ts'

const THIEF_SAYS = 3

export const stolen: CaseOf<SessionSettings> = {
  id: 'stolen',
  promise: "a thief has a copy of the client's state, then its owner comes back",

  async act(rig, pair, settings) {
    const { before, everyMs } = settings
    await converse(rig, pair, settings, { isClientKept: true }, async (it) => {
      await it.begin()
      await it.say(1, before)
      await it.untilAnswered()
      // What malware does with the cookies of a browser: nothing is guessed, nothing is broken.
      const [copy, own] = [`${it.stateFile}.stolen`, `${it.stateFile}.again`]
      copyFileSync(it.stateFile, copy)
      copyFileSync(it.stateFile, own)
      const thief = await it.open('thief', copy)
      await it.untilOver(pair.a)
      await thief.say(1 + before, THIEF_SAYS, everyMs)
      await it.open('owner-again', own)
      await it.untilOver(pair.a, 3)
      await it.untilOver(pair.b)
    })
  },

  rows: { tcp: thrownOut, udp: thrownOut },
}

function thrownOut(cell: Cell): Claims {
  const [owner] = oversAt(cell, 'a', 'session-client')
  const [thief] = oversAt(cell, 'a', 'thief')
  const [back] = oversAt(cell, 'a', 'owner-again')
  const [server] = oversAt(cell, 'b')
  const because = (over: typeof owner) => over?.data.because ?? 'nothing'
  const said = cell.a.all('session:message_said').filter(({ program }) => program === 'thief')
  const texts = new Set(said.map(({ data }) => data.text))
  const taken = cell.b.all('session:message_delivered').filter(({ data }) => texts.has(data.text))
  const told = `owner ${because(back)}, thief ${because(thief)}, server ${because(server)}`
  return [
    once(cell),
    says(cell, 'owner', 'replaced', owner?.data.because ?? '', {
      claim: 'the thief is let in, and the owner is told that somebody else has the session',
      formula: 'BYE replaced, to the older connection',
      because: 'whoever has the token is the client, as far as a server can know',
      source: PROTOCOL,
      evidence: [owner],
    }),
    counts(cell, 'thief', THIEF_SAYS, taken, 'messages', {
      claim: "until the owner comes back, the server takes the thief's messages for the owner's",
      formula: `said by the thief = ${THIEF_SAYS}`,
      because: "they come in the owner's session, numbered on from the owner's last",
      source: PROTOCOL,
    }),
    says(cell, 'ended', 'owner token-reused, thief token-reused, server token-reused', told, {
      claim:
        'the owner comes back with the token that the thief has used up, and the session ends for everybody',
      formula: 'REFUSED token-reused to one, BYE token-reused to the other',
      because: 'one of the two is a thief, and nothing tells which',
      source: ROTATION,
      evidence: [back, thief, server],
    }),
  ]
}
