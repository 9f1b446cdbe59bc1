/** The control: nothing goes wrong, with a session and without. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, says } from '../../../src/lab/claims.ts'
import { lives, PROTOCOL } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse } from '../conversation.ts'
import { oversAt } from '../messages.ts'
import { arrived, noWriteFailed, plainOf } from '../plain.ts'

export const one: CaseOf<SessionSettings> = {
  id: 'one',
  promise: 'nothing goes wrong',

  async act(rig, pair, settings) {
    const { messages } = settings
    const plain = plainOf(rig, pair, settings)
    const talkPlainly = async () => {
      await plain?.connect()
      await plain?.say(1, messages)
    }
    await Promise.all([
      converse(rig, pair, settings, {}, async (it) => {
        await it.begin()
        await it.say(1, messages)
        await it.end()
      }),
      talkPlainly(),
    ])
    await plain?.end()
  },

  rows: {
    tcp: talked,
    udp: talked,
    plain: (cell) => [
      arrived(cell, cell.settings.messages, {
        claim: 'over a connection that lives TCP delivers every line',
        formula: 'received = written',
      }),
      noWriteFailed(cell),
    ],
  },
}

function talked(cell: Cell<SessionSettings>): Claims {
  return [...lives(cell, 1), goodbye(cell)]
}

function goodbye(cell: Cell) {
  const [[client], [server]] = [oversAt(cell, 'a'), oversAt(cell, 'b')]
  const words = `client ${client?.data.because ?? 'nothing'}, server ${server?.data.because ?? 'nothing'}`
  return says(cell, 'goodbye', 'client closed, server closed', words, {
    claim: 'its user closes the session, and both ends say so, for certain',
    formula: 'BYE closed',
    because: `${client?.data.certainty ?? 'nothing'} and ${server?.data.certainty ?? 'nothing'}`,
    source: PROTOCOL,
    evidence: [client, server],
  })
}
