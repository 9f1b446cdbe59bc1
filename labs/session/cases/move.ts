/** Where a session comes from is not part of it. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import { lives } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse } from '../conversation.ts'
import { carriers } from '../messages.ts'

/** The last byte of an address that no host of the lab has yet. */
const SECOND_BYTE = '77'

export const move: CaseOf<SessionSettings> = {
  id: 'move',
  promise: 'the client goes on from another address of its host',
  needs: ['network'],

  async act(rig, pair, settings) {
    const { messages, before } = settings
    const second = pair.a.address.replace(/\d+$/, SECOND_BYTE)
    await rig.run(pair.a, ['ip', 'address', 'add', `${second}/24`, 'dev', 'eth0'])
    await converse(rig, pair, settings, {}, async (it) => {
      await it.begin()
      const talking = it.say(1, messages)
      await it.untilAcknowledged(before)
      await it.client.move(second)
      await talking
      await it.end()
    })
  },

  rows: { tcp: moved, udp: moved },
}

function moved(cell: Cell<SessionSettings>): Claims {
  return [...lives(cell, 2), addresses(cell)]
}

function addresses(cell: Cell) {
  const them = carriers(cell)
  const found = new Set([...(them?.ports ?? [])].map((at) => at.slice(0, at.lastIndexOf(':'))))
  return counts(cell, 'addresses', 2, them && found.size, 'addresses', {
    claim: 'one session, from two addresses of the client',
    formula: 'the first address and the second',
    because: [...found].join(' then '),
    source: 'captured packets: where WELCOME and RESUMED went',
    evidence: them?.packets ?? [],
  })
}
