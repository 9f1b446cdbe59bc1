/** A cut that outlasts the grace period: the server forgets, and the client is told when it comes back. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import type { Claims } from '../../../src/lab/claims.ts'
import { announced, answered, forgot, once } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { conversations } from '../conversation.ts'
import { answeredAfter } from '../expectations.ts'
import { oversAt } from '../messages.ts'

const SAID_INTO_CUT = 3

export const tooLate: CaseOf<SessionSettings> = {
  id: 'too-late',
  promise: 'the cable is cut, and mended after the grace period',
  needs: ['network'],

  async act(rig, pair, settings) {
    const { before, graceMs } = settings
    const all = conversations(rig, pair, settings, { graceMs })
    await Promise.all(
      all.map(async (it) => {
        await it.begin()
        await it.say(1, before)
        await it.untilAcknowledged(before)
      }),
    )
    const { undo } = await rig.strike('cut', pair)
    // Nobody will ever tell the client what became of these.
    await Promise.all(all.map((it) => it.say(1 + before, SAID_INTO_CUT)))
    await Promise.all(all.map((it) => it.untilOver(pair.b)))
    rig.mark(pair, 'mending')
    await undo()
    await Promise.all(all.map((it) => it.untilOver(pair.a)))
    rig.endWatch('cut', pair)
  },

  rows: { tcp: forgotten, udp: forgotten },
}

function forgotten(cell: Cell<SessionSettings>): Claims {
  return [
    once(cell),
    forgot(cell),
    answered(
      cell,
      'told',
      answeredAfter(cell.row, cell.settings.timing),
      oversAt(cell, 'a').find(({ data }) => data.because === 'unknown-session'),
      'mended too late, the client is told that its session is unknown',
    ),
    announced(cell),
  ]
}
