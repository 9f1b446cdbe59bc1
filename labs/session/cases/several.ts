/** Four connections, one after another, and one session. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { lives } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse } from '../conversation.ts'

const CONNECTIONS = 4

export const several: CaseOf<SessionSettings> = {
  id: 'several',
  promise: 'the connection is broken three times',

  async act(rig, pair, settings) {
    const part = settings.messages / CONNECTIONS
    await converse(rig, pair, settings, {}, async (it) => {
      await it.begin()
      await it.say(1, part)
      for (let broken = 1; broken < CONNECTIONS; broken++) {
        await it.client.drop()
        // The next part begins on a new connection; what says it does not have to know.
        await it.untilAttached(1 + broken)
        await it.say(1 + broken * part, part)
      }
      await it.end()
    })
  },

  rows: {
    tcp: (cell) => lives(cell, CONNECTIONS),
    udp: (cell) => lives(cell, CONNECTIONS),
  },
}
