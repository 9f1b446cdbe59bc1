/** The client is killed in mid-conversation. With its state its successor is the same client; without, a stranger. */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims } from '../../../src/lab/claims.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { forgot, lives, noticed, once, sessions } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { type Conversation, conversations, type Kept, stateOf } from '../conversation.ts'
import { noticedAfter } from '../expectations.ts'

export const clientKept: CaseOf<SessionSettings> = {
  id: 'client-kept',
  promise: 'the client is killed, and started again with its state',

  async act(rig, pair, settings) {
    const all = await killInMidConversation(rig, pair, settings, { isClientKept: true })
    await Promise.all(
      all.map(async (it) => {
        const { acknowledged, unacknowledged } = stateOf(it.stateFile)
        await it.open()
        const next = acknowledged + unacknowledged.length + 1
        await it.say(next, settings.messages - next + 1)
        await it.end()
      }),
    )
    rig.endWatch('kill', pair, pair.a)
  },

  rows: {
    tcp: (cell) => lives(cell, 2),
    udp: (cell) => lives(cell, 2),
  },
}

export const clientAnew: CaseOf<SessionSettings> = {
  id: 'client-anew',
  promise: 'the client is killed, and started again without its state',

  async act(rig, pair, settings) {
    const { before, graceMs } = settings
    const all = await killInMidConversation(rig, pair, settings, { graceMs })
    await Promise.all(
      all.map(async (it) => {
        await it.open()
        await it.untilAttached(2)
        await it.say(1, before)
        await it.untilAcknowledged(before)
        // The session of the dead client.
        await it.untilOver(pair.b)
        await it.end(2)
      }),
    )
    rig.endWatch('kill', pair, pair.a)
  },

  rows: {
    /** The dead client's kernel says FIN. */
    tcp: (cell) => [...noticed(cell, 'b', { ...AT_ONCE, formula: '0 .. slack' }), ...stranger(cell)],
    /** Nobody says anything: it takes the heartbeat to notice. */
    udp: (cell) => [...noticed(cell, 'b', noticedAfter(cell.settings.timing)), ...stranger(cell)],
  },
}

async function killInMidConversation(
  rig: Rig,
  pair: Pair,
  settings: SessionSettings,
  kept: Kept,
): Promise<Conversation[]> {
  const all = conversations(rig, pair, settings, kept)
  await Promise.all(
    all.map(async (it) => {
      await it.begin()
      it.say(1, settings.messages).catch(() => {}) // it dies meanwhile
      await it.untilAcknowledged(settings.before)
    }),
  )
  await rig.strike('kill', pair, pair.a)
  await rig.restart(pair, pair.a)
  return all
}

function stranger(cell: Cell<SessionSettings>): Claims {
  return [
    sessions(cell, 2, 'a client that comes back with nothing gets another session'),
    once(cell),
    forgot(cell),
  ]
}
