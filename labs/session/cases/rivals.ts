/** A client and a copy of it, both with the right token, at the same moment. */
import { copyFileSync } from 'node:fs'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import { once, PROTOCOL, ROTATION } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse } from '../conversation.ts'
import { oversAt } from '../messages.ts'

const CLAIMANTS = ['session-client', 'copy'] as const
/** To see that nothing follows. */
const AFTERWARDS_MS = 500

export const rivals: CaseOf<SessionSettings> = {
  id: 'rivals',
  promise: 'a client and a copy of it resume at the same moment',

  async act(rig, pair, settings) {
    const { before } = settings
    await converse(rig, pair, settings, { isClientKept: true }, async (it) => {
      await it.begin()
      await it.say(1, before)
      await it.untilAnswered()
      const copy = `${it.stateFile}.copy`
      copyFileSync(it.stateFile, copy)
      await Promise.all([it.client.drop(), it.open('copy', copy)])
      await it.untilOver(pair.a)
      await rig.sleep(AFTERWARDS_MS)
    })
  },

  rows: { tcp: atMostOne, udp: atMostOne },
}

function atMostOne(cell: Cell): Claims {
  const states = CLAIMANTS.map((program) =>
    cell.a.all('session:state_updated').findLast((event) => event.program === program),
  )
  const attached = states.filter((state) => state?.data.new === 'attached').length
  const areKnown = states.every((state) => state !== undefined)
  const without = CLAIMANTS.length - attached
  const overs = CLAIMANTS.flatMap((program) => oversAt(cell, 'a', program))
  const told = overs.filter(({ data }) => data.certainty === 'definite')
  return [
    once(cell),
    counts(cell, 'one-left', { min: 0, max: 1 }, areKnown ? attached : undefined, 'claimants', {
      claim:
        'of two that come with the same token at the same moment, at most one has the session afterwards',
      formula: 'the newest, or nobody if the older had used the token up',
      because: CLAIMANTS.map((program, at) => `${program} is ${states[at]?.data.new ?? 'unseen'}`).join(', '),
      source: ROTATION,
      evidence: states,
    }),
    counts(cell, 'told', Math.max(1, without), told.length, 'claimants', {
      claim: 'each of them that does not have it was told so',
      formula: `claimants without the session = ${without}`,
      because: overs.map(({ program, data }) => `${program}: ${data.because}`).join(', '),
      source: PROTOCOL,
      evidence: overs,
    }),
  ]
}
