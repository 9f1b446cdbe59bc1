/** A cut that is over in time: the session goes on. Without one, what was written into the cut is lost. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import type { Claims } from '../../../src/lab/claims.ts'
import { answered, lives, noticed } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { conversations } from '../conversation.ts'
import { answeredAfter, noticedAfter } from '../expectations.ts'
import { stateAt } from '../messages.ts'
import { arrived, INTO_CUT, noWriteFailed, plainOf } from '../plain.ts'

export const mended: CaseOf<SessionSettings> = {
  id: 'mended',
  promise: 'the cable is cut, and mended before the grace period is over',
  needs: ['network'],

  async act(rig, pair, settings) {
    const { before, messages } = settings
    const all = conversations(rig, pair, settings)
    const plain = plainOf(rig, pair, settings)
    const talkPlainly = async () => {
      await plain?.connect()
      await plain?.say(1, before)
    }
    await Promise.all([
      ...all.map(async (it) => {
        await it.begin()
        await it.say(1, before)
        await it.untilAnswered()
      }),
      talkPlainly(),
    ])

    const { undo } = await rig.strike('cut', pair)
    // They go on talking: a write into a cut connection succeeds.
    const talking = all.map((it) => it.say(1 + before, messages - before))
    await plain?.say(1 + before, INTO_CUT)
    await Promise.all(all.flatMap((it) => [it.untilDetached(pair.a), it.untilDetached(pair.b)]))
    await plain?.giveUp()

    rig.mark(pair, 'mending')
    await undo()
    await plain?.connect()
    await plain?.say(1 + before + INTO_CUT, messages - before - INTO_CUT)
    await Promise.all(talking)
    await Promise.all(all.map((it) => it.end()))
    await plain?.end()
    rig.endWatch('cut', pair)
  },

  rows: {
    tcp: resumed,
    udp: resumed,
    plain(cell) {
      const { messages } = cell.settings
      return [
        arrived(cell, messages - INTO_CUT, {
          claim: 'what was written into the cut is lost with its connection',
          formula: `written - those written into the cut = ${messages} - ${INTO_CUT}`,
        }),
        noWriteFailed(cell),
      ]
    },
  },
}

function resumed(cell: Cell<SessionSettings>): Claims {
  const { timing } = cell.settings
  const mending = cell.moment('mending') ?? cell.watch.to
  return [
    ...noticed(cell, 'a', noticedAfter(timing)),
    ...noticed(cell, 'b', noticedAfter(timing)),
    answered(
      cell,
      'resumed',
      answeredAfter(cell.row, timing),
      stateAt(cell, 'a', 'attached', { from: mending }),
      'mended in time, the client has its session back as soon as one of its attempts comes through',
    ),
    ...lives(cell, 2),
  ]
}
